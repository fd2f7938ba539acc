using System.Globalization;

namespace Qgjob.Phones.Ui;

/// <summary>Turns a running app's current screen into views.</summary>
internal static class AppScreen
{
    private const string PermissionController = "com.android.permissioncontroller";

    /// <param name="app">The app in front.</param>
    /// <param name="decide">Called with the answer to the permission the system asks for.</param>
    public static ViewNode Build(RunningApp app, Action<bool> decide)
    {
        if (app.AskingFor is { } permission)
            return PermissionDialog(app, permission, decide);
        var root = Frame(app.Package, $"{app.Launch}/root");
        foreach (var node in app.Description.Screens[app.Screen])
            Add(root, node, app, app, "");
        return root;
    }

    public static ViewNode Launcher(IEnumerable<(string Package, Action Start)> apps)
    {
        const string package = "com.android.launcher3";
        var root = Frame(package, "launcher");
        root.Add(new ViewNode { Key = "launcher/title", Class = "android.widget.TextView", Package = package, Text = "Apps" });
        foreach (var (name, start) in apps)
        {
            root.Add(new ViewNode
            {
                Key = "launcher/" + name,
                Class = "android.widget.TextView",
                Package = package,
                Text = name,
                Desc = name,
                Tap = start,
            });
        }

        return root;
    }

    private static void Add(ViewNode parent, UiNode node, RunningApp app, IUiScope scope, string suffix)
    {
        if (node.When?.Holds(scope) == false)
            return;
        var view = View(node, app, scope, suffix);
        parent.Add(view);
        foreach (var child in node.Children)
            Add(view, child, app, scope, suffix);
        if (node.Each is not { } each || app.Find(each.List) is not UiList list)
            return;
        for (var i = 0; i < list.Items.Count; i++)
        {
            var index = i.ToString(CultureInfo.InvariantCulture);
            Add(view, each.Template, app, new LoopScope(scope, each.Item, list.Items[i], each.Index, index), $"{suffix}#{index}");
        }
    }

    private static ViewNode View(UiNode node, RunningApp app, IUiScope scope, string suffix)
    {
        var hint = node.Hint?.Text(scope);
        var value = node.Field is { } field ? app.Find(field).Text : null;
        var key = $"{app.Launch}/{app.Visit}/{node.Key}{suffix}";
        return new ViewNode
        {
            Key = key,
            Class = node.Class,
            Package = app.Package,
            ResourceId = node.Id is not { } id ? null : id.Contains(':', StringComparison.Ordinal) ? id : $"{app.Package}:id/{id}",
            Text = value switch
            {
                null => node.Text?.Text(scope) ?? "",
                "" => hint ?? "", // an empty field reports its hint as its text, as Android does
                _ => node.Secret ? new string('\u2022', value.Length) : value,
            },
            ShowsHint = value is "" && hint is not null,
            Desc = node.Desc?.Text(scope),
            Hint = hint,
            Field = node.Field,
            Password = node.Secret,
            Scrollable = node.Scrollable,
            Checkable = node.Checked is not null || IsCheckable(node.Class),
            Checked = node.Checked?.Holds(scope) ?? false,
            Enabled = node.Enabled?.Holds(scope) ?? true,
            Selected = node.Selected?.Holds(scope) ?? false,
            Focused = node.Field is not null && app.Focus == key,
            Tap = node.Tap is { } tap ? () => app.Do(tap, scope) : null,
            LongTap = node.LongTap is { } longTap ? () => app.Do(longTap, scope) : null,
        };
    }

    private static bool IsCheckable(string name) =>
        name.EndsWith("CheckBox", StringComparison.Ordinal) || name.EndsWith("Switch", StringComparison.Ordinal)
        || name.EndsWith("RadioButton", StringComparison.Ordinal) || name.EndsWith("ToggleButton", StringComparison.Ordinal);

    private static ViewNode PermissionDialog(RunningApp app, string permission, Action<bool> decide)
    {
        var root = Frame(PermissionController, $"{app.Launch}/{app.Visit}/permission");
        var shortName = permission[(permission.LastIndexOf('.') + 1)..].Replace('_', ' ').ToLowerInvariant();
        root.Add(Part("TextView", "permission_message", $"Allow {app.Package} to use: {shortName}?", null));
        root.Add(Part("Button", "permission_allow_foreground_only_button", "While using the app", () => decide(true)));
        root.Add(Part("Button", "permission_allow_one_time_button", "Only this time", () => decide(true)));
        root.Add(Part("Button", "permission_deny_button", "Don\u2019t allow", () => decide(false)));
        return root;

        ViewNode Part(string name, string id, string text, Action? tap) => new()
        {
            Key = $"{root.Key}/{id}",
            Class = "android.widget." + name,
            Package = PermissionController,
            ResourceId = $"{PermissionController}:id/{id}",
            Text = text,
            Tap = tap,
        };
    }

    private static ViewNode Frame(string package, string key) =>
        new() { Key = key, Class = "android.widget.FrameLayout", Package = package, ResourceId = "android:id/content" };
}
