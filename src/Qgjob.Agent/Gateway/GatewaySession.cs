using System.Text.Json.Nodes;

namespace Qgjob.Agent.Gateway;

/// <summary>The session that tests have with a gateway, as WebDriver says it: its id is the gateway's own.</summary>
internal static class GatewaySession
{
    public static HttpReply Opened(string id, JsonNode? capabilities)
    {
        var value = new JsonObject { ["sessionId"] = id, ["capabilities"] = capabilities?.DeepClone() };
        return HttpReply.Json(200, new JsonObject { ["value"] = value }.ToJsonString());
    }

    public static HttpReply Closed() => HttpReply.Json(200, """{"value":null}""");

    /// <summary>True when the path is of the session or of something in it; then <paramref name="rest"/> is what follows the id.</summary>
    public static bool TrySplit(string path, string id, out string rest)
    {
        var prefix = $"/session/{id}";
        rest = path.StartsWith(prefix, StringComparison.Ordinal) ? path[prefix.Length..] : "";
        return path.StartsWith(prefix, StringComparison.Ordinal) && (rest.Length == 0 || rest[0] == '/');
    }
}
