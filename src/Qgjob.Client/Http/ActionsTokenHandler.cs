using System.Net;
using System.Net.Http.Headers;

namespace Qgjob.Client.Http;

/// <summary>Puts GitHub's OIDC token on every request, and a new one before the old one ends.</summary>
/// <param name="tokens">Where they come from.</param>
/// <param name="inner">Carries the requests.</param>
public sealed class ActionsTokenHandler(ActionsTokens tokens, HttpMessageHandler inner) : DelegatingHandler(inner)
{
    /// <inheritdoc/>
    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var token = await SignAsync(request, cancellationToken).ConfigureAwait(false);
        var response = await base.SendAsync(request, cancellationToken).ConfigureAwait(false);
        if (response.StatusCode is not HttpStatusCode.Unauthorized) return response;
        // The clocks may differ: the server may think that it is over. What has no body is asked again with a new one.
        tokens.Drop(token);
        if (request.Content is not null) return response;
        response.Dispose();
        await SignAsync(request, cancellationToken).ConfigureAwait(false);
        return await base.SendAsync(request, cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing) tokens.Dispose();
        base.Dispose(disposing);
    }

    private async ValueTask<string> SignAsync(HttpRequestMessage request, CancellationToken cancel)
    {
        var token = await tokens.TakeAsync(cancel).ConfigureAwait(false);
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        return token;
    }
}
