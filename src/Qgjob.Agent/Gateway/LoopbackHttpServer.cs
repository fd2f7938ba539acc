using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace Qgjob.Agent.Gateway;

/// <summary>
/// A small HTTP/1.1 server on a loopback port of its own choosing. It exists because Kestrel would triple the size and
/// start time of the command, and HttpListener can neither pick a free port nor tell that a client hung up.
/// </summary>
internal sealed class LoopbackHttpServer : IAsyncDisposable
{
    private readonly TcpListener listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource stop = new();
    private readonly ConcurrentDictionary<Task, bool> connections = new();
    private readonly Func<HttpRequest, CancellationToken, Task<HttpReply>> handle;
    private readonly Task accepting;

    /// <param name="handle">Its token is cancelled when the client hangs up. Exceptions become a 500.</param>
    public LoopbackHttpServer(Func<HttpRequest, CancellationToken, Task<HttpReply>> handle)
    {
        this.handle = handle;
        listener.Start();
        Port = ((IPEndPoint)listener.LocalEndpoint).Port;
        accepting = AcceptAsync();
    }

    public int Port { get; }

    public async ValueTask DisposeAsync()
    {
        if (stop.IsCancellationRequested) return;
        await stop.CancelAsync().ConfigureAwait(false);
        listener.Stop();
        await accepting.ConfigureAwait(false);
        await Task.WhenAll(connections.Keys).ConfigureAwait(false);
        listener.Dispose();
        stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        while (!stop.IsCancellationRequested)
        {
            try
            {
                var client = await listener.AcceptSocketAsync(stop.Token).ConfigureAwait(false);
                var connection = Task.Run(() => ServeAsync(client), CancellationToken.None);
                connections[connection] = true;
                _ = connection.ContinueWith(t => connections.TryRemove(t, out _), TaskScheduler.Default);
            }
            catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException)
            {
                // Either we stop, or a client hung up before it was accepted.
            }
        }
    }

    private async Task ServeAsync(Socket client)
    {
        client.NoDelay = true;
        var stream = new NetworkStream(client, ownsSocket: true);
        await using (stream.ConfigureAwait(false))
        {
            var reader = new HttpReader(stream);
            try
            {
                while (await reader.ReadAsync(stop.Token).ConfigureAwait(false) is { } request)
                {
                    using var gone = CancellationTokenSource.CreateLinkedTokenSource(stop.Token);
                    reader.WatchForClose(gone);
                    var reply = await ReplyAsync(request, gone.Token).ConfigureAwait(false);
                    await stream.WriteAsync(reply.ToBytes(request.KeepAlive), stop.Token).ConfigureAwait(false);
                    if (!request.KeepAlive) return;
                }
            }
            catch (Exception e) when (e is IOException or OperationCanceledException or SocketException or InvalidDataException)
            {
                // The client left or talks nonsense; either way this connection is over.
            }
        }
    }

    private async Task<HttpReply> ReplyAsync(HttpRequest request, CancellationToken gone)
    {
        try
        {
            return await handle(request, gone).ConfigureAwait(false);
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            return WebDriverError.Final($"gateway: {e.Message}");
        }
    }
}
