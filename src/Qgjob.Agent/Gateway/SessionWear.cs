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
        "/appium/device/app_state", "/appium/device/app_installed", "/appium/device/press_keycode",
        "/appium/device/long_press_keycode", "/appium/device/hide_keyboard", "/appium/device/get_clipboard",
        "/appium/device/set_clipboard", "/appium/app/background", "/appium/device/system_time",
    ];

    // set_clipboard is here because a session of its own would not empty the clipboard either.
    private static readonly HashSet<string> HarmlessScripts =
    [
        "clickGesture", "longClickGesture", "doubleClickGesture", "dragGesture", "flingGesture", "pinchOpenGesture",
        "pinchCloseGesture", "swipeGesture", "scrollGesture", "scroll", "scrollBackTo", "viewportScreenshot", "viewportRect",
        "deviceInfo", "activateApp", "terminateApp", "queryAppState", "isAppInstalled", "pressKey", "type", "getCurrentActivity",
        "getCurrentPackage", "startActivity", "deepLink", "hideKeyboard", "isKeyboardShown", "backgroundApp", "getDeviceTime",
        "batteryInfo", "getClipboard", "setClipboard", "getNotifications", "screenshots",
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
            case "/execute/sync" or "/execute": return IsHarmlessScript(body) ? Wear.None : Wear.Unknown;
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

    private static bool IsHarmlessScript(byte[] body) =>
        Parse(body)?["script"] is JsonValue value && value.TryGetValue(out string? script)
        && script.StartsWith("mobile:", StringComparison.Ordinal)
        && HarmlessScripts.Contains(script["mobile:".Length..].Trim());

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
