namespace Qgjob.Agent.Gateway;

/// <summary>Tells from an error's text whether the test or the ground under it failed. Pure.</summary>
internal static class InfraSigns
{
    // Messages of the driver and of adb when the phone or the driver's server on it is gone.
    private static readonly string[] CommandSigns =
    [
        "instrumentation process is not running", "cannot be proxied to UiAutomator2 server", "Could not proxy command to the remote server",
        "socket hang up", "ECONNREFUSED", "ECONNRESET", "device offline", "no devices/emulators found",
    ];

    // The app itself does not come up: the test's business.
    private static readonly string[] AppSigns =
    [
        "Cannot start the", "Cannot start ", "never started", "Activity class", "does not exist or cannot be launched", "is not debuggable",
    ];

    public static bool InCommand(string message) => Any(CommandSigns, message);

    public static bool IsAppFailure(string message) => Any(AppSigns, message) && !InCommand(message);

    private static bool Any(string[] signs, string message) =>
        signs.Any(s => message.Contains(s, StringComparison.OrdinalIgnoreCase));
}
