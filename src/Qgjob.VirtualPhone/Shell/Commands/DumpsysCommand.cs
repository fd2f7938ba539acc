using System.Globalization;
using System.Text;
using Qgjob.Phones.Packages;

namespace Qgjob.Phones.Shell.Commands;

/// <summary>dumpsys, with the lines that Appium, AppWright and people look for.</summary>
internal static class DumpsysCommand
{
    public static ValueTask<int> RunAsync(ShellCall call, CancellationToken cancel)
    {
        var rest = call.Skip(Math.Min(1, call.Args.Count));
        switch (call.Arg(0))
        {
            case "package":
                return PackageAsync(rest, cancel);
            case "activity":
                return ActivityAsync(rest, cancel);
            case "window":
                return WindowAsync(call, cancel);
            case "deviceidle" when rest.Arg(0) == "whitelist":
                return WhitelistAsync(rest, cancel);
            case "power":
                return call.PrintAsync("POWER MANAGER (dumpsys power)\n\nPower Manager State:\n  mWakefulness=Awake\n  mHalInteractiveModeEnabled=true\n  mIsPowered=true\nDisplay Power: state=ON\n", cancel);
            case "input_method":
                return call.PrintAsync("Current Input Method Manager state:\n  mInputShown=false\n  mIsInputViewShown=false\n", cancel);
            case "input":
                return call.PrintAsync($"INPUT MANAGER (dumpsys input)\n  Viewport: orientation={(call.Phone.Screen.Landscape ? 1 : 0)}\n      SurfaceOrientation: {(call.Phone.Screen.Landscape ? 1 : 0)}\n", cancel);
            case "battery":
                return call.PrintAsync("Current Battery Service state:\n  AC powered: true\n  USB powered: false\n  Wireless powered: false\n  status: 2\n  health: 2\n  present: true\n  level: 88\n  scale: 100\n  voltage: 4200\n  temperature: 250\n  technology: Li-ion\n", cancel);
            case "display":
                return call.PrintAsync($"DISPLAY MANAGER (dumpsys display)\n  mBaseDisplayInfo=DisplayInfo{{\"Built-in Screen\", real {Size(call)}, density 420}}\n", cancel);
            case "meminfo" or "cpuinfo" or "gfxinfo":
                return call.PrintAsync($"Applications {call.Arg(0)}:\n", cancel);
            case "location" or "wifi" or "notification" or "alarm" or "connectivity" or "telephony.registry":
                return call.PrintAsync("\n", cancel);
            default:
                return call.UnknownAsync(cancel);
        }
    }

    public static ValueTask<int> PackageAsync(ShellCall call, CancellationToken cancel)
    {
        var id = call.FirstWord;
        string text;
        lock (call.Phone.Gate)
            text = call.Phone.Packages.Find(id) is { } package ? Describe(package) : $"\nUnable to find package: {id}\n";
        return call.PrintAsync(text, cancel);
    }

    public static ValueTask<int> WhitelistAsync(ShellCall call, CancellationToken cancel) => call.PrintAsync(string.Concat(
        call.Args.Where(a => a.StartsWith('+')).Select(a => $"Added: {a[1..]}\n")), cancel);

    private static string Describe(InstalledPackage package)
    {
        var manifest = package.Manifest;
        var text = new StringBuilder();
        if (manifest.LaunchActivity is { } activity)
        {
            text.Append(CultureInfo.InvariantCulture, $"""
                Activity Resolver Table:
                  Non-Data Actions:
                      android.intent.action.MAIN:
                        1a2b3c {package.Id}/{activity} filter 4d5e6f
                          Action: "android.intent.action.MAIN"
                          Category: "android.intent.category.LAUNCHER"


                """);
        }

        text.Append(CultureInfo.InvariantCulture, $"""
            Packages:
              Package [{package.Id}] (a1b2c3d):
                userId={package.Uid}
                codePath={package.Folder}
                resourcePath={package.Folder}
                versionCode={manifest.VersionCode} minSdk={manifest.MinSdk} targetSdk={manifest.TargetSdk}
                versionName={manifest.VersionName}
                flags=[ {(manifest.Debuggable ? "DEBUGGABLE " : "")}HAS_CODE ALLOW_CLEAR_USER_DATA ]
                firstInstallTime={package.FirstInstalled.ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture)}
                lastUpdateTime={package.Updated.ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture)}
                requested permissions:
            {string.Concat(manifest.Permissions.Select(p => $"      {p}\n"))}    install permissions:
                User 0: ceDataInode=1 installed=true hidden=false suspended=false stopped=false notLaunched=false enabled=0
                  gids=[3003]
                  runtime permissions:
            {string.Concat(manifest.Permissions.Select(p => $"        {p}: granted={(package.Granted.Contains(p) ? "true" : "false")}, flags=[ ]\n"))}

            """);
        return text.ToString();
    }

    private static ValueTask<int> ActivityAsync(ShellCall call, CancellationToken cancel)
    {
        var what = call.Arg(0);
        if (what == "services")
        {
            // Appium's settings app keeps a foreground service while it runs; its recorder is never on.
            var id = call.Arg(1);
            bool running;
            lock (call.Phone.Gate)
                running = call.Phone.Processes.Named(id).Count > 0;
            return call.PrintAsync("ACTIVITY MANAGER SERVICES (dumpsys activity services)\n" + (running
                ? $"  User 0 active services:\n  * ServiceRecord{{1a2b3c u0 {id}/.ForegroundService}}\n    isForeground=true foregroundId=1\n"
                : "  (nothing)\n"), cancel);
        }

        var (package, activity) = call.Phone.Screen.Front;
        return what is "" or "activities" or "top" or "recents" or "processes"
            ? call.PrintAsync("ACTIVITY MANAGER ACTIVITIES (dumpsys activity activities)\nDisplay #0 (activities from top to bottom):\n"
                + $"  mResumedActivity: ActivityRecord{{4d5e6f u0 {package}/{activity} t12}}\n"
                + $"  topResumedActivity=ActivityRecord{{4d5e6f u0 {package}/{activity} t12}}\n", cancel)
            : call.UnknownAsync(cancel);
    }

    private static ValueTask<int> WindowAsync(ShellCall call, CancellationToken cancel)
    {
        var (package, activity) = call.Phone.Screen.Front;
        var (width, height) = call.Phone.Screen.Size;
        var text = $"""
            WINDOW MANAGER DISPLAY CONTENTS (dumpsys window displays)
              Display: mDisplayId=0
                init={Size(call)} 420dpi cur={Size(call)} app={width}x{height} rng=1080x1017-2400x2337
              mCurrentFocus=Window[1a2b3c u0 {package}/{activity}]
              mFocusedApp=ActivityRecord[4d5e6f u0 {package}/{activity} t12]
              mScreenOnFully=true
                KeyguardServiceDelegate
                  showing=false
                  mDreamingLockscreen=false
                  screenState=SCREEN_STATE_ON

            """;
        return call.PrintAsync(text.Replace('[', '{').Replace(']', '}'), cancel);
    }

    private static string Size(ShellCall call) => $"{call.Phone.Options.ScreenSize.Width}x{call.Phone.Options.ScreenSize.Height}";
}
