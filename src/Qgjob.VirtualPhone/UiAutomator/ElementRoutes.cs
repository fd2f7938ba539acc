using System.Text.Json.Nodes;
using Qgjob.Phones.Device;
using Qgjob.Phones.Drawing;
using Qgjob.Phones.Ui;

namespace Qgjob.Phones.UiAutomator;

/// <summary>Requests about elements.</summary>
internal static class ElementRoutes
{
    public static JsonNode? Handle(PhoneDevice phone, AutomatorSession session, string method, string[] path, JsonObject body)
    {
        var screen = phone.Screen.Capture();
        switch (method, path)
        {
            case ("POST", ["elements"]):
                return new JsonArray([.. Find(phone, session, screen, body, null).Select(n => (JsonNode)Reference(session, n))]);
            case ("POST", ["element"]):
                return Reference(session, First(Find(phone, session, screen, body, null)));
            case (_, ["element", "active"]):
                return Reference(session, screen.Nodes.FirstOrDefault(n => n.Focused) ?? throw WebDriverException.NoSuchElement());
            case ("POST", ["element", var parent, "elements"]):
                return new JsonArray([.. Find(phone, session, screen, body, session.Elements.Find(parent, screen)).Select(n => (JsonNode)Reference(session, n))]);
            case ("POST", ["element", var parent, "element"]):
                return Reference(session, First(Find(phone, session, screen, body, session.Elements.Find(parent, screen))));
            case (_, ["element", var id, .. var rest]) when rest.Length > 0:
                var view = session.Elements.Find(id, screen);
                return method == "GET" ? Read(screen, view, rest) : Act(phone, view, rest, body);
            default:
                throw WebDriverException.UnknownCommand(method, "/" + string.Join('/', path));
        }
    }

    private static JsonNode? Read(ScreenSnapshot screen, ViewNode view, string[] what) => what switch
    {
        ["text"] => view.Text,
        ["name"] => view.Desc ?? view.Text,
        ["attribute", var name] => ElementAttributes.Get(view, name),
        ["displayed"] => true,
        ["enabled"] => view.Enabled,
        ["selected"] => view.Selected || view.Checked,
        ["rect"] => new JsonObject
        {
            ["x"] = view.Bounds.X,
            ["y"] = view.Bounds.Y,
            ["width"] = view.Bounds.Width,
            ["height"] = view.Bounds.Height,
        },
        ["location"] => new JsonObject { ["x"] = view.Bounds.X, ["y"] = view.Bounds.Y },
        ["size"] => new JsonObject { ["width"] = view.Bounds.Width, ["height"] = view.Bounds.Height },
        ["screenshot"] => Convert.ToBase64String(ScreenPainter.Paint(screen, view.Bounds)),
        _ => throw WebDriverException.UnknownCommand("GET", "/element/*/" + string.Join('/', what)),
    };

    private static JsonObject? Act(PhoneDevice phone, ViewNode view, string[] what, JsonObject body)
    {
        switch (what)
        {
            case ["click"]:
                phone.Screen.Tap(view);
                return null;
            case ["clear"]:
                SetText(phone, view, "", replace: true);
                return null;
            case ["value"]:
                var text = body.Text("text") ?? string.Concat(body.Array("value").Select(v => v?.ToString()));
                SetText(phone, view, text, body.Flag("replace") ?? false);
                return null;
            default:
                throw WebDriverException.UnknownCommand("POST", "/element/*/" + string.Join('/', what));
        }
    }

    private static void SetText(PhoneDevice phone, ViewNode view, string text, bool replace)
    {
        if (!phone.Screen.SetText(view, text, replace))
        {
            throw new WebDriverException(400, "invalid element state",
                $"Cannot set the element to '{text}'. Did you interact with the correct element?");
        }
    }

    /// <summary>The driver names the two values otherwise than the protocol does.</summary>
    private static IReadOnlyList<ViewNode> Find(
        PhoneDevice phone, AutomatorSession session, ScreenSnapshot screen, JsonObject body, ViewNode? context)
    {
        if (body.Text("context") is { Length: > 0 } parent)
            context ??= session.Elements.Find(parent, screen);
        return ElementFinder.Find(phone, screen,
            body.Text("strategy") ?? body.Text("using") ?? throw WebDriverException.InvalidArgument("'strategy' is missing."),
            body.Text("selector") ?? body.Text("value") ?? throw WebDriverException.InvalidArgument("'selector' is missing."), context);
    }

    private static ViewNode First(IReadOnlyList<ViewNode> found) =>
        found is [var first, ..] ? first : throw WebDriverException.NoSuchElement();

    private static JsonObject Reference(AutomatorSession session, ViewNode view) => JsonReading.Reference(session.Elements.IdOf(view));
}
