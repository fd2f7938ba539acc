using Qgjob.Core;

namespace Qgjob.Client.Http;

/// <summary>An answer that grows while it is read. A read that brings nothing for too long fails.</summary>
/// <param name="inner">The answer; disposed with this.</param>
/// <param name="silence">How long is too long.</param>
/// <param name="time">Clock of the limit.</param>
/// <param name="gaveUp">Called when a read failed for that.</param>
internal sealed class LiveStream(Stream inner, TimeSpan silence, TimeProvider time, Action gaveUp) : ReadOnlyStream
{
    /// <inheritdoc/>
    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        using var clock = new CancellationTokenSource(silence, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(clock.Token, cancellationToken);
        try
        {
            return await inner.ReadAsync(buffer, either.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException e) when (!cancellationToken.IsCancellationRequested)
        {
            gaveUp();
            throw new IOException($"Nothing came from the server for {silence.TotalSeconds:0} s.", e);
        }
    }

    /// <inheritdoc/>
    public override int Read(byte[] buffer, int offset, int count) => inner.Read(buffer, offset, count);

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing) inner.Dispose();
        base.Dispose(disposing);
    }
}
