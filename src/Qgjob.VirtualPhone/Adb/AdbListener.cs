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
    private readonly Task _accepting;

    private AdbListener(TcpListener listener, Func<Socket, AdbConnection> connect)
    {
        _listener = listener;
        _connect = connect;
        _accepting = AcceptAsync();
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    /// <param name="port">0 for a free one.</param>
    /// <param name="connect">Makes the connection for a socket.</param>
    public static AdbListener Start(int port, Func<Socket, AdbConnection> connect)
    {
        var listener = new TcpListener(IPAddress.Loopback, port);
        try
        {
            listener.Start();
            return new AdbListener(listener, connect);
        }
        catch
        {
            listener.Dispose();
            throw;
        }
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
        await connection.RunAsync(_stop.Token);
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
