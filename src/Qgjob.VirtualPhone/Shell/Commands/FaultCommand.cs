using System.Globalization;
using Qgjob.Phones.Device;

namespace Qgjob.Phones.Shell.Commands;

/// <summary>"qgjob-fault …": makes the phone misbehave. No other phone has it.</summary>
internal static class FaultCommand
{
    public const string Name = "qgjob-fault";

    private const string Usage = """
        usage: qgjob-fault disconnect SECONDS           adb loses the phone, and gets it back
               qgjob-fault hang SECONDS                 no shell, no installation, no UiAutomator2 answers
               qgjob-fault app-crash [PACKAGE]          the app (or the one in front) crashes now
               qgjob-fault instrumentation-crash        the UiAutomator2 server crashes now
               qgjob-fault slow-install SECONDS [N]     the next (N) installations of apps take so much longer
               qgjob-fault install-failure [CODE] [N]   the next (N) installations of apps fail so
               qgjob-fault storage BYTES|off            room for so many bytes of APKs
               qgjob-fault no-recorder                  screenrecord fails
               qgjob-fault wipe                         all packages, data, files and settings are gone
               qgjob-fault status | clear               what is asked for; forget it
        """;

    public static ValueTask<int> RunAsync(ShellCall call, CancellationToken cancel)
    {
        var faults = call.Phone.Faults;
        switch (call.Arg(0), call.Args.Count)
        {
            case ("disconnect", 2) when Seconds(call.Arg(1)) is { } time:
                faults.Disconnect(time);
                break;
            case ("hang", 2) when Seconds(call.Arg(1)) is { } time:
                faults.Hang(time);
                break;
            case ("app-crash", 1 or 2):
                var package = call.Args.Count == 2 ? call.Arg(1) : call.Phone.Screen.Front.Package;
                if (!call.Phone.Screen.Crash(package, Name))
                    return call.FailAsync($"{package} does not run", cancel);
                break;
            case ("instrumentation-crash", 1):
                if (call.Phone.Automator.Running is null)
                    return call.FailAsync("no instrumentation runs", cancel);
                faults.CrashInstrumentation();
                break;
            case ("slow-install", 2 or 3) when Seconds(call.Arg(1)) is { } time && Count(call.Arg(2)) is { } count:
                faults.NextInstalls(new InstallFault(null, time), count);
                break;
            case ("install-failure", >= 1 and <= 3) when Count(call.Arg(2)) is { } count:
                faults.NextInstalls(new InstallFault(call.Args.Count > 1 ? call.Arg(1) : "INSTALL_FAILED_INTERNAL_ERROR", TimeSpan.Zero), count);
                break;
            case ("storage", 2) when call.Arg(1) == "off":
                faults.Storage = null;
                break;
            case ("storage", 2) when long.TryParse(call.Arg(1), NumberStyles.None, CultureInfo.InvariantCulture, out var bytes):
                faults.Storage = bytes;
                break;
            case ("no-recorder", 1):
                faults.NoRecorder = true;
                break;
            case ("wipe", 1):
                call.Phone.Wipe();
                break;
            case ("clear", 1):
                faults.Clear();
                break;
            case ("status", 1):
                return call.PrintAsync(string.Create(CultureInfo.InvariantCulture,
                    $"hangs for: {faults.HangsFor.TotalSeconds:0.0} s\ninstallations to go wrong: {faults.InstallsLeft}\nstorage: {faults.Storage?.ToString(CultureInfo.InvariantCulture) ?? "no limit"}\n"), cancel);
            default:
                return call.FailAsync(Usage, cancel, 2);
        }

        return ValueTask.FromResult(0);
    }

    private static TimeSpan? Seconds(string text) =>
        double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var seconds) && seconds <= 86_400
            ? TimeSpan.FromSeconds(seconds)
            : null;

    private static int? Count(string text) =>
        text.Length == 0 ? 1 : int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var count) && count <= 1000 ? count : null;
}
