using System.Collections.Concurrent;
using System.Globalization;
using Amazon.S3;
using Amazon.S3.Model;
using Qgjob.Server.Http;

namespace Qgjob.Server.Blobs.S3;

/// <summary>
/// A log that grows, in a store where nothing can be appended to: pieces below the log's key, named by where they begin and
/// end (<c>log/0000000000000-0000000000120</c>). Many small ones become one. A piece is never changed, only replaced by a
/// larger one that covers it, so servers that append or join at once can only make pieces that overlap, of the same bytes.
/// </summary>
internal sealed class S3Log(IAmazonS3 s3, S3Place place, S3Upload upload)
{
    /// <summary>So many small pieces become one.</summary>
    public const int Joined = 32;
    private const int SmallBytes = 128 << 10;
    private const int KnownLogs = 5_000;
    private const int AtOnce = 8;
    private const int Tries = 5;

    // A hint only: how long the logs were that this server appended to, and how many small pieces it added.
    private readonly ConcurrentDictionary<string, (long Length, int Small)> known = new();

    public async Task<long> AppendAsync(string key, long offset, ReadOnlyMemory<byte> bytes, long limit, CancellationToken cancel)
    {
        if (!known.TryGetValue(key, out var log) || log.Length != offset)
        {
            var pieces = await PiecesAsync(key, cancel);
            log = (pieces.Count == 0 ? 0 : pieces[^1].End, pieces.Count(p => p.Length < SmallBytes));
        }
        if (offset > log.Length || offset + bytes.Length <= log.Length) return Note(key, log);
        if (offset + bytes.Length > limit) throw RefusedException.TooLarge(limit, "max-log");
        var fresh = bytes[(int)(log.Length - offset)..];
        await PutAsync(key, log.Length, fresh, cancel);
        log = (log.Length + fresh.Length, log.Small + (fresh.Length < SmallBytes ? 1 : 0));
        if (log.Small < Joined) return Note(key, log);
        Note(key, (log.Length, 0));
        try
        {
            await JoinAsync(key, cancel);
        }
        catch (AmazonS3Exception e) when (S3Calls.IsMissing(e))
        {
            // Another server joined them this moment.
        }
        return log.Length;
    }

    /// <returns>The position behind what was copied.</returns>
    public async Task<long> CopyAsync(string key, long position, Stream target, CancellationToken cancel)
    {
        // A piece that is gone has become part of a larger one.
        for (var tries = 0; tries < Tries; tries++)
        {
            var ahead = new Queue<(Piece Piece, Task<GetObjectResponse> Answer)>();
            var next = position;
            try
            {
                foreach (var piece in (await PiecesAsync(key, cancel)).Where(p => p.End > position))
                {
                    ahead.Enqueue((piece, GetAsync(key, piece, Math.Max(0, next - piece.Start), cancel)));
                    next = piece.End;
                    if (ahead.Count == AtOnce) position = await TakeAsync(ahead, target, cancel);
                }
                while (ahead.Count > 0) position = await TakeAsync(ahead, target, cancel);
                return position;
            }
            catch (AmazonS3Exception e) when (S3Calls.IsMissing(e))
            {
                // Once more, from where it came to.
            }
            finally
            {
                foreach (var (_, answer) in ahead) _ = DropAsync(answer);
            }
        }
        return position;
    }

    private static async Task<long> TakeAsync(Queue<(Piece Piece, Task<GetObjectResponse> Answer)> ahead, Stream target, CancellationToken cancel)
    {
        var (piece, asked) = ahead.Dequeue();
        using var answer = await asked;
        await answer.ResponseStream.CopyToAsync(target, cancel);
        return piece.End;
    }

    private static async Task DropAsync(Task<GetObjectResponse> asked)
    {
        try
        {
            using (await asked)
            {
            }
        }
        catch (Exception e) when (S3Calls.IsFailure(e) || e is OperationCanceledException)
        {
            // Nobody wants it any more.
        }
    }

    private Task<GetObjectResponse> GetAsync(string key, Piece piece, long skip, CancellationToken cancel) => s3.GetObjectAsync(
        new GetObjectRequest { BucketName = place.Bucket, Key = place.Prefix + piece.KeyIn(key), ByteRange = skip == 0 ? null : new ByteRange(skip, piece.Length - 1) }, cancel);

    /// <summary>Makes one piece of all small ones, if they follow one another.</summary>
    private async Task JoinAsync(string key, CancellationToken cancel)
    {
        var small = (await PiecesAsync(key, cancel)).Where(p => p.Length < SmallBytes).ToList();
        if (small.Count < 2 || small.Zip(small.Skip(1)).Any(p => p.First.End != p.Second.Start)) return;
        var whole = new MemoryStream();
        foreach (var piece in small)
        {
            using var answer = await GetAsync(key, piece, 0, cancel);
            await answer.ResponseStream.CopyToAsync(whole, cancel);
        }
        await PutAsync(key, small[0].Start, whole.GetBuffer().AsMemory(0, (int)whole.Length), cancel);
        await s3.DeleteObjectsAsync(
            new DeleteObjectsRequest { BucketName = place.Bucket, Objects = [.. small.Select(p => new KeyVersion { Key = place.Prefix + p.KeyIn(key) })] }, cancel);
    }

    private async Task PutAsync(string key, long start, ReadOnlyMemory<byte> bytes, CancellationToken cancel)
    {
        var content = new MemoryStream(bytes.ToArray(), writable: false);
        await upload.SendAsync(new Piece(start, start + bytes.Length).KeyIn(key), content, null, cancel);
    }

    /// <summary>The log's pieces in order, each beginning at most where the one before it ends, without those that others cover.</summary>
    private async Task<List<Piece>> PiecesAsync(string key, CancellationToken cancel)
    {
        var found = new List<Piece>();
        var prefix = $"{place.Prefix}{key}/";
        var request = new ListObjectsV2Request { BucketName = place.Bucket, Prefix = prefix };
        await foreach (var one in s3.Paginators.ListObjectsV2(request).S3Objects.WithCancellation(cancel))
            if (Piece.Parse(one.Key[prefix.Length..]) is { } piece) found.Add(piece);
        var whole = new List<Piece>();
        long end = 0;
        foreach (var piece in found.OrderBy(p => p.Start).ThenByDescending(p => p.End))
        {
            // Behind a gap nothing counts: it is appended again.
            if (piece.Start > end) break;
            if (piece.End <= end) continue;
            whole.Add(piece);
            end = piece.End;
        }
        return whole;
    }

    private long Note(string key, (long Length, int Small) log)
    {
        if (known.Count >= KnownLogs) known.Clear();
        known[key] = log;
        return log.Length;
    }

    private sealed record Piece(long Start, long End)
    {
        public long Length => End - Start;

        public string KeyIn(string key) => string.Create(CultureInfo.InvariantCulture, $"{key}/{Start:D13}-{End:D13}");

        public static Piece? Parse(string name) =>
            name.Split('-') is [var start, var end]
                && long.TryParse(start, NumberStyles.None, CultureInfo.InvariantCulture, out var from)
                && long.TryParse(end, NumberStyles.None, CultureInfo.InvariantCulture, out var to) && to > from
                ? new Piece(from, to)
                : null;
    }
}
