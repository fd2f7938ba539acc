using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using System.Text.Json.Nodes;
using Qgjob.Agent.Gateway;

namespace Qgjob.Agent.BrowserStack;

/// <summary>What the hub answered.</summary>
/// <param name="RetryAfter">The wait that it asks for.</param>
internal sealed record HubReply(HttpReply Reply, TimeSpan? RetryAfter)
{
    public int Status => Reply.Status;

    /// <summary>WebDriver's own error, as opposed to one of what lies between.</summary>
    public string? Error
    {
        get
        {
            try
            {
                return (JsonNode.Parse(Reply.Body)?["value"] as JsonObject)?["error"]?.GetValue<string>();
            }
            catch (Exception e) when (e is JsonException or InvalidOperationException)
            {
                return null;
            }
        }
    }
}

/// <summary>BrowserStack's WebDriver hub.</summary>
internal sealed class CloudHub(BrowserStackAccount account, TimeProvider time) : IDisposable
{
    private readonly HttpClient http = new(new SocketsHttpHandler { PooledConnectionLifetime = TimeSpan.FromMinutes(10), AllowAutoRedirect = false }) { Timeout = Timeout.InfiniteTimeSpan };

    /// <param name="path">What follows /wd/hub.</param>
    /// <exception cref="HttpRequestException">It is not reached.</exception>
    public async Task<HubReply> SendAsync(string method, string path, byte[]? body, CancellationToken cancel)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), new Uri(account.Hub, $"/wd/hub{path}"));
        request.Headers.Authorization = account.Authorization;
        if (body is { Length: > 0 })
        {
            request.Content = new ByteArrayContent(body);
            request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json", "utf-8");
        }

        using var answer = await http.SendAsync(request, cancel).ConfigureAwait(false);
        var bytes = await answer.Content.ReadAsByteArrayAsync(cancel).ConfigureAwait(false);
        return new HubReply(new HttpReply((int)answer.StatusCode, bytes), CloudWait.Asked(answer, time.GetUtcNow()));
    }

    /// <summary>What a person is told of an answer.</summary>
    public string Message(HubReply reply) => account.Redact(WebDriverError.Message(reply.Reply)) is { Length: > 0 } text ? text : ((HttpStatusCode)reply.Status).ToString();

    public void Dispose() => http.Dispose();
}
