using Qgjob.Core;

namespace Qgjob.Agent.Reports;

/// <summary>Reads at most so many bytes of what may be a zip bomb.</summary>
/// <exception cref="InvalidDataException">From reading: there is more.</exception>
internal sealed class BoundedStream(Stream inner, long most) : ReadOnlyStream
{
    private long passed;

    public override int Read(byte[] buffer, int offset, int count) => Count(inner.Read(buffer, offset, count));

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
        Count(await inner.ReadAsync(buffer, cancellationToken).ConfigureAwait(false));

    protected override void Dispose(bool disposing)
    {
        if (disposing) inner.Dispose();
        base.Dispose(disposing);
    }

    private int Count(int read)
    {
        passed += read;
        return passed > most ? throw new InvalidDataException($"It unpacks to more than {most} bytes.") : read;
    }
}
