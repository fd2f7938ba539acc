using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace Qgjob.Cli.Tests.Commands;

/// <summary>Answers on loopback as it is told, and remembers what was asked.</summary>
internal sealed class FakeServer : IAsyncDisposable
{
    private readonly HttpListener listener = new();
    private readonly Dictionary<string, Func<Asked, Answer>> answers = new(StringComparer.Ordinal);
    private readonly List<Asked> asked = [];
    private readonly CancellationTokenSource stop = new();
    private readonly Task serving;

    public FakeServer()
    {
        using (var probe = new TcpListener(IPAddress.Loopback, 0))
        {
            probe.Start();
            Url = new Uri($"http://127.0.0.1:{((IPEndPoint)probe.LocalEndpoint).Port}/");
        }
        listener.Prefixes.Add(Url.ToString());
        listener.Start();
        serving = ServeAsync();
    }

    public Uri Url { get; }

    /// <summary>All requests as <c>METHOD /path?query</c>, in order.</summary>
    public IReadOnlyList<string> Requests
    {
        get
        {
            lock (asked) return [.. asked.Select(a => $"{a.Method} {a.PathAndQuery}")];
        }
    }

    public Asked Last(string start)
    {
        lock (asked) return asked.Last(a => $"{a.Method} {a.PathAndQuery}".StartsWith(start, StringComparison.Ordinal));
    }

    /// <summary>Answers requests whose method and path (without the query) are these.</summary>
    public FakeServer On(string methodAndPath, Func<Asked, Answer> answer)
    {
        answers[methodAndPath] = answer;
        return this;
    }

    public FakeServer On(string methodAndPath, int status, string body = "") => On(methodAndPath, _ => new Answer(status, body));

    public FakeServer On<T>(string methodAndPath, T value, JsonTypeInfo<T> type) => On(methodAndPath, 200, JsonSerializer.Serialize(value, type));

    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        listener.Close();
        await serving.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        stop.Dispose();
    }

    private async Task ServeAsync()
    {
        while (!stop.IsCancellationRequested)
            _ = AnswerAsync(await listener.GetContextAsync());
    }

    private async Task AnswerAsync(HttpListenerContext context)
    {
        try
        {
            using var body = new MemoryStream();
            await context.Request.InputStream.CopyToAsync(body, stop.Token);
            var request = new Asked(context.Request.HttpMethod, context.Request.RawUrl!, context.Request.Headers["Idempotency-Key"], body.ToArray());
            lock (asked) asked.Add(request);
            var path = request.PathAndQuery.Split('?')[0];
            var answer = answers.TryGetValue($"{request.Method} {path}", out var known) ? known(request) : new Answer(404, """{"title":"Not found","status":404,"detail":"not here"}""");
            context.Response.StatusCode = answer.Status;
            context.Response.ContentType = answer.Body.StartsWith("data:", StringComparison.Ordinal) ? "text/event-stream"
                : answer.Body.StartsWith('<') ? "text/html" : "application/json";
            if (request.Method != "HEAD") await context.Response.OutputStream.WriteAsync(Encoding.UTF8.GetBytes(answer.Body), stop.Token);
            if (answer.StaysOpen)
            {
                await context.Response.OutputStream.FlushAsync(stop.Token);
                await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, stop.Token);
            }
            context.Response.Close();
        }
        catch (Exception e) when (e is HttpListenerException or IOException or OperationCanceledException or ObjectDisposedException)
        {
            // The client went away, or the test is over.
        }
    }
}

internal sealed record Asked(string Method, string PathAndQuery, string? IdempotencyKey, byte[] Body)
{
    public string Text => Encoding.UTF8.GetString(Body);
}

internal sealed record Answer(int Status, string Body, bool StaysOpen = false);
