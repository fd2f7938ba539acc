using System.Text.Json.Nodes;
using Qgjob.Phones.Device;
using Qgjob.Phones.Ui;

namespace Qgjob.Phones.UiAutomator;

/// <summary>The driver's gestures: click, long_click, double_click, drag, scroll, swipe, fling and the pinches.</summary>
internal static class GestureRoutes
{
    public static JsonNode? Handle(PhoneDevice phone, AutomatorSession session, string gesture, JsonObject body)
    {
        var screen = phone.Screen.Capture();
        var origin = body["origin"].ElementId() is { } id ? session.Elements.Find(id, screen) : null;
        switch (gesture)
        {
            case "click" or "long_click" or "double_click":
                Click(phone, origin, body, gesture);
                return null;
            case "drag":
                var (startX, startY) = origin?.Bounds.Centre ?? Point(body.Object("start"), "start");
                var (endX, endY) = Point(body.Object("end"), "end");
                Gestures.Drag(phone.Screen, startX, startY, endX, endY, hold: true);
                return null;
            case "scroll" or "swipe" or "fling":
                var moved = Scroll(phone, screen, origin, body, gesture);
                return gesture == "swipe" ? null : moved;
            case "pinch_open" or "pinch_close":
                return null; // nothing on this phone can be zoomed
            default:
                throw WebDriverException.UnknownCommand("POST", "/appium/gestures/" + gesture);
        }
    }

    private static void Click(PhoneDevice phone, ViewNode? origin, JsonObject body, string gesture)
    {
        var hold = gesture == "long_click";
        for (var times = gesture == "double_click" ? 2 : 1; times > 0; times--)
        {
            if (body.Object("offset") is not { } offset)
            {
                phone.Screen.Tap(origin ?? throw WebDriverException.InvalidArgument("'origin' or 'offset' is missing."), hold);
                continue;
            }

            var (x, y) = Point(offset, "offset");
            phone.Screen.Tap(x + (origin?.Bounds.X ?? 0), y + (origin?.Bounds.Y ?? 0), hold);
        }
    }

    /// <returns>Whether it could be scrolled further.</returns>
    private static bool Scroll(PhoneDevice phone, ScreenSnapshot screen, ViewNode? origin, JsonObject body, string gesture)
    {
        var area = body.Object("area") is { } a
            ? new Bounds((int)(a.Number("left") ?? 0), (int)(a.Number("top") ?? 0), (int)(a.Number("width") ?? 0), (int)(a.Number("height") ?? 0))
            : origin?.Bounds ?? new Bounds(0, 0, screen.Width, screen.Height);
        var list = origin?.SelfAndAncestors().FirstOrDefault(n => n.Scrollable)
            ?? origin?.SelfAndDescendants().FirstOrDefault(n => n.Scrollable)
            ?? Gestures.ScrollableAt(screen, area.Centre.X, area.Centre.Y)
            ?? screen.Nodes.FirstOrDefault(n => n.Scrollable && n.Bounds.Clip(area).Height > 0);
        // A finger that swipes up moves the content up; scrolling and flinging name where to look instead.
        var sign = (gesture == "swipe", body.Text("direction")?.ToLowerInvariant()) switch
        {
            (true, "up") or (false, "down") => 1,
            (true, "down") or (false, "up") => -1,
            (_, "left" or "right") => 0,
            _ => throw WebDriverException.InvalidArgument("'direction' must be up, down, left or right."),
        };
        if (list is null || sign == 0)
            return false;
        var reach = gesture == "fling" ? 10 : Math.Clamp(body.Number("percent") ?? 1, 0, 1);
        return phone.Screen.Scroll(list, sign * (int)(Math.Max(1, area.Height) * reach));
    }

    private static (int X, int Y) Point(JsonObject? point, string name) =>
        point.Number("x") is { } x && point.Number("y") is { } y
            ? ((int)x, (int)y)
            : throw WebDriverException.InvalidArgument($"'{name}' needs x and y.");
}
