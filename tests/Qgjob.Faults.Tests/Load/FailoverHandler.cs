namespace Qgjob.Faults.Tests.Load;

/// <summary>Sends every request to the server that answered last, of several that stand behind one address; moves on when it does not answer.</summary>
internal sealed class FailoverHandler(IReadOnlyList<Uri> servers, int first, HttpMessageHandler inner) : DelegatingHandler(inner)
{
    private int current = first;

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var used = Volatile.Read(ref current);
        var server = servers[used % servers.Count];
        request.RequestUri = new UriBuilder(request.RequestUri!) { Host = server.Host, Port = server.Port }.Uri;
        try
        {
            return await base.SendAsync(request, cancellationToken);
        }
        catch (Exception e) when (e is HttpRequestException or OperationCanceledException)
        {
            // Whoever else noticed has moved on already.
            Interlocked.CompareExchange(ref current, used + 1, used);
            throw;
        }
    }
}
