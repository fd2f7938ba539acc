using System.Collections.Concurrent;
using System.Net.Sockets;
using System.Text;

namespace Qgjob.Phones.Adb;

/// <summary>Runs one service call; returns when the call is over.</summary>
internal delegate Task AdbService(AdbStream stream, CancellationToken cancel);

/// <summary>The device's side of one adb connection: reads messages, and carries many streams at once.</summary>
/// <param name="socket">The host's connection; owned.</param>
/// <param name="banner">What the device says about itself.</param>
/// <param name="findService">Gives the service with that name, or null to refuse.</param>
internal sealed class AdbConnection(Socket socket, string banner, Func<string, AdbService?> findService) : IDisposable
{
    private readonly NetworkStream network = new(socket, ownsSocket: true);
    private readonly SemaphoreSlim sending = new(1, 1);
    private readonly ConcurrentDictionary<uint, AdbStream> streams = new();
    private readonly ConcurrentDictionary<Task, byte> calls = new();
    private uint lastId;

    /// <summary>The largest payload that both sides take.</summary>
    public int MaxSend { get; private set; } = 4096;

    /// <summary>Serves until the host leaves, breaks the protocol, or <paramref name="cancel"/> is cancelled.</summary>
    public async Task RunAsync(CancellationToken cancel)
    {
        socket.NoDelay = true;
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        try
        {
            await ReadMessagesAsync(ended.Token);
        }
        catch (Exception ex) when (IsEnd(ex))
        {
            // The host left, or the phone goes down. Either ends the connection, which is no failure of ours.
        }
        finally
        {
            await ended.CancelAsync();
            foreach (var stream in streams.Values)
                stream.Abandon();
            network.Close(); // calls that still write end now
            await Task.WhenAll(calls.Keys);
        }
    }

    public async Task SendAsync(AdbPacket packet, ReadOnlyMemory<byte> payload, CancellationToken cancel)
    {
        // Header and payload leave in one write: two would cost a packet and, with delayed acknowledgements, time.
        var message = new byte[AdbPacket.HeaderSize + payload.Length];
        packet.WriteHeader(message, packet.Command == AdbPacket.Connect ? Sum(payload.Span) : 0);
        payload.CopyTo(message.AsMemory(AdbPacket.HeaderSize));
        await sending.WaitAsync(cancel);
        try
        {
            await network.WriteAsync(message, cancel);
        }
        catch (ObjectDisposedException ex)
        {
            throw new IOException("The adb connection is closed.", ex);
        }
        finally
        {
            sending.Release();
        }
    }

    public void Dispose()
    {
        network.Dispose();
        sending.Dispose();
    }

    internal void Forget(AdbStream stream) => streams.TryRemove(stream.LocalId, out _);

    private async Task ReadMessagesAsync(CancellationToken cancel)
    {
        var header = new byte[AdbPacket.HeaderSize];
        while (true)
        {
            await network.ReadExactlyAsync(header, cancel);
            if (!AdbPacket.TryReadHeader(header, out var packet))
                return;
            var payload = packet.Length == 0 ? [] : new byte[packet.Length];
            await network.ReadExactlyAsync(payload, cancel);
            if (!await HandleAsync(packet, payload, cancel))
                return;
        }
    }

    /// <returns>False where the host broke the protocol.</returns>
    private async Task<bool> HandleAsync(AdbPacket packet, byte[] payload, CancellationToken cancel)
    {
        switch (packet.Command)
        {
            case AdbPacket.Connect:
                MaxSend = (int)Math.Clamp(packet.Arg1, 1024, AdbPacket.MaxPayload);
                var text = Encoding.UTF8.GetBytes(banner);
                await SendAsync(new AdbPacket(AdbPacket.Connect, AdbPacket.Version, AdbPacket.MaxPayload, text.Length), text, cancel);
                return true;
            case AdbPacket.Open:
                await OpenAsync(packet.Arg0, Encoding.UTF8.GetString(payload).TrimEnd('\0'), cancel);
                return true;
            case AdbPacket.Okay:
                if (streams.TryGetValue(packet.Arg1, out var acknowledged))
                    acknowledged.Acknowledge();
                return true;
            case AdbPacket.Write:
                // A message for a stream that we just closed is normal: the host had sent it before it knew.
                return !streams.TryGetValue(packet.Arg1, out var receiver) || receiver.Deliver(payload);
            case AdbPacket.Close:
                if (streams.TryGetValue(packet.Arg1, out var closing))
                    await closing.CloseNowAsync(cancel);
                return true;
            default:
                return true; // AUTH, STLS and later inventions: a phone that never asked for them ignores them
        }
    }

    private async Task OpenAsync(uint remoteId, string name, CancellationToken cancel)
    {
        if (findService(name) is not { } service)
        {
            await SendAsync(new AdbPacket(AdbPacket.Close, 0, remoteId, 0), default, cancel);
            return;
        }

        var stream = new AdbStream(this, ++lastId, remoteId);
        streams[stream.LocalId] = stream;
        await SendAsync(new AdbPacket(AdbPacket.Okay, stream.LocalId, remoteId, 0), default, cancel);
        var call = Task.Run(() => ServeAsync(service, stream, cancel), CancellationToken.None);
        calls[call] = 0;
        _ = call.ContinueWith(t => calls.TryRemove(t, out _), TaskScheduler.Default);
    }

    private static async Task ServeAsync(AdbService service, AdbStream stream, CancellationToken cancel)
    {
        try
        {
            using var either = CancellationTokenSource.CreateLinkedTokenSource(cancel, stream.Closed);
            await service(stream, either.Token);
            await stream.CloseAsync(cancel);
        }
        catch (Exception ex) when (IsEnd(ex))
        {
            // The host left in the middle of the call, or what the call talked to has ended. The host must hear of
            // it in either case: an open stream that nobody serves would let it wait for ever.
            await CloseNowAsync(stream, cancel);
        }
        catch
        {
            await CloseNowAsync(stream, cancel);
            throw;
        }
    }

    private static async Task CloseNowAsync(AdbStream stream, CancellationToken cancel)
    {
        try
        {
            await stream.CloseNowAsync(cancel);
        }
        catch (Exception ex) when (IsEnd(ex))
        {
            // The connection itself is gone, and every stream with it.
        }
    }

    private static bool IsEnd(Exception ex) =>
        ex is IOException or OperationCanceledException or SocketException or ObjectDisposedException;

    private static uint Sum(ReadOnlySpan<byte> payload)
    {
        uint sum = 0;
        foreach (var b in payload)
            sum += b;
        return sum;
    }
}
