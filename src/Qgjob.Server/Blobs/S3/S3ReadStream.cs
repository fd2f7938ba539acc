using Amazon.S3;
using Amazon.S3.Model;
using Qgjob.Core;

namespace Qgjob.Server.Blobs.S3;

/// <summary>An object's bytes: asked for when they are read, from where they are read, so that a range costs no more than itself.</summary>
internal sealed class S3ReadStream(IAmazonS3 s3, S3Place place, string key, long length) : ReadOnlyStream
{
    private GetObjectResponse? response;
    private long position;

    public override bool CanSeek => true;
    public override long Length => length;

    public override long Position
    {
        get => position;
        set => Seek(value, SeekOrigin.Begin);
    }

    public override long Seek(long offset, SeekOrigin origin)
    {
        var target = origin switch
        {
            SeekOrigin.Begin => offset,
            SeekOrigin.Current => position + offset,
            _ => length + offset,
        };
        if (target != position) Close(ref response);
        return position = target;
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (position >= length || buffer.Length == 0) return 0;
        var read = await place.CallAsync(async () =>
        {
            response ??= await s3.GetObjectAsync(
                new GetObjectRequest { BucketName = place.Bucket, Key = place.Prefix + key, ByteRange = new ByteRange(position, length - 1) }, cancellationToken);
            return await response.ResponseStream.ReadAsync(buffer, cancellationToken);
        }, cancellationToken);
        if (read == 0) throw new BlobsUnavailableException($"{place} ended {key} early.", new EndOfStreamException());
        position += read;
        return read;
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing) Close(ref response);
        base.Dispose(disposing);
    }

    private static void Close(ref GetObjectResponse? response)
    {
        response?.Dispose();
        response = null;
    }
}
