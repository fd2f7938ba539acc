using System.Threading.Channels;

namespace Qgjob.Phones.Adb;

/// <summary>
/// One service call inside an adb connection, as an ordinary stream. Both directions allow one message in flight:
/// we send the next after the host's OKAY, and answer OKAY when the service has taken what came.
/// </summary>
internal sealed class AdbStream(AdbConnection connection, uint localId, uint remoteId) : Stream
{
    // The host may have one unacknowledged message; a second one breaks the protocol.
    private readonly Channel<byte[]> arrived = Channel.CreateBounded<byte[]>(1);
    private readonly SemaphoreSlim maySend = new(1, 1);
    private readonly CancellationTokenSource closed = new();
    private ReadOnlyMemory<byte> rest;
    private int closeSent;

    public uint LocalId => localId;

    /// <summary>Cancelled when either side closed the stream or the connection was lost.</summary>
    public CancellationToken Closed => closed.Token;

    public override bool CanRead => true;

    public override bool CanWrite => true;

    public override bool CanSeek => false;

    public override long Length => throw new NotSupportedException();

    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        while (rest.IsEmpty)
        {
            if (!await arrived.Reader.WaitToReadAsync(cancellationToken))
                return 0;
            if (!arrived.Reader.TryRead(out var next))
                continue;
            rest = next;
            if (!closed.IsCancellationRequested)
                await connection.SendAsync(new AdbPacket(AdbPacket.Okay, localId, remoteId, 0), default, cancellationToken);
        }

        var count = Math.Min(buffer.Length, rest.Length);
        rest[..count].CopyTo(buffer);
        rest = rest[count..];
        return count;
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, closed.Token);
        while (!buffer.IsEmpty)
        {
            var part = buffer[..Math.Min(buffer.Length, connection.MaxSend)];
            try
            {
                await maySend.WaitAsync(either.Token);
            }
            catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
            {
                throw new IOException("The host closed this adb stream.");
            }

            await connection.SendAsync(new AdbPacket(AdbPacket.Write, localId, remoteId, part.Length), part, cancellationToken);
            buffer = buffer[part.Length..];
        }
    }

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    /// <summary>Closes our side, after the host has taken the last message.</summary>
    public async Task CloseAsync(CancellationToken cancel)
    {
        try
        {
            using var either = CancellationTokenSource.CreateLinkedTokenSource(cancel, closed.Token);
            await maySend.WaitAsync(either.Token);
        }
        catch (OperationCanceledException)
        {
            // Closed by the host already, or the phone goes down: nothing left to wait for.
        }

        await SendCloseAsync(cancel);
    }

    /// <returns>False where the host sent a second message before we acknowledged the first.</returns>
    internal bool Deliver(byte[] payload) =>
        // What arrives while we close is normal (a shell's end of input, often), and lost as on a phone.
        arrived.Writer.TryWrite(payload) || Volatile.Read(ref closeSent) != 0;

    internal void Acknowledge()
    {
        if (maySend.CurrentCount == 0)
            maySend.Release();
    }

    /// <summary>Closes without waiting for what is under way: the host closed its side, or there is nothing left to say.</summary>
    internal Task CloseNowAsync(CancellationToken cancel) => SendCloseAsync(cancel);

    internal void Abandon()
    {
        closeSent = 1;
        End();
    }

    private async Task SendCloseAsync(CancellationToken cancel)
    {
        if (Interlocked.Exchange(ref closeSent, 1) != 0)
            return;
        End();
        connection.Forget(this);
        await connection.SendAsync(new AdbPacket(AdbPacket.Close, localId, remoteId, 0), default, cancel);
    }

    private void End()
    {
        arrived.Writer.TryComplete();
        closed.Cancel();
    }

    public override void Flush()
    {
    }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException("Asynchronous only.");

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException("Asynchronous only.");

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();
}
