using System.Text.Json.Nodes;

namespace Qgjob.Agent.Gateway;

/// <summary>
/// Errors in the one form that AppWright's client takes as final. It repeats other answers: 500 and 503 sixteen times,
/// most 4xx four times; a 4xx whose message says "invalid session id" only once (webdriver 8.46, seen).
/// </summary>
internal static class WebDriverError
{
    private const string Word = "invalid session id";

    public static HttpReply Final(string message)
    {
        var value = new JsonObject
        {
            ["error"] = Word,
            ["message"] = $"{message} ({Word})",
            ["stacktrace"] = "",
        };
        return HttpReply.Json(404, new JsonObject { ["value"] = value }.ToJsonString());
    }

    /// <summary>The message of an error answer, or its text when it has none.</summary>
    public static string Message(HttpReply reply)
    {
        try
        {
            return JsonNode.Parse(reply.Body)?["value"]?["message"]?.GetValue<string>() ?? reply.Text;
        }
        catch (Exception e) when (e is System.Text.Json.JsonException or InvalidOperationException)
        {
            return reply.Text;
        }
    }
}
