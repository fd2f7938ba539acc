using System.Text.Json;
using System.Text.Json.Nodes;

namespace Qgjob.Agent.Gateway;

/// <summary>What a command does to an Appium session, seen from the next test.</summary>
internal enum Wear
{
    /// <summary>Nothing that outlives the app's own data.</summary>
    None,
    /// <summary>Changes driver settings; can be put back.</summary>
    Settings,
    /// <summary>Changes the implicit wait; can be put back.</summary>
    ImplicitWait,
    /// <summary>Turns the screen; can be put back.</summary>
    Orientation,
    /// <summary>Fills the clipboard; can be emptied.</summary>
    Clipboard,
    /// <summary>Anything else: the next test gets a session of its own.</summary>
    Unknown,
}

/// <summary>
/// Decides which sessions may serve another test. A list of what is harmless, so that a command nobody thought of only
/// costs speed, never isolation. Pure.
/// </summary>
internal static class SessionWear
{
    private static readonly HashSet<string> HarmlessPosts =
    [
        "/element", "/elements", "/actions", "/back", "/url", "/appium/device/activate_app", "/appium/device/terminate_app",
        "/appium/device/app_state", "/appium/device/app_installed", "/appium/device/hide_keyboard", "/appium/device/get_clipboard",
        "/appium/app/background", "/appium/device/system_time",
    ];

    // KEYCODE_POWER, SLEEP and SOFT_SLEEP turn the screen off: the driver wakes the phone up for a new session only.
    private static readonly HashSet<int> SleepKeys = [26, 223, 276];

    private static readonly HashSet<string> HarmlessScripts =
    [
        "clickGesture", "longClickGesture", "doubleClickGesture", "dragGesture", "flingGesture", "pinchOpenGesture",
        "pinchCloseGesture", "swipeGesture", "scrollGesture", "scroll", "scrollBackTo", "viewportScreenshot", "viewportRect",
        "deviceInfo", "activateApp", "terminateApp", "queryAppState", "isAppInstalled", "pressKey", "type", "getCurrentActivity",
        "getCurrentPackage", "startActivity", "deepLink", "hideKeyboard", "isKeyboardShown", "backgroundApp", "getDeviceTime",
        "batteryInfo", "getClipboard", "getNotifications", "screenshots",
    ];

    /// <param name="path">What follows the session id, as in /element/7/click.</param>
    public static Wear Of(string method, string path, byte[] body)
    {
        path = path.Split('?')[0];
        if (method == "GET") return Wear.None;
        if (method == "DELETE") return path == "/actions" ? Wear.None : Wear.Unknown;
        switch (path)
        {
            case "/appium/settings": return Wear.Settings;
            case "/orientation": return Wear.Orientation;
            case "/timeouts": return OnlyImplicit(body) ? Wear.ImplicitWait : Wear.Unknown;
            case "/appium/device/set_clipboard": return Wear.Clipboard;
            case "/appium/device/press_keycode" or "/appium/device/long_press_keycode": return PressesSleep(Parse(body)) ? Wear.Unknown : Wear.None;
            case "/execute/sync" or "/execute": return OfScript(Parse(body));
            default:
                return HarmlessPosts.Contains(path)
                    || path.StartsWith("/element/", StringComparison.Ordinal)
                    || path.StartsWith("/appium/gestures/", StringComparison.Ordinal)
                    || path.StartsWith("/appium/element/", StringComparison.Ordinal)
                    ? Wear.None
                    : Wear.Unknown;
        }
    }

    private static bool OnlyImplicit(byte[] body) =>
        Parse(body) is { } timeouts && timeouts.Count == 1 && timeouts.ContainsKey("implicit");

    private static Wear OfScript(JsonObject? call)
    {
        if (call?["script"] is not JsonValue value || !value.TryGetValue(out string? script)
            || !script.StartsWith("mobile:", StringComparison.Ordinal)) return Wear.Unknown;
        return script["mobile:".Length..].Trim() switch
        {
            "setClipboard" => Wear.Clipboard,
            "pressKey" when PressesSleep((call["args"] as JsonArray)?.FirstOrDefault() as JsonObject) => Wear.Unknown,
            var name => HarmlessScripts.Contains(name) ? Wear.None : Wear.Unknown,
        };
    }

    private static bool PressesSleep(JsonObject? press) =>
        press?["keycode"] is not JsonValue key || !int.TryParse(key.ToString(), out var code) || SleepKeys.Contains(code);

    private static JsonObject? Parse(byte[] body)
    {
        try
        {
            return JsonNode.Parse(body) as JsonObject;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
