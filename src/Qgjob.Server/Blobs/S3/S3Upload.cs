using System.Collections.Concurrent;
using Amazon.S3;
using Amazon.S3.Model;

namespace Qgjob.Server.Blobs.S3;

/// <summary>Sends a received file: small ones at once, large ones in parts.</summary>
internal sealed class S3Upload(IAmazonS3 s3, S3Place place)
{
    public const long PartBytes = 16 << 20;
    /// <summary>A store takes at most 10,000 parts.</summary>
    private const int MostParts = 9_000;
    private const int AtOnce = 3;

    // Signed chunk by chunk is Amazon's own; others store what comes, with the signatures in it. Whole, the hash goes ahead.
    private bool InChunks => place.Endpoint is null;

    public async Task SendAsync(string key, ReceivedFile file, CancellationToken cancel)
    {
        if (file.Length > PartBytes) await SendPartsAsync(key, file, cancel);
        else await SendAsync(key, new PartStream(file.Content.SafeFileHandle, 0, file.Length), file.Sha256, cancel);
    }

    public Task SendAsync(string key, Stream content, string? sha256, CancellationToken cancel)
    {
        var request = new PutObjectRequest { BucketName = place.Bucket, Key = place.Prefix + key, InputStream = content, UseChunkEncoding = InChunks };
        if (sha256 is not null) request.Metadata["sha256"] = sha256;
        return s3.PutObjectAsync(request, cancel);
    }

    private async Task SendPartsAsync(string key, ReceivedFile file, CancellationToken cancel)
    {
        var start = new InitiateMultipartUploadRequest { BucketName = place.Bucket, Key = place.Prefix + key };
        start.Metadata["sha256"] = file.Sha256;
        var upload = await s3.InitiateMultipartUploadAsync(start, cancel);
        try
        {
            var size = Math.Max(PartBytes, file.Length / MostParts + 1);
            var parts = new ConcurrentBag<PartETag>();
            await Parallel.ForEachAsync(
                Enumerable.Range(0, (int)((file.Length + size - 1) / size)), new ParallelOptions { MaxDegreeOfParallelism = AtOnce, CancellationToken = cancel },
                async (index, stop) =>
                {
                    var length = Math.Min(size, file.Length - index * size);
                    var sent = await s3.UploadPartAsync(
                        new UploadPartRequest
                        {
                            BucketName = place.Bucket,
                            Key = place.Prefix + key,
                            UploadId = upload.UploadId,
                            PartNumber = index + 1,
                            PartSize = length,
                            UseChunkEncoding = InChunks,
                            InputStream = new PartStream(file.Content.SafeFileHandle, index * size, length),
                        }, stop);
                    parts.Add(new PartETag(index + 1, sent.ETag));
                });
            await s3.CompleteMultipartUploadAsync(
                new CompleteMultipartUploadRequest { BucketName = place.Bucket, Key = place.Prefix + key, UploadId = upload.UploadId, PartETags = [.. parts.OrderBy(p => p.PartNumber)] }, cancel);
        }
        catch
        {
            await AbortAsync(key, upload.UploadId);
            throw;
        }
    }

    private async Task AbortAsync(string key, string uploadId)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(10), TimeProvider.System);
        try
        {
            await s3.AbortMultipartUploadAsync(new AbortMultipartUploadRequest { BucketName = place.Bucket, Key = place.Prefix + key, UploadId = uploadId }, limit.Token);
        }
        catch (Exception e) when (S3Calls.IsFailure(e) || e is OperationCanceledException)
        {
            // Then the bucket's own rule for unfinished uploads has to remove it.
        }
    }
}
