using System.Collections.Concurrent;
using System.Globalization;
using System.Runtime.CompilerServices;
using Amazon.S3;
using Amazon.S3.Model;
using Qgjob.Core;

namespace Qgjob.Server.Blobs.S3;

/// <summary>Blobs as objects of a bucket, in any store that speaks Amazon's S3.</summary>
internal sealed class S3Blobs : IBlobs, IDisposable
{
    private const string UsedAt = "used-at";
    private const int KnownUses = 5_000;
    private const int MostPerCall = 1000;
    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(20);
    /// <summary>A use is noted at most so often: it is one more call, and retention counts in days.</summary>
    private static readonly TimeSpan NoteEvery = TimeSpan.FromHours(6);
    private static readonly TimeSpan BelievedFor = TimeSpan.FromMinutes(10);

    private readonly S3Place place;
    private readonly IIdSource ids;
    private readonly AmazonS3Client s3;
    private readonly S3Upload upload;
    private readonly S3Log logs;
    // When this server last saw a blob, and when it last noted a use of it.
    private readonly ConcurrentDictionary<string, (DateTimeOffset SeenAt, DateTimeOffset NotedAt)> uses = new();

    public S3Blobs(S3Place place, IIdSource ids)
    {
        (this.place, this.ids) = (place, ids);
        try
        {
            s3 = place.Connect();
        }
        catch (Exception e) when (S3Calls.IsFailure(e))
        {
            throw place.Explain(e);
        }
        upload = new S3Upload(s3, place);
        logs = new S3Log(s3, place, upload);
    }

    public string Place => place.ToString();

    public async Task CheckAsync(CancellationToken cancel)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        limit.CancelAfter(StartLimit);
        var key = ids.NewId("check");
        try
        {
            await s3.ListObjectsV2Async(new ListObjectsV2Request { BucketName = place.Bucket, Prefix = place.Prefix, MaxKeys = 1 }, limit.Token);
            await upload.SendAsync(key, new MemoryStream("qgjob"u8.ToArray()), null, limit.Token);
            using (await s3.GetObjectAsync(place.Bucket, place.Prefix + key, limit.Token)) await s3.DeleteObjectAsync(place.Bucket, place.Prefix + key, limit.Token);
        }
        catch (Exception e) when (S3Calls.IsFailure(e) || (e is OperationCanceledException && !cancel.IsCancellationRequested))
        {
            throw place.Explain(e);
        }
    }

    public Task PutAsync(string key, ReceivedFile file, CancellationToken cancel) => DoAsync(() => upload.SendAsync(key, file, cancel), cancel);

    public Task PutAsync(string key, ReadOnlyMemory<byte> bytes, CancellationToken cancel) =>
        DoAsync(() => upload.SendAsync(key, new MemoryStream(bytes.ToArray(), writable: false), null, cancel), cancel);

    public async Task<bool> ExistsAsync(string key, CancellationToken cancel) => await HeadAsync(key, cancel) is not null;

    public async Task<OpenBlob?> OpenAsync(string key, CancellationToken cancel) =>
        await HeadAsync(key, cancel) is { } head ? new OpenBlob(new S3ReadStream(s3, place, key, head.ContentLength), head.LastModified ?? DateTime.UnixEpoch) : null;

    public async IAsyncEnumerable<BlobInfo> ListAsync(string prefix, [EnumeratorCancellation] CancellationToken cancel)
    {
        var request = new ListObjectsV2Request { BucketName = place.Bucket, Prefix = place.Prefix + prefix };
        do
        {
            var page = await place.CallAsync(() => s3.ListObjectsV2Async(request, cancel), cancel);
            foreach (var one in page.S3Objects ?? [])
                yield return new BlobInfo(one.Key[place.Prefix.Length..], one.Size ?? 0, one.LastModified ?? DateTime.UnixEpoch);
            request.ContinuationToken = page.NextContinuationToken;
        }
        while (request.ContinuationToken is not null);
    }

    public async Task DeleteAsync(IReadOnlyList<string> keys, CancellationToken cancel)
    {
        foreach (var some in keys.Chunk(MostPerCall))
            await DoAsync(() => s3.DeleteObjectsAsync(
                new DeleteObjectsRequest { BucketName = place.Bucket, Quiet = true, Objects = [.. some.Select(k => new KeyVersion { Key = place.Prefix + k })] }, cancel), cancel);
    }

    public async Task DeleteAllAsync(string prefix, CancellationToken cancel)
    {
        var keys = new List<string>();
        await foreach (var blob in ListAsync(prefix, cancel)) keys.Add(blob.Key);
        await DeleteAsync(keys, cancel);
    }

    public Task<long> AppendAsync(string key, long offset, ReadOnlyMemory<byte> bytes, long limit, CancellationToken cancel) =>
        place.CallAsync(() => logs.AppendAsync(key, offset, bytes, limit, cancel), cancel);

    public Task<long> CopyLogAsync(string key, long position, Stream target, CancellationToken cancel) =>
        place.CallAsync(() => logs.CopyAsync(key, position, target, cancel), cancel);

    public async ValueTask<bool> UseAsync(string key, DateTimeOffset now, CancellationToken cancel)
    {
        var last = uses.GetValueOrDefault(key);
        if (now - last.SeenAt >= BelievedFor)
        {
            if (!await ExistsAsync(key, cancel)) return false;
            last.SeenAt = now;
        }
        if (now - last.NotedAt >= NoteEvery)
        {
            var note = new PutObjectRequest { BucketName = place.Bucket, Key = NoteOf(key), ContentBody = "" };
            note.Metadata[UsedAt] = now.ToString("O", CultureInfo.InvariantCulture);
            await place.CallAsync(() => s3.PutObjectAsync(note, cancel), cancel);
            last.NotedAt = now;
        }
        if (uses.Count >= KnownUses) uses.Clear();
        uses[key] = last;
        return true;
    }

    public async ValueTask<DateTimeOffset> LastUseAsync(BlobInfo blob, CancellationToken cancel) =>
        await HeadAsync(NoteOf(blob.Key)[place.Prefix.Length..], cancel) is { } note
            && DateTimeOffset.TryParse(note.Metadata[UsedAt], CultureInfo.InvariantCulture, DateTimeStyles.None, out var used) && used > blob.ModifiedAt
            ? used
            : blob.ModifiedAt;

    public void Dispose() => s3.Dispose();

    /// <summary>Apart from the blobs, so that listing those does not meet it.</summary>
    private string NoteOf(string key) => $"{place.Prefix}uses/{key}";

    private Task<GetObjectMetadataResponse?> HeadAsync(string key, CancellationToken cancel) =>
        place.CallAsync<GetObjectMetadataResponse?>(async () =>
        {
            try
            {
                return await s3.GetObjectMetadataAsync(place.Bucket, place.Prefix + key, cancel);
            }
            catch (AmazonS3Exception e) when (S3Calls.IsMissing(e))
            {
                return null;
            }
        }, cancel);

    private Task<bool> DoAsync(Func<Task> call, CancellationToken cancel) => place.CallAsync(
        async () =>
        {
            await call();
            return true;
        }, cancel);
}
