using System.Net;

namespace Qgjob.Client.Http;

/// <summary>
/// Repeats requests that may be repeated (GET, HEAD, and writes that the caller marked) when the server cannot be
/// reached or says that it is overloaded: 4 more tries within about 4 s, honouring <c>Retry-After</c>.
/// </summary>
public sealed class RetryHandler(HttpMessageHandler inner, TimeProvider time) : DelegatingHandler(inner)
{
    /// <summary>Marks a request that has the same effect when it is sent twice. Its content must be buffered.</summary>
    public static readonly HttpRequestOptionsKey<bool> Repeatable = new("qgjob.repeatable");

    private static readonly TimeSpan[] Delays =
        [TimeSpan.FromMilliseconds(100), TimeSpan.FromMilliseconds(300), TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(2.5)];

    /// <inheritdoc/>
    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var mayRepeat = request.Method == HttpMethod.Get || request.Method == HttpMethod.Head
            || (request.Options.TryGetValue(Repeatable, out var marked) && marked);
        for (var attempt = 0; ; attempt++)
        {
            var last = !mayRepeat || attempt == Delays.Length;
            TimeSpan? asked = null;
            try
            {
                var response = await base.SendAsync(request, cancellationToken).ConfigureAwait(false);
                if (last || response.StatusCode is not (HttpStatusCode.TooManyRequests or HttpStatusCode.BadGateway
                    or HttpStatusCode.ServiceUnavailable or HttpStatusCode.GatewayTimeout)) return response;
                asked = response.Headers.RetryAfter?.Delta;
                response.Dispose();
            }
            catch (HttpRequestException) when (!last)
            {
                // The server may be restarting; the next try tells.
            }
            var delay = asked is { } a && a < TimeSpan.FromSeconds(10) ? a : Delays[attempt];
            await Task.Delay(delay, time, cancellationToken).ConfigureAwait(false);
        }
    }
}
