using Microsoft.Win32.SafeHandles;
using Qgjob.Core;

namespace Qgjob.Server.Blobs.S3;

/// <summary>A part of an open file, so that parts can be sent side by side and again.</summary>
internal sealed class PartStream(SafeFileHandle file, long start, long length) : ReadOnlyStream
{
    private long position;

    public override bool CanSeek => true;
    public override long Length => length;

    public override long Position
    {
        get => position;
        set => position = value;
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override int Read(Span<byte> buffer)
    {
        var read = RandomAccess.Read(file, buffer[..Next(buffer.Length)], start + position);
        position += read;
        return read;
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        var read = await RandomAccess.ReadAsync(file, buffer[..Next(buffer.Length)], start + position, cancellationToken);
        position += read;
        return read;
    }

    public override long Seek(long offset, SeekOrigin origin) => position = origin switch
    {
        SeekOrigin.Begin => offset,
        SeekOrigin.Current => position + offset,
        _ => length + offset,
    };

    private int Next(int most) => (int)Math.Min(most, Math.Max(0, length - position));
}
