using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace Qgjob.Phones.Adb;

/// <summary>Waits on a loopback port for adb servers; more than one may be connected.</summary>
internal sealed class AdbListener : IAsyncDisposable
{
    private readonly TcpListener listener;
    private readonly Func<Socket, AdbConnection> connect;
    private readonly CancellationTokenSource stop = new();
    private readonly ConcurrentDictionary<Task, byte> connections = new();
    private readonly TimeProvider time;
    private readonly Task accepting;
    private readonly Lock gate = new();
    private CancellationTokenSource drop = new();
    private DateTimeOffset downUntil;

    private AdbListener(TcpListener listener, TimeProvider time, Func<Socket, AdbConnection> connect)
    {
        this.listener = listener;
        this.time = time;
        this.connect = connect;
        accepting = AcceptAsync();
    }

    public int Port => ((IPEndPoint)listener.LocalEndpoint).Port;

    /// <param name="port">0 for a free one.</param>
    /// <param name="time">Its clock, for being down.</param>
    /// <param name="connect">Makes the connection for a socket.</param>
    public static AdbListener Start(int port, TimeProvider time, Func<Socket, AdbConnection> connect)
    {
        var listener = new TcpListener(IPAddress.Loopback, port);
        try
        {
            listener.Start();
            return new AdbListener(listener, time, connect);
        }
        catch
        {
            listener.Dispose();
            throw;
        }
    }

    /// <summary>
    /// Ends all connections and hangs up on new ones for so long. The port stays ours: another program must not get it.
    /// </summary>
    public void Drop(TimeSpan time)
    {
        CancellationTokenSource drop;
        lock (gate)
        {
            downUntil = this.time.GetUtcNow() + time;
            (drop, this.drop) = (this.drop, new CancellationTokenSource());
        }

        drop.Cancel();
    }

    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        await accepting;
        listener.Dispose();
        await Task.WhenAll(connections.Keys);
        stop.Dispose();
    }

    private async Task ServeAsync(Socket socket)
    {
        using var connection = connect(socket);
        CancellationToken drop;
        lock (gate)
        {
            if (time.GetUtcNow() < downUntil)
                return;
            drop = this.drop.Token;
        }

        using var end = CancellationTokenSource.CreateLinkedTokenSource(stop.Token, drop);
        await connection.RunAsync(end.Token);
    }

    private async Task AcceptAsync()
    {
        while (!stop.IsCancellationRequested)
        {
            try
            {
                var socket = await listener.AcceptSocketAsync(stop.Token);
                var connection = Task.Run(() => ServeAsync(socket), CancellationToken.None);
                connections[connection] = 0;
                _ = connection.ContinueWith(t => connections.TryRemove(t, out _), TaskScheduler.Default);
            }
            catch (OperationCanceledException)
            {
                return;
            }
            catch (SocketException)
            {
                // A host that hung up while it was being accepted; the next one may stay.
            }
        }
    }
}
