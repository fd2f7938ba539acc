using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Qgjob.Client.Wire;

namespace Qgjob.Client.Http;

/// <summary>Sends JSON and streams to one server, or to whichever of several can be reached, and turns what goes wrong into two exceptions.</summary>
public sealed class Transport : IDisposable
{
    // Behind a cut cable nobody refuses: without a limit the system tries for minutes.
    private static readonly TimeSpan ConnectLimit = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan UsualLimit = TimeSpan.FromSeconds(30);

    private readonly HttpClient http;
    private readonly TimeProvider time;

    /// <param name="server">The server's address.</param>
    /// <param name="token">Bearer token, if the server asks for one.</param>
    /// <param name="time">Clock of the limits and retries.</param>
    public Transport(Uri server, string? token, TimeProvider time) : this([server], token, time)
    {
    }

    /// <param name="servers">Addresses of servers on one store, at least one.</param>
    /// <param name="token">Bearer token, if the servers ask for one.</param>
    /// <param name="time">Clock of the limits and retries.</param>
    public Transport(IReadOnlyList<Uri> servers, string? token, TimeProvider time)
        : this(servers, token, time, Sockets())
    {
    }

    /// <param name="server">The server's address.</param>
    /// <param name="token">Bearer token, if the server asks for one.</param>
    /// <param name="time">Clock of the limits and retries.</param>
    /// <param name="inner">Carries the requests; a stand-in in tests.</param>
    public Transport(Uri server, string? token, TimeProvider time, HttpMessageHandler inner) : this([server], token, time, inner)
    {
    }

    /// <param name="servers">Addresses of servers on one store, at least one.</param>
    /// <param name="token">Bearer token, if the servers ask for one.</param>
    /// <param name="time">Clock of the limits and retries.</param>
    /// <param name="inner">Carries the requests; a stand-in in tests.</param>
    public Transport(IReadOnlyList<Uri> servers, string? token, TimeProvider time, HttpMessageHandler inner)
    {
        Servers = new ServerList(servers);
        this.time = time;
        http = new HttpClient(new RetryHandler(inner, time, Servers))
        {
            BaseAddress = Servers.All[0],
            // Every call has its own limit: long polls, uploads and followed logs differ too much.
            Timeout = Timeout.InfiniteTimeSpan,
        };
        if (token is not null) http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
    }

    /// <summary>One that gets its bearer tokens from GitHub, as often as it needs a new one.</summary>
    /// <param name="servers">Addresses of servers on one store, at least one.</param>
    /// <param name="tokens">Where the tokens come from; disposed with the transport.</param>
    /// <param name="time">Clock of the limits and retries.</param>
    public static Transport With(IReadOnlyList<Uri> servers, ActionsTokens tokens, TimeProvider time) =>
        new(servers, null, time, new ActionsTokenHandler(tokens, Sockets()));

    /// <summary>The servers that calls may go to.</summary>
    public ServerList Servers { get; }

    /// <summary>The address that calls go to now.</summary>
    public Uri Server => Servers.Current;

    /// <summary>GET, answered with JSON; null for 404 when <paramref name="missingIsNull"/>.</summary>
    public async Task<T?> GetAsync<T>(string path, JsonTypeInfo<T> type, CancellationToken cancel, bool missingIsNull = false) where T : class
    {
        using var limit = new CallLimit(UsualLimit, time, cancel);
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        request.Options.Set(RetryHandler.Patience, UsualLimit);
        using var response = await SendAsync(request, cancel, limit.Token, missingIsNull ? HttpStatusCode.NotFound : null).ConfigureAwait(false);
        if (response.StatusCode is HttpStatusCode.NotFound && !IsJson(response))
            throw new ServerUnreachableException(Servers.All, new InvalidDataException($"it has no /{path.TrimStart('/').Split('?')[0]}"));
        return response.StatusCode is HttpStatusCode.NotFound ? null : await ReadAsync(response, type, cancel, limit.Token).ConfigureAwait(false);
    }

    /// <summary>POST of JSON, answered with JSON.</summary>
    /// <param name="path">Path and query.</param>
    /// <param name="body">What to send.</param>
    /// <param name="bodyType">Its JSON form.</param>
    /// <param name="answerType">The answer's JSON form.</param>
    /// <param name="cancel">Ends it.</param>
    /// <param name="repeatable">It may be sent again when no answer came.</param>
    /// <param name="headers">Further headers.</param>
    /// <param name="timeout">Longest wait; 30 s unless told.</param>
    public async Task<TAnswer> PostAsync<TBody, TAnswer>(
        string path, TBody body, JsonTypeInfo<TBody> bodyType, JsonTypeInfo<TAnswer> answerType, CancellationToken cancel,
        bool repeatable = false, IReadOnlyDictionary<string, string>? headers = null, TimeSpan? timeout = null)
        where TAnswer : class
    {
        using var limit = new CallLimit(timeout ?? UsualLimit, time, cancel);
        using var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = JsonOf(body, bodyType) };
        request.Options.Set(RetryHandler.Repeatable, repeatable);
        request.Options.Set(RetryHandler.Patience, timeout ?? UsualLimit);
        foreach (var (name, value) in headers ?? NoHeaders) request.Headers.Add(name, value);
        using var response = await SendAsync(request, cancel, limit.Token).ConfigureAwait(false);
        return await ReadAsync(response, answerType, cancel, limit.Token).ConfigureAwait(false);
    }

    /// <summary>PUT of JSON, answered with JSON; repeated when no answer comes.</summary>
    public async Task<TAnswer> PutAsync<TBody, TAnswer>(
        string path, TBody body, JsonTypeInfo<TBody> bodyType, JsonTypeInfo<TAnswer> answerType, CancellationToken cancel) where TAnswer : class
    {
        using var limit = new CallLimit(UsualLimit, time, cancel);
        using var request = new HttpRequestMessage(HttpMethod.Put, path) { Content = JsonOf(body, bodyType) };
        request.Options.Set(RetryHandler.Repeatable, true);
        request.Options.Set(RetryHandler.Patience, UsualLimit);
        using var response = await SendAsync(request, cancel, limit.Token).ConfigureAwait(false);
        return await ReadAsync(response, answerType, cancel, limit.Token).ConfigureAwait(false);
    }

    /// <summary>DELETE: true when there was something to delete, false for 404.</summary>
    public async Task<bool> DeleteAsync(string path, CancellationToken cancel)
    {
        using var limit = new CallLimit(UsualLimit, time, cancel);
        using var request = new HttpRequestMessage(HttpMethod.Delete, path);
        request.Options.Set(RetryHandler.Patience, UsualLimit);
        using var response = await SendAsync(request, cancel, limit.Token, HttpStatusCode.NotFound).ConfigureAwait(false);
        return response.IsSuccessStatusCode;
    }

    /// <summary>True when HEAD answers 2xx, false for 404.</summary>
    public async Task<bool> ExistsAsync(string path, CancellationToken cancel)
    {
        using var limit = new CallLimit(UsualLimit, time, cancel);
        using var response = await SendAsync(new HttpRequestMessage(HttpMethod.Head, path), cancel, limit.Token, HttpStatusCode.NotFound).ConfigureAwait(false);
        return response.IsSuccessStatusCode;
    }

    /// <summary>PUT or POST of bytes; the answer as a response that the caller disposes.</summary>
    /// <param name="method">PUT or POST.</param>
    /// <param name="path">Path and query.</param>
    /// <param name="content">The bytes.</param>
    /// <param name="cancel">Ends it.</param>
    /// <param name="askFirst">The server may refuse before the bytes are sent (<c>Expect: 100-continue</c>).</param>
    public Task<HttpResponseMessage> SendBytesAsync(HttpMethod method, string path, HttpContent content, CancellationToken cancel, bool askFirst = false)
    {
        var request = new HttpRequestMessage(method, path) { Content = content };
        if (askFirst) request.Headers.ExpectContinue = true;
        return SendAsync(request, cancel, cancel);
    }

    /// <summary>GET of a stream that may stay open as long as the caller reads it.</summary>
    public Task<HttpResponseMessage> OpenAsync(string path, CancellationToken cancel, HttpStatusCode? accepted = null) =>
        SendAsync(new HttpRequestMessage(HttpMethod.Get, path), cancel, cancel, accepted);

    /// <summary>
    /// GET of a stream that is given up when nothing comes for a while: a server that hangs, or a connection that died
    /// unnoticed, breaks nothing off. Reading then ends with an <see cref="IOException"/>.
    /// </summary>
    /// <param name="path">Path and query.</param>
    /// <param name="silence">The longest wait for the answer to begin, and for each next part of it.</param>
    /// <param name="beats">The server sends something sooner than that even when there is nothing to say; when it does not, calls go to the next server.</param>
    /// <param name="cancel">Ends it.</param>
    public async Task<HttpResponseMessage> OpenLiveAsync(string path, TimeSpan silence, bool beats, CancellationToken cancel)
    {
        using var limit = new CallLimit(silence, time, cancel);
        var request = new HttpRequestMessage(HttpMethod.Get, path);
        request.Options.Set(RetryHandler.Patience, silence);
        var response = await SendAsync(request, cancel, limit.Token).ConfigureAwait(false);
        var server = request.RequestUri is { IsAbsoluteUri: true } asked ? new Uri(asked, "/") : Server;
        var stream = await response.Content.ReadAsStreamAsync(cancel).ConfigureAwait(false);
        response.Content = new StreamContent(new LiveStream(stream, silence, time, () =>
        {
            if (beats) Servers.Failed(server);
        }));
        return response;
    }

    /// <summary>The body as JSON; an empty or foreign body means that something else answers at this address.</summary>
    public Task<T> ReadAsync<T>(HttpResponseMessage response, JsonTypeInfo<T> type, CancellationToken cancel) where T : class =>
        ReadAsync(response, type, cancel, cancel);

    /// <inheritdoc/>
    public void Dispose() => http.Dispose();

    private static SocketsHttpHandler Sockets() => new() { AutomaticDecompression = DecompressionMethods.All, ConnectTimeout = ConnectLimit };

    private static readonly Dictionary<string, string> NoHeaders = [];

    private static ByteArrayContent JsonOf<T>(T body, JsonTypeInfo<T> type)
    {
        var content = new ByteArrayContent(JsonSerializer.SerializeToUtf8Bytes(body, type));
        content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        return content;
    }

    private async Task<T> ReadAsync<T>(HttpResponseMessage response, JsonTypeInfo<T> type, CancellationToken caller, CancellationToken limited) where T : class
    {
        try
        {
            var stream = await response.Content.ReadAsStreamAsync(limited).ConfigureAwait(false);
            return await JsonSerializer.DeserializeAsync(stream, type, limited).ConfigureAwait(false)
                ?? throw new JsonException("the answer is null");
        }
        catch (JsonException e)
        {
            throw new ServerUnreachableException(Servers.All, new InvalidDataException($"what answered there is not a qgjob server of this version ({e.Message})", e));
        }
        // The server died, or a proxy gave up, in the middle of its answer.
        catch (IOException e)
        {
            throw new ServerUnreachableException(Servers.All, e);
        }
        catch (OperationCanceledException e) when (!caller.IsCancellationRequested)
        {
            throw TooSlow(e);
        }
    }

    private async Task<HttpResponseMessage> SendAsync(
        HttpRequestMessage request, CancellationToken caller, CancellationToken limited, HttpStatusCode? accepted = null)
    {
        HttpResponseMessage response;
        try
        {
            response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, limited).ConfigureAwait(false);
        }
        catch (HttpRequestException e)
        {
            throw new ServerUnreachableException(Servers.All, e);
        }
        catch (OperationCanceledException e) when (!caller.IsCancellationRequested)
        {
            // Whoever was asked last did not answer; it is the next one's turn.
            if (request.RequestUri is { IsAbsoluteUri: true } asked) Servers.Failed(new Uri(asked, "/"));
            throw TooSlow(e);
        }
        if (response.IsSuccessStatusCode || response.StatusCode == accepted) return response;
        using (response) throw new ApiException(response.StatusCode, await ProblemOfAsync(response, caller, limited).ConfigureAwait(false));
    }

    private ServerUnreachableException TooSlow(Exception e) => new(Servers.All, new TimeoutException("it did not answer in time", e));

    /// <summary>A qgjob server explains every refusal in JSON; pages come from something else.</summary>
    private static bool IsJson(HttpResponseMessage response) =>
        response.Content.Headers.ContentType?.MediaType?.EndsWith("json", StringComparison.Ordinal) is true;

    private static async Task<Problem> ProblemOfAsync(HttpResponseMessage response, CancellationToken caller, CancellationToken limited)
    {
        var status = (int)response.StatusCode;
        try
        {
            if (IsJson(response))
            {
                var stream = await response.Content.ReadAsStreamAsync(limited).ConfigureAwait(false);
                if (await JsonSerializer.DeserializeAsync(stream, WireJson.Default.Problem, limited).ConfigureAwait(false) is { } problem) return problem;
            }
        }
        catch (Exception e) when (e is JsonException or IOException || (e is OperationCanceledException && !caller.IsCancellationRequested))
        {
            // Not a (whole) problem document: the status is all there is.
        }
        return new Problem($"HTTP {status}", status, $"The server answered {status} {response.ReasonPhrase}.");
    }

    /// <summary>The caller's own end or the call's time limit, whichever comes first.</summary>
    private sealed class CallLimit : IDisposable
    {
        private readonly CancellationTokenSource clock;
        private readonly CancellationTokenSource either;

        public CallLimit(TimeSpan limit, TimeProvider time, CancellationToken cancel)
        {
            clock = new CancellationTokenSource(limit, time);
            either = CancellationTokenSource.CreateLinkedTokenSource(clock.Token, cancel);
        }

        public CancellationToken Token => either.Token;

        public void Dispose()
        {
            either.Dispose();
            clock.Dispose();
        }
    }
}
