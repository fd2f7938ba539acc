using Qgjob.Phones.Packages;

namespace Qgjob.Phones.Shell.Commands;

/// <summary>"am …", "cmd activity …" and monkey.</summary>
internal static class ActivityCommands
{
    public static ValueTask<int> RunAsync(ShellCall call, CancellationToken cancel)
    {
        var rest = call.Skip(Math.Min(1, call.Args.Count));
        switch (call.Arg(0))
        {
            case "start" or "start-activity":
                return StartAsync(rest, cancel);
            case "force-stop" or "kill" or "stop-app":
                call.Phone.ForceStop(call.LastWord);
                return ValueTask.FromResult(0);
            case "instrument":
                return call.Phone.Automator.RunInstrumentationAsync(rest, cancel);
            case "broadcast":
                return BroadcastAsync(rest, cancel);
            case "startservice" or "start-service" or "start-foreground-service" or "startforegroundservice":
                return StartServiceAsync(rest, cancel);
            case "stopservice" or "stop-service":
                return call.PrintAsync("Stopping service: Intent { }\nService stopped\n", cancel);
            case "get-current-user":
                return call.PrintAsync("0\n", cancel);
            case "get-config":
                return call.PrintAsync("config: en-rUS-ldltr-port-notnight-420dpi-finger-v33\nabi: x86_64\n", cancel);
            case "set-debug-app" or "clear-debug-app" or "wait-for-broadcast-idle" or "set-inactive" or "compat":
                return ValueTask.FromResult(0);
            default:
                return call.UnknownAsync(cancel);
        }
    }

    public static async ValueTask<int> MonkeyAsync(ShellCall call, CancellationToken cancel)
    {
        var id = call.After("-p") ?? "";
        if (call.Phone.Packages.Find(id) is not { Manifest.LaunchActivity: { } activity } package)
            return await call.PrintAsync("** No activities found to run, monkey aborted.\n", cancel, 252);
        await call.Phone.Pace.StartAppAsync(cancel);
        call.Phone.Screen.Launch(package, activity);
        return await call.PrintAsync("Events injected: 1\n", cancel);
    }

    private static async ValueTask<int> StartAsync(ShellCall call, CancellationToken cancel)
    {
        var component = call.After("-n") ?? call.Words.FirstOrDefault(w => w.Contains('/', StringComparison.Ordinal));
        var intent = $"Intent {{ act={call.After("-a") ?? "android.intent.action.MAIN"} cmp={component} }}";
        if (component is null && call.After("-a") is { } action)
            return await StartActionAsync(call, action, cancel);
        if (component is null || component.Split('/', 2) is not [var id, var name])
            return await call.FailAsync("Error: no activity named: use -n PACKAGE/ACTIVITY", cancel);
        await call.PrintAsync($"Starting: {intent}\n", cancel);
        if (call.Phone.Packages.Find(id) is not { } package || !package.HasActivity(name))
        {
            return await call.FailAsync(
                $"Error type 3\nError: Activity class {{{component}}} does not exist.", cancel);
        }

        if (call.Has("-S"))
            call.Phone.ForceStop(id);
        var began = call.Phone.Time.GetTimestamp();
        var cold = call.Phone.Screen.IsRunning(id) ? "WARM" : "COLD";
        if (cold == "COLD")
            await call.Phone.Pace.StartAppAsync(cancel);
        LaunchUnlessHidden(call, package, package.FullClass(name));
        if (!call.Has("-W"))
            return 0;
        var took = (long)call.Phone.Time.GetElapsedTime(began).TotalMilliseconds;
        return await call.PrintAsync(
            $"Status: ok\nLaunchState: {cold}\nActivity: {component}\nTotalTime: {took}\nWaitTime: {took}\nComplete\n", cancel);
    }

    /// <summary>Actions that need no app of ours: going home, and opening Android's settings.</summary>
    private static ValueTask<int> StartActionAsync(ShellCall call, string action, CancellationToken cancel)
    {
        if (call.After("-c") != "android.intent.category.HOME" && !action.StartsWith("android.settings.", StringComparison.Ordinal))
            return call.UnknownAsync(cancel, 1);
        call.Phone.Screen.Home();
        return call.PrintAsync($"Starting: Intent {{ act={action} }}\n", cancel);
    }

    /// <summary>Appium's settings app starts a service and shows nothing.</summary>
    private static void LaunchUnlessHidden(ShellCall call, InstalledPackage package, string activity)
    {
        if (package.Id.StartsWith("io.appium.", StringComparison.Ordinal))
        {
            lock (call.Phone.Gate)
                call.Phone.Processes.Start(package.Id);
            call.Phone.Tally.Launched(package.Id);
            return;
        }

        call.Phone.Screen.Launch(package, activity);
    }

    private static ValueTask<int> StartServiceAsync(ShellCall call, CancellationToken cancel)
    {
        var component = call.After("-n") ?? call.LastWord;
        var id = component.Split('/')[0];
        if (call.Phone.Packages.Find(id) is null)
            return call.FailAsync("Error: Not found; no service started.", cancel);
        lock (call.Phone.Gate)
            call.Phone.Processes.Start(id);
        return call.PrintAsync($"Starting service: Intent {{ cmp={component} }}\n", cancel);
    }

    /// <summary>Appium's settings app answers broadcasts with a result; the clipboard is the one that has content.</summary>
    private static ValueTask<int> BroadcastAsync(ShellCall call, CancellationToken cancel)
    {
        var action = call.After("-a") ?? "";
        var data = action == "io.appium.settings.clipboard.get"
            ? Convert.ToBase64String(System.Text.Encoding.UTF8.GetBytes(call.Phone.Clipboard))
            : "";
        return call.PrintAsync(
            $"Broadcasting: Intent {{ act={action} flg=0x400000 }}\nBroadcast completed: result=-1, data=\"{data}\"\n", cancel);
    }
}
