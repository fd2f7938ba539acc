using System.Collections.Concurrent;
using System.Text;
using System.Text.Json.Nodes;
using Qgjob.Agent.Gateway;

namespace Qgjob.Agent.Tests.Gateway;

/// <summary>An Appium that remembers what it was asked.</summary>
internal sealed class FakeAppium : IAsyncDisposable
{
    private readonly LoopbackHttpServer http;
    private int sessions;

    public FakeAppium() => http = new LoopbackHttpServer(AnswerAsync);

    public int Port => http.Port;

    public ConcurrentQueue<string> Requests { get; } = [];

    /// <summary>Overrides the answer where it gives one.</summary>
    public Func<HttpRequest, CancellationToken, Task<HttpReply?>> Special { get; set; } = (_, _) => Task.FromResult<HttpReply?>(null);

    public ValueTask DisposeAsync() => http.DisposeAsync();

    private async Task<HttpReply> AnswerAsync(HttpRequest request, CancellationToken cancel)
    {
        Requests.Enqueue($"{request.Method} {request.Path} {Encoding.UTF8.GetString(request.Body)}".TrimEnd());
        if (await Special(request, cancel) is { } special) return special;
        if (request is { Method: "POST", Path: "/session" })
        {
            var capabilities = JsonNode.Parse(request.Body)!["capabilities"]!["alwaysMatch"]!.DeepClone();
            var value = new JsonObject { ["sessionId"] = $"real{Interlocked.Increment(ref sessions)}", ["capabilities"] = capabilities };
            return HttpReply.Json(200, new JsonObject { ["value"] = value }.ToJsonString());
        }

        return request.Path.EndsWith("/appium/settings", StringComparison.Ordinal) && request.Method == "GET"
            ? HttpReply.Json(200, """{"value":{"waitForIdleTimeout":10000}}""")
            : HttpReply.Json(200, """{"value":null}""");
    }
}
