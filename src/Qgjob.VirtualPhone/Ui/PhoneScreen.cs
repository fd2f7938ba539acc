using Qgjob.Phones.Device;
using Qgjob.Phones.Packages;

namespace Qgjob.Phones.Ui;

/// <summary>Which apps run, which one is in front, and what touching and typing do. Everything here takes the phone's gate.</summary>
internal sealed class PhoneScreen(PhoneDevice phone)
{
    private const string LauncherPackage = "com.android.launcher3";

    private readonly Dictionary<string, RunningApp> running = [];
    private string? front;
    private int launches;

    public bool Landscape { get; private set; }

    public (int Width, int Height) Size => Landscape
        ? (phone.Options.ScreenSize.Height - ScreenLayout.StatusBar, phone.Options.ScreenSize.Width)
        : (phone.Options.ScreenSize.Width, phone.Options.ScreenSize.Height - ScreenLayout.StatusBar);

    public (string Package, string Activity) Front
    {
        get
        {
            lock (phone.Gate)
                return FrontApp is { } app ? (app.Package, app.Activity) : (LauncherPackage, ".Launcher");
        }
    }

    private RunningApp? FrontApp => front is null ? null : running.GetValueOrDefault(front);

    /// <summary>Starts the app, or brings it to the front where it runs.</summary>
    public void Launch(InstalledPackage package, string activity)
    {
        lock (phone.Gate)
        {
            phone.Log.Write('I', "ActivityTaskManager", $"START u0 {{act=android.intent.action.MAIN cmp={package.Id}/{activity}}}");
            var pid = phone.Processes.Start(package.Id);
            front = package.Id;
            if (running.ContainsKey(package.Id))
                return;
            phone.Tally.Launched(package.Id);
            phone.Log.Write('I', "ActivityManager", $"Start proc {pid}:{package.Id}/u0a{package.Uid - 10000} for activity {activity}");
            var app = new RunningApp(package.Id, package.Manifest.VersionName, activity, ++launches,
                phone.Packages.ReadDescription(package), phone.Store.LoadAppData(package.Id),
                permission => phone.Packages.IsGranted(package.Id, permission));
            running[package.Id] = app;
            AfterInput(app);
            phone.Faults.AppStarted(package.Id);
        }
    }

    public bool IsRunning(string package)
    {
        lock (phone.Gate)
            return running.ContainsKey(package);
    }

    /// <summary>The caller holds the gate.</summary>
    public void Stop(string package)
    {
        if (running.Remove(package))
            phone.Log.Write('I', "ActivityManager", $"Force stopping {package}");
        if (front == package)
            front = null;
    }

    public void Home()
    {
        lock (phone.Gate)
            front = null;
    }

    public void Back()
    {
        lock (phone.Gate)
        {
            if (FrontApp is { } app && !app.Back())
                front = null;
        }
    }

    public void Rotate(bool landscape)
    {
        lock (phone.Gate)
            Landscape = landscape;
    }

    public ScreenSnapshot Capture()
    {
        lock (phone.Gate)
        {
            var (width, height) = Size;
            var app = FrontApp;
            var root = app is not null ? AppScreen.Build(app, granted => Decide(app, granted)) : AppScreen.Launcher(
                phone.Packages.All.Where(p => p.Manifest.LaunchActivity is not null && !p.Id.StartsWith("io.appium.", StringComparison.Ordinal))
                    .Select(p => (p.Id, (Action)(() => Launch(p, p.Manifest.LaunchActivity!)))));
            ScreenLayout.Arrange(root, width, height, key => app?.Scrolled.GetValueOrDefault(key) ?? 0);
            var (package, activity) = Front;
            return new ScreenSnapshot(package, activity, [root], width, height, Landscape);
        }
    }

    /// <summary>Taps a view of a snapshot; one that takes no taps passes them to those around it.</summary>
    public void Tap(ViewNode view, bool hold = false)
    {
        lock (phone.Gate)
        {
            foreach (var target in view.SelfAndAncestors())
            {
                if (!target.Enabled)
                    return;
                if (target.Field is not null && FrontApp is { } editing)
                    editing.Focus = target.Key;
                if ((hold ? target.LongTap ?? target.Tap : target.Tap) is { } action)
                {
                    action();
                    AfterInput(FrontApp);
                    return;
                }

                if (target.Clickable)
                    return;
            }
        }
    }

    public void Tap(int x, int y, bool hold = false)
    {
        if (Capture().At(x, y) is { } view)
            Tap(view, hold);
    }

    /// <returns>False where the view is no text field.</returns>
    public bool SetText(ViewNode view, string text, bool replace)
    {
        lock (phone.Gate)
        {
            if (view.Field is not { } field || !view.Enabled || FrontApp is not { } app)
                return false;
            app.Focus = view.Key;
            app.Store(field, new UiText(replace ? text : app.Find(field).Text + text));
            AfterInput(app);
            return true;
        }
    }

    /// <summary>Types into the field that has the focus, as a keyboard would.</summary>
    public void Type(string text)
    {
        lock (phone.Gate)
        {
            if (Focused() is { } field)
                SetText(field, text, replace: false);
        }
    }

    public void Backspace()
    {
        lock (phone.Gate)
        {
            if (Focused() is { Field: { } field } view && FrontApp?.Find(field).Text is { Length: > 0 } text)
                SetText(view, text[..^1], replace: true);
        }
    }

    /// <returns>Whether it could be scrolled further the same way.</returns>
    public bool Scroll(ViewNode view, int pixels)
    {
        lock (phone.Gate)
        {
            if (FrontApp is not { } app || view.ScrollRange == 0)
                return false;
            var at = Math.Clamp(app.Scrolled.GetValueOrDefault(view.Key) + pixels, 0, view.ScrollRange);
            app.Scrolled[view.Key] = at;
            return pixels > 0 ? at < view.ScrollRange : at > 0;
        }
    }

    public int ScrolledBy(ViewNode view)
    {
        lock (phone.Gate)
            return FrontApp?.Scrolled.GetValueOrDefault(view.Key) ?? 0;
    }

    private ViewNode? Focused() => Capture().Nodes.FirstOrDefault(n => n.Focused);

    private void Decide(RunningApp app, bool granted)
    {
        if (app.AskingFor is { } permission && granted)
            phone.Packages.SetPermission(app.Package, permission, granted: true);
        app.AskingFor = null;
    }

    private void AfterInput(RunningApp? app)
    {
        if (app is { DataChanged: true })
        {
            phone.Store.SaveAppData(app.Package, app.Data);
            app.DataChanged = false;
        }

        if (app?.CrashMessage is { } message)
            Crash(app.Package, message);
    }

    /// <returns>False where it does not run.</returns>
    public bool Crash(string package, string message)
    {
        lock (phone.Gate)
        {
            if (!running.ContainsKey(package))
                return false;
            CrashNow(package, message);
            return true;
        }
    }

    private void CrashNow(string package, string message)
    {
        var pid = phone.Processes.Named(package) is [var running, ..] ? running : 0;
        phone.Log.Write('E', "AndroidRuntime",
            $"FATAL EXCEPTION: main\nProcess: {package}, PID: {pid}\njava.lang.RuntimeException: {message}", pid);
        phone.Processes.Stop(package);
        this.running.Remove(package);
        if (front == package)
            front = null;
    }
}
