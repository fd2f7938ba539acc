using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Qgjob.Phones.Device;

namespace Qgjob.Phones.UiAutomator;

/// <summary>The answer to one request.</summary>
internal sealed record UiReply(int Status, string SessionId, JsonNode? Value)
{
    public static JsonObject ErrorValue(string error, string message) =>
        new() { ["error"] = error, ["message"] = message, ["stacktrace"] = "" };
}

/// <summary>A session of the UiAutomator2 server.</summary>
/// <param name="Id">Looks like a UUID, because drivers put it into file names and logs as one.</param>
/// <param name="Capabilities">As they were asked for.</param>
internal sealed record AutomatorSession(string Id, JsonObject Capabilities)
{
    public ElementCache Elements { get; } = new();

    public AutomatorSettings Settings { get; } = new();
}

/// <summary>Finds the handler for a request. One session at a time, as on a phone: a new one replaces the old.</summary>
internal sealed class AutomatorApi(PhoneDevice phone)
{
    private readonly Lock gate = new();
    private AutomatorSession? session;
    private int sessions;

    public UiReply Handle(HttpRequest request)
    {
        var session = "None";
        try
        {
            var path = request.Path.Split('/', StringSplitOptions.RemoveEmptyEntries).Select(Uri.UnescapeDataString).ToArray();
            var body = Parse(request.Body);
            // One request at a time, as the real server's main thread.
            lock (gate)
            {
                var value = Route(request.Method, path, body, ref session);
                return new UiReply(200, session, value);
            }
        }
        catch (WebDriverException ex)
        {
            if (ex.Error == "unknown command")
                phone.Tally.Unhandled($"uiautomator2: {request.Method} {Anonymous(request.Path)}");
            return new UiReply(ex.Status, session, UiReply.ErrorValue(ex.Error, ex.Message));
        }
    }

    private JsonNode? Route(string method, string[] path, JsonObject body, ref string session)
    {
        switch (method, path)
        {
            case ("GET", ["status"]):
                return new JsonObject
                {
                    ["ready"] = true,
                    ["message"] = "UiAutomator2 Server is ready to accept commands",
                    ["build"] = new JsonObject { ["version"] = "7.7.1", ["versionCode"] = 207 },
                };
            case ("GET", ["sessions"]):
                return this.session is null ? new JsonArray() : new JsonArray(
                    new JsonObject { ["id"] = this.session.Id, ["capabilities"] = this.session.Capabilities.DeepClone() });
            case ("POST", ["session"]):
                this.session = NewSession(body);
                session = this.session.Id;
                return new JsonObject { ["sessionId"] = this.session.Id, ["capabilities"] = this.session.Capabilities.DeepClone() };
            case (_, ["session", var id, .. var rest]):
                session = id;
                if (this.session is not { } current || current.Id != id)
                    throw new WebDriverException(404, "invalid session id", $"There is no session '{id}' (invalid session id).");
                return RouteSession(method, rest, body, current);
            default:
                throw WebDriverException.UnknownCommand(method, "/" + string.Join('/', path));
        }
    }

    private JsonNode? RouteSession(string method, string[] path, JsonObject body, AutomatorSession session)
    {
        switch (method, path)
        {
            case ("GET", []):
                return session.Capabilities.DeepClone();
            case ("DELETE", []):
                this.session = null;
                return null;
            case ("GET", ["appium", "settings"]):
                return session.Settings.ToJson();
            case ("POST", ["appium", "settings"]):
                session.Settings.Update(body);
                return session.Settings.ToJson();
            case ("POST", ["timeouts", ..] or ["appium", "action_history"]):
                return null;
            case (_, ["element" or "elements", ..]):
                return ElementRoutes.Handle(phone, session, method, path, body);
            case ("POST", ["appium", "gestures", var gesture]):
                return GestureRoutes.Handle(phone, session, gesture, body);
            case ("POST", ["actions"]):
                PointerActions.Perform(phone, session, body);
                return null;
            default:
                return DeviceRoutes.Handle(phone, session, method, path, body);
        }
    }

    private AutomatorSession NewSession(JsonObject body)
    {
        var capabilities = new JsonObject();
        var wanted = body["capabilities"] as JsonObject;
        foreach (var part in (JsonNode?[])[wanted?["alwaysMatch"], (wanted?["firstMatch"] as JsonArray)?.FirstOrDefault()])
        {
            foreach (var (name, value) in part as JsonObject ?? [])
                capabilities[name] = value?.DeepClone();
        }

        // Different for every phone, start and session, without a source of chance.
        var id = string.Create(CultureInfo.InvariantCulture,
            $"{(uint)Hash(phone.Options.Name):x8}-{(ushort)(++sessions):x4}-4000-8000-{phone.Time.GetUtcNow().UtcTicks & 0xffffffffffff:x12}");
        return new AutomatorSession(id, capabilities);
    }

    private static int Hash(string text) => text.Aggregate(17, (sum, c) => unchecked((sum * 31) + c));

    private static JsonObject Parse(byte[] body)
    {
        if (body.Length == 0)
            return [];
        try
        {
            return JsonNode.Parse(body) as JsonObject ?? throw WebDriverException.InvalidArgument("The body must be a JSON object.");
        }
        catch (JsonException ex)
        {
            throw WebDriverException.InvalidArgument($"The body is not valid JSON: {ex.Message}");
        }
    }

    /// <summary>Ids would make every unknown request look new.</summary>
    private static string Anonymous(string path)
    {
        var parts = path.Split('/');
        for (var i = 1; i < parts.Length; i++)
        {
            if (parts[i - 1] is "session" or "element" && parts[i].Contains('-', StringComparison.Ordinal))
                parts[i] = "*";
        }

        return string.Join('/', parts);
    }
}
