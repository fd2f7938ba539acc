using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace Qgjob.Phones.Adb;

/// <summary>Waits on a loopback port for adb servers; more than one may be connected.</summary>
internal sealed class AdbListener : IAsyncDisposable
{
    private readonly TcpListener _listener;
    private readonly Func<Socket, AdbConnection> _connect;
    private readonly CancellationTokenSource _stop = new();
    private readonly ConcurrentDictionary<Task, byte> _connections = new();
    private readonly TimeProvider _time;
    private readonly Task _accepting;
    private readonly Lock _gate = new();
    private CancellationTokenSource _drop = new();
    private DateTimeOffset _downUntil;

    private AdbListener(TcpListener listener, TimeProvider time, Func<Socket, AdbConnection> connect)
    {
        _listener = listener;
        _time = time;
        _connect = connect;
        _accepting = AcceptAsync();
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

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
        lock (_gate)
        {
            _downUntil = _time.GetUtcNow() + time;
            (drop, _drop) = (_drop, new CancellationTokenSource());
        }

        drop.Cancel();
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _accepting;
        _listener.Dispose();
        await Task.WhenAll(_connections.Keys);
        _stop.Dispose();
    }

    private async Task ServeAsync(Socket socket)
    {
        using var connection = _connect(socket);
        CancellationToken drop;
        lock (_gate)
        {
            if (_time.GetUtcNow() < _downUntil)
                return;
            drop = _drop.Token;
        }

        using var end = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token, drop);
        await connection.RunAsync(end.Token);
    }

    private async Task AcceptAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                var socket = await _listener.AcceptSocketAsync(_stop.Token);
                var connection = Task.Run(() => ServeAsync(socket), CancellationToken.None);
                _connections[connection] = 0;
                _ = connection.ContinueWith(t => _connections.TryRemove(t, out _), TaskScheduler.Default);
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
