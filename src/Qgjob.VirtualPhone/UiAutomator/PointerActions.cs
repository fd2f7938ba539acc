using System.Text.Json.Nodes;
using Qgjob.Phones.Device;

namespace Qgjob.Phones.UiAutomator;

/// <summary>WebDriver's actions: one finger that goes down, moves and comes up, and keys.</summary>
internal static class PointerActions
{
    // Android takes a touch of this length for a long one.
    private const double LongTouchMs = 500;

    public static void Perform(PhoneDevice phone, AutomatorSession session, JsonObject body)
    {
        foreach (var source in body.Array("actions"))
        {
            switch (source.Text("type"))
            {
                case "key":
                    foreach (var action in source.Array("actions").Where(a => a.Text("type") == "keyDown"))
                        Keys.Type(phone.Screen, action.Text("value") ?? "");
                    break;
                case "pointer":
                    Touch(phone, session, source.Array("actions"));
                    break;
                case "none" or "wheel":
                    break;
                default:
                    throw WebDriverException.InvalidArgument("'type' of an action source must be key, pointer, wheel or none.");
            }
        }
    }

    private static void Touch(PhoneDevice phone, AutomatorSession session, JsonArray actions)
    {
        int x = 0, y = 0, downX = 0, downY = 0;
        var down = false;
        double held = 0;
        foreach (var action in actions)
        {
            switch (action.Text("type"))
            {
                case "pointerMove":
                    var (originX, originY) = Origin(phone, session, action, x, y);
                    (x, y) = (originX + (int)(action.Number("x") ?? 0), originY + (int)(action.Number("y") ?? 0));
                    break;
                case "pointerDown":
                    (down, downX, downY, held) = (true, x, y, 0);
                    break;
                case "pause":
                    held += action.Number("duration") ?? 0;
                    break;
                case "pointerUp" when down:
                    down = false;
                    Gestures.Drag(phone.Screen, downX, downY, x, y, hold: held >= LongTouchMs);
                    break;
            }
        }
    }

    private static (int X, int Y) Origin(PhoneDevice phone, AutomatorSession session, JsonNode? move, int x, int y)
    {
        var origin = (move as JsonObject)?["origin"];
        if (origin is JsonObject element)
            return session.Elements.Find(element.ElementId() ?? "", phone.Screen.Capture()).Bounds.Centre;
        return move.Text("origin") == "pointer" ? (x, y) : (0, 0);
    }
}
