namespace Qgjob.Phones.Ui;

/// <summary>An app between its start and its end: its variables, the screen it shows, and what taps do to it.</summary>
internal sealed class RunningApp : IUiScope
{
    private readonly Dictionary<string, UiValue> vars;
    private readonly Dictionary<string, UiValue> data;
    private readonly Func<string, bool> isGranted;
    private readonly string version;

    /// <param name="package">Its package id.</param>
    /// <param name="version">Its version name.</param>
    /// <param name="activity">The activity that was started.</param>
    /// <param name="launch">Rises with every start, so that elements of an earlier start are stale.</param>
    /// <param name="description">What it looks like and does.</param>
    /// <param name="savedData">The app's data from earlier starts.</param>
    /// <param name="isGranted">Whether the app holds a permission.</param>
    public RunningApp(string package, string version, string activity, int launch, UiDescription description,
        IReadOnlyDictionary<string, UiValue> savedData, Func<string, bool> isGranted)
    {
        Package = package;
        Activity = activity;
        Launch = launch;
        Description = description;
        Screen = description.FirstScreen;
        this.version = version;
        this.isGranted = isGranted;
        vars = new(description.Vars);
        // An update may have changed what the app keeps: names and kinds of the new version win.
        data = description.Data.ToDictionary(d => d.Key, d =>
            savedData.TryGetValue(d.Key, out var saved) && saved.GetType() == d.Value.GetType() ? saved : d.Value);
        Do(description.Start, this);
    }

    public string Package { get; }

    public string Activity { get; }

    public int Launch { get; }

    /// <summary>Rises with every change of screen.</summary>
    public int Visit { get; private set; }

    public UiDescription Description { get; }

    public string Screen { get; private set; }

    public string? Focus { get; set; }

    public Dictionary<string, int> Scrolled { get; } = [];

    /// <summary>The permission that the system is asking for on the app's behalf.</summary>
    public string? AskingFor { get; set; }

    /// <summary>Set once the app has crashed.</summary>
    public string? CrashMessage { get; private set; }

    public bool DataChanged { get; set; }

    public IReadOnlyDictionary<string, UiValue> Data => data;

    public UiValue Find(string name) =>
        vars.TryGetValue(name, out var value) || data.TryGetValue(name, out value) ? value : name switch
        {
            UiNames.Version => new UiText(version),
            UiNames.Package => new UiText(Package),
            _ => UiValue.Nothing,
        };

    public bool IsGranted(string permission) => isGranted(permission);

    public void Store(string name, UiValue value)
    {
        if (vars.ContainsKey(name))
        {
            vars[name] = value;
            return;
        }

        data[name] = value;
        DataChanged = true;
    }

    /// <returns>False where Back leads out of the app.</returns>
    public bool Back()
    {
        if (AskingFor is not null)
            AskingFor = null;
        else if (Description.Back.TryGetValue(Screen, out var to))
            Show(to);
        else
            return false;
        return true;
    }

    public void Do(IReadOnlyList<UiAction> actions, IUiScope scope)
    {
        foreach (var action in actions)
        {
            if (CrashMessage is not null)
                return;
            Do(action, scope);
        }
    }

    private void Do(UiAction action, IUiScope scope)
    {
        switch (action)
        {
            case UiAction.Set(var name, var to):
                var value = to.Value(scope);
                // {flag} keeps its kind; a text for a flag or a list would break the next lookup.
                Store(name, (Find(name), value) switch
                {
                    (UiFlag, not UiFlag) => new UiFlag(value.Text == "true"),
                    (UiText, not UiText) => new UiText(value.Text),
                    (UiList, not UiList) => new UiList(value.IsEmpty ? [] : [value.Text]),
                    _ => value,
                });
                break;
            case UiAction.SetValue(var name, var to):
                Store(name, to);
                break;
            case UiAction.Add(var list, var item):
                Store(list, new UiList([.. Items(list), item.Text(scope)]));
                break;
            case UiAction.Remove(var list, var item):
                var left = Items(list).ToList();
                left.Remove(item.Text(scope));
                Store(list, new UiList(left));
                break;
            case UiAction.Clear(var name):
                Store(name, Find(name).Cleared());
                break;
            case UiAction.Toggle(var name):
                var on = Find(name).Text == "true";
                Store(name, Find(name) is UiFlag ? new UiFlag(!on) : new UiText(on ? "false" : "true"));
                break;
            case UiAction.Go(var screen):
                Show(screen);
                break;
            case UiAction.GoBack:
                Back();
                break;
            case UiAction.Choose(var condition, var then, var otherwise):
                Do(condition.Holds(scope) ? then : otherwise, scope);
                break;
            case UiAction.Crash(var message):
                CrashMessage = message.Text(scope);
                break;
            case UiAction.RequestPermission(var permission) when !IsGranted(permission):
                AskingFor = permission;
                break;
        }
    }

    private IReadOnlyList<string> Items(string list) => Find(list) is UiList found ? found.Items : [];

    private void Show(string screen)
    {
        Screen = screen;
        Visit++;
        Focus = null;
        Scrolled.Clear();
    }
}

/// <summary>Loop variables in front of everything else.</summary>
internal sealed class LoopScope(IUiScope outer, string item, string value, string? indexName, string index) : IUiScope
{
    public UiValue Find(string name) =>
        name == item ? new UiText(value) : name == indexName ? new UiText(index) : outer.Find(name);

    public bool IsGranted(string permission) => outer.IsGranted(permission);
}
