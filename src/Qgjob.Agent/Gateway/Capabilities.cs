using System.Text.Json;
using System.Text.Json.Nodes;

namespace Qgjob.Agent.Gateway;

/// <summary>What the gateway knows when it rewrites a session request.</summary>
/// <param name="KeepData">The driver leaves the app's data alone: it is to be kept, or has just been installed.</param>
/// <param name="DeviceReady">An earlier session put the driver's helper apps on the phone and set it up.</param>
internal sealed record SessionPlace(string Udid, int AdbPort, int SystemPort, bool KeepData, bool DeviceReady);

/// <summary>A session request as Appium gets it.</summary>
/// <param name="Package">Null when the request names no app package.</param>
/// <param name="Key">Equal for requests whose sessions are interchangeable.</param>
internal sealed record SessionRequest(string Body, string? Package, string? Activity, bool GrantPermissions, string Key);

/// <summary>Rewrites AppWright's capabilities so that nothing is installed again. Pure.</summary>
internal static class Capabilities
{
    // The app is installed by qgjob; the rest would reinstall, or start what must not be started here.
    private static readonly string[] Dropped =
    [
        "app", "fullReset", "noReset", "enforceAppInstall", "otherApps", "uninstallOtherPackages", "clearSystemFiles",
        "avd", "mjpegServerPort", "remoteAdbHost", "platformVersion",
    ];

    /// <exception cref="JsonException">The body is no session request.</exception>
    public static SessionRequest Rewrite(byte[] body, SessionPlace place)
    {
        var merged = Merge(body);
        foreach (var name in Dropped)
        {
            merged.Remove($"appium:{name}");
            merged.Remove(name);
        }

        merged["appium:udid"] = place.Udid;
        merged["appium:adbPort"] = place.AdbPort;
        merged["appium:systemPort"] = place.SystemPort;
        merged["appium:skipLogcatCapture"] = true; // qgjob keeps the device log itself.
        merged["appium:newCommandTimeout"] = 0;    // The attempt has its own limits.
        // Under load a phone needs more than the driver's defaults (30, 20 and 20 s); all of it, and each single answer of
        // the driver's server (240 s by default), must stay below the gateway's own limit.
        merged["appium:uiautomator2ServerLaunchTimeout"] = 60_000;
        merged["appium:uiautomator2ServerInstallTimeout"] = 60_000;
        merged["appium:adbExecTimeout"] = 60_000;
        merged["appium:uiautomator2ServerReadTimeout"] = 90_000;
        merged["appium:noReset"] = place.KeepData;
        if (place.KeepData) merged["appium:forceAppLaunch"] = true;
        var key = string.Join('\n', merged.OrderBy(c => c.Key, StringComparer.Ordinal).Select(c => $"{c.Key}={c.Value?.ToJsonString()}"));
        if (place.DeviceReady)
        {
            merged["appium:skipServerInstallation"] = true;
            merged["appium:skipDeviceInitialization"] = true;
        }

        var request = new JsonObject
        {
            ["capabilities"] = new JsonObject { ["alwaysMatch"] = merged, ["firstMatch"] = new JsonArray(new JsonObject()) },
        };
        return new SessionRequest(
            request.ToJsonString(), Text(merged, "appPackage"), Text(merged, "appActivity"),
            merged["appium:autoGrantPermissions"] is JsonValue grant && grant.TryGetValue(out bool yes) && yes, key);
    }

    /// <exception cref="JsonException">The body is no session request.</exception>
    public static JsonObject Merge(byte[] body)
    {
        var capabilities = JsonNode.Parse(body)?["capabilities"] as JsonObject ?? throw new JsonException("The request has no capabilities.");
        var merged = new JsonObject();
        var first = (capabilities["firstMatch"] as JsonArray)?.FirstOrDefault() as JsonObject;
        foreach (var source in new[] { capabilities["alwaysMatch"] as JsonObject, first })
        {
            foreach (var (name, value) in source ?? []) merged[name] = value?.DeepClone();
        }

        return merged;
    }

    private static string? Text(JsonObject capabilities, string name) =>
        capabilities[$"appium:{name}"] is JsonValue value && value.TryGetValue(out string? text) ? text : null;
}
