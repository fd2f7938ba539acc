using System.Text;
using System.Text.Json.Nodes;
using Qgjob.Phones.Device;
using Qgjob.Phones.Drawing;
using Qgjob.Phones.Ui;

namespace Qgjob.Phones.UiAutomator;

/// <summary>Requests about the phone and its screen as a whole.</summary>
internal static class DeviceRoutes
{
    private const string Landscape = "LANDSCAPE";
    private const string Portrait = "PORTRAIT";

    public static JsonNode? Handle(PhoneDevice phone, AutomatorSession session, string method, string[] path, JsonObject body)
    {
        switch (method, path)
        {
            case ("GET", ["source"]):
                return PageSource.ToText(phone.Screen.Capture());
            case ("GET", ["screenshot"]):
                return Convert.ToBase64String(ScreenPainter.Paint(phone.Screen.Capture()));
            case ("GET", ["orientation"]):
                return phone.Screen.Landscape ? Landscape : Portrait;
            case ("POST", ["orientation"]):
                return Rotate(phone, body.Text("orientation"));
            case ("GET", ["rotation"]):
                return new JsonObject { ["x"] = 0, ["y"] = 0, ["z"] = phone.Screen.Landscape ? 90 : 0 };
            case ("POST", ["rotation"]):
                phone.Screen.Rotate(body.Number("z") is 90 or 270);
                return null;
            case ("GET", ["window", "current", "size"] or ["window", "rect"]):
                var (width, height) = phone.Screen.Size;
                var size = new JsonObject { ["width"] = width, ["height"] = height };
                if (path[1] == "rect")
                    (size["x"], size["y"]) = (0, 0);
                return size;
            case ("POST", ["back"]):
                phone.Screen.Back();
                return null;
            case ("POST", ["keys"]):
                phone.Screen.Type(string.Concat(body.Array("value").Select(v => v?.ToString())));
                return null;
            case (_, ["alert", var part]):
                return HandleAlert(phone, method, part, body);
            case (_, ["appium", "device", var what]):
                return HandleDevice(phone, method, what, body);
            default:
                throw WebDriverException.UnknownCommand(method, "/" + string.Join('/', path));
        }
    }

    private static JsonValue Rotate(PhoneDevice phone, string? orientation)
    {
        var wanted = orientation?.ToUpperInvariant();
        if (wanted is not (Landscape or Portrait))
            throw WebDriverException.InvalidArgument($"'orientation' must be {Portrait} or {Landscape}, not '{orientation}'.");
        phone.Screen.Rotate(wanted == Landscape);
        return JsonValue.Create(wanted);
    }

    private static JsonNode? HandleDevice(PhoneDevice phone, string method, string what, JsonObject body)
    {
        switch (method, what)
        {
            case ("GET", "pixel_ratio"):
                return 2.625; // 420 dots per inch over Android's 160
            case ("GET", "display_density"):
                return 420;
            case ("GET", "system_bars"):
                return new JsonObject { ["statusBar"] = ScreenLayout.StatusBar };
            case ("GET", "battery_info"):
                return new JsonObject { ["level"] = 0.88, ["status"] = 2 };
            case ("GET", "info"):
                return Info(phone);
            case ("POST", "press_keycode" or "long_press_keycode"):
                var code = (int)(body.Number("keycode") ?? throw WebDriverException.InvalidArgument("'keycode' is missing."));
                return Keys.TryPress(phone.Screen, code);
            case ("POST", "get_clipboard"):
                return Convert.ToBase64String(Encoding.UTF8.GetBytes(phone.Clipboard));
            case ("POST", "set_clipboard"):
                phone.Clipboard = Decode(body.Text("content"));
                return null;
            case ("POST", "open_notifications"):
                return null;
            default:
                throw WebDriverException.UnknownCommand(method, "/appium/device/" + what);
        }
    }

    private static JsonObject Info(PhoneDevice phone) => new()
    {
        ["androidId"] = "a1b2c3d4e5f60718",
        ["apiVersion"] = $"{phone.Options.ApiLevel}",
        ["brand"] = "qgjob",
        ["manufacturer"] = "qgjob",
        ["model"] = phone.Options.Model,
        ["platformVersion"] = PhoneProperties.Release(phone.Options),
        ["realDisplaySize"] = $"{phone.Options.ScreenSize.Width}x{phone.Options.ScreenSize.Height}",
        ["displayDensity"] = 420,
        ["carrierName"] = "",
        ["locale"] = "en_US",
        ["timeZone"] = "UTC",
        ["bluetooth"] = null,
        ["networks"] = new JsonArray(),
    };

    /// <summary>The one dialog that this phone has is the system's question for a permission.</summary>
    private static JsonNode? HandleAlert(PhoneDevice phone, string method, string part, JsonObject body)
    {
        var views = phone.Screen.Capture().Nodes.Where(n => n.ResourceId?.Contains(":id/permission_", StringComparison.Ordinal) == true).ToList();
        if (views.Count == 0)
            throw new WebDriverException(404, "no such alert", "No alert is open.");
        var buttons = views.Where(v => v.Class.EndsWith("Button", StringComparison.Ordinal)).ToList();
        var label = body.Text("buttonLabel");
        switch (method, part)
        {
            case ("GET", "text"):
                return views[0].Text;
            case ("POST", "accept" or "dismiss"):
                phone.Screen.Tap(label is null ? buttons[part == "accept" ? 0 : ^1]
                    : buttons.Find(b => b.Text == label) ?? throw new WebDriverException(404, "no such alert", $"The alert has no button '{label}'."));
                return null;
            default:
                throw WebDriverException.UnknownCommand(method, "/alert/" + part);
        }
    }

    private static string Decode(string? base64)
    {
        try
        {
            return Encoding.UTF8.GetString(Convert.FromBase64String(base64 ?? ""));
        }
        catch (FormatException)
        {
            throw WebDriverException.InvalidArgument("'content' must be Base64.");
        }
    }
}
