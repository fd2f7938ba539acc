namespace Qgjob.Agent.Reports;

/// <summary>Reads at most so many bytes of what may be a zip bomb.</summary>
/// <exception cref="InvalidDataException">From reading: there is more.</exception>
internal sealed class BoundedStream(Stream inner, long most) : Stream
{
    private long passed;

    public override bool CanRead => true;
    public override bool CanSeek => false;
    public override bool CanWrite => false;
    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override int Read(byte[] buffer, int offset, int count)
    {
        var read = inner.Read(buffer, offset, count);
        passed += read;
        return passed > most ? throw new InvalidDataException($"It unpacks to more than {most} bytes.") : read;
    }

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing) inner.Dispose();
        base.Dispose(disposing);
    }
}
