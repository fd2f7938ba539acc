using System.Net;

namespace Qgjob.Client.Http;

/// <summary>
/// Repeats requests that may be repeated (GET, HEAD, and writes that the caller marked) when a server cannot be reached or
/// says that it is overloaded: at once at each other server of the list, then 4 more rounds within about 4 s, honouring
/// <c>Retry-After</c>. What certainly never reached a server may go to another one whatever it is.
/// </summary>
public sealed class RetryHandler(HttpMessageHandler inner, TimeProvider time, ServerList servers) : DelegatingHandler(inner)
{
    /// <summary>Marks a request that has the same effect when it is sent twice. Its content must be buffered.</summary>
    public static readonly HttpRequestOptionsKey<bool> Repeatable = new("qgjob.repeatable");

    /// <summary>How long one server may take, so that another one is asked before the call's own limit ends.</summary>
    public static readonly HttpRequestOptionsKey<TimeSpan> Patience = new("qgjob.patience");

    private static readonly TimeSpan[] Delays =
        [TimeSpan.FromMilliseconds(100), TimeSpan.FromMilliseconds(300), TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(2.5)];
    private static readonly TimeSpan LongestAsked = TimeSpan.FromSeconds(10);

    /// <inheritdoc/>
    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var mayRepeat = request.Method == HttpMethod.Get || request.Method == HttpMethod.Head
            || (request.Options.TryGetValue(Repeatable, out var marked) && marked);
        var target = request.RequestUri!;
        TimeSpan? asked = null;
        for (var (attempt, round) = (1, 0); ; attempt++)
        {
            // A request is its own after it was sent once; all that changes is to whom it goes.
            var server = servers.Current;
            request.RequestUri = target.IsAbsoluteUri ? new Uri(server, target.PathAndQuery) : new Uri(server, target);
            var endsRound = attempt % servers.All.Count == 0;
            var last = endsRound && (!mayRepeat || round == Delays.Length);
            try
            {
                var response = await SendOnceAsync(request, mayRepeat && !last, cancellationToken).ConfigureAwait(false);
                if (response.StatusCode is HttpStatusCode.BadGateway or HttpStatusCode.ServiceUnavailable or HttpStatusCode.GatewayTimeout) servers.Failed(server);
                else if (response.StatusCode is not HttpStatusCode.TooManyRequests) return response;
                if (last || !mayRepeat) return response;
                asked = Longer(asked, response.Headers.RetryAfter is { } after ? after.Delta ?? after.Date - time.GetUtcNow() : null);
                response.Dispose();
            }
            catch (HttpRequestException e)
            {
                servers.Failed(server);
                if (last || !(mayRepeat || NeverArrived(e))) throw;
            }
            catch (OperationCanceledException)
            {
                // Too slow, or the caller has enough; after a slow one the next call had better go elsewhere.
                if (!cancellationToken.IsCancellationRequested) servers.Failed(server);
                if (cancellationToken.IsCancellationRequested || last || !mayRepeat) throw;
            }
            if (!endsRound) continue;
            var delay = asked is { } a && a > TimeSpan.Zero && a < LongestAsked ? a : Delays[round];
            asked = null;
            round++;
            await Task.Delay(delay, time, cancellationToken).ConfigureAwait(false);
        }
    }

    private async Task<HttpResponseMessage> SendOnceAsync(HttpRequestMessage request, bool limited, CancellationToken cancel)
    {
        if (!limited || servers.All.Count == 1 || !request.Options.TryGetValue(Patience, out var patience))
            return await base.SendAsync(request, cancel).ConfigureAwait(false);
        using var clock = new CancellationTokenSource(patience / servers.All.Count, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(clock.Token, cancel);
        return await base.SendAsync(request, either.Token).ConfigureAwait(false);
    }

    private static bool NeverArrived(HttpRequestException e) =>
        e.HttpRequestError is HttpRequestError.ConnectionError or HttpRequestError.NameResolutionError or HttpRequestError.SecureConnectionError;

    private static TimeSpan? Longer(TimeSpan? a, TimeSpan? b) => a is null || b > a ? b : a;
}
