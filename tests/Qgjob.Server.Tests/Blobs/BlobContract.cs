using System.Security.Cryptography;
using System.Text;
using Qgjob.Core;
using Qgjob.Server.Blobs;
using Qgjob.Server.Http;
using Xunit;

namespace Qgjob.Server.Tests.Blobs;

/// <summary>What every place of blobs does.</summary>
public abstract class BlobContract : IDisposable
{
    private readonly DirectoryInfo work = Directory.CreateTempSubdirectory("qgjob-blobs-");

    private protected abstract IBlobs Blobs { get; }

    /// <summary>The same place, as another server sees it.</summary>
    private protected abstract IBlobs Another { get; }

    private protected static CancellationToken Cancel => TestContext.Current.CancellationToken;

    /// <summary>An upload of a file with a few marked places, sparse on the disk.</summary>
    private protected ReceivedFile Upload(long length, params (long At, string Text)[] marks)
    {
        var path = Path.Combine(work.FullName, Guid.CreateVersion7().ToString());
        var file = new FileStream(path, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.None, 1, FileOptions.Asynchronous);
        file.SetLength(length);
        foreach (var (at, text) in marks)
        {
            file.Position = at;
            file.Write(Encoding.UTF8.GetBytes(text));
        }
        file.Position = 0;
        return new ReceivedFile(path, file, Convert.ToHexStringLower(SHA256.HashData(file)), length);
    }

    private async Task<List<string>> KeysAsync(string prefix)
    {
        var keys = new List<string>();
        await foreach (var blob in Blobs.ListAsync(prefix, Cancel)) keys.Add(blob.Key);
        return [.. keys.Order(StringComparer.Ordinal)];
    }

    private static async Task<string> LogAsync(IBlobs blobs, string key, long from = 0)
    {
        var target = new MemoryStream();
        Assert.Equal(from + target.Length, await blobs.CopyLogAsync(key, from, target, Cancel) - target.Length);
        return Encoding.UTF8.GetString(target.ToArray());
    }

    private static Task<long> AppendAsync(IBlobs blobs, string key, long offset, string text, long limit = 1 << 20) =>
        blobs.AppendAsync(key, offset, Encoding.UTF8.GetBytes(text), limit, Cancel);

    [Fact]
    public async Task It_can_be_used_at_the_start_and_nothing_is_left_of_that()
    {
        await Blobs.CheckAsync(Cancel);
        Assert.Empty(await KeysAsync(""));
    }

    [Fact]
    public async Task What_was_put_is_read_whole_or_from_anywhere_and_replaced()
    {
        await using (var file = Upload(1000, (0, "begin"), (990, "the end..."))) await Blobs.PutAsync("builds/ab/abc", file, Cancel);
        var blob = (await Another.OpenAsync("builds/ab/abc", Cancel))!;
        await using (blob.Content)
        {
            Assert.Equal(1000, blob.Content.Length);
            Assert.InRange(blob.ModifiedAt, TimeProvider.System.GetUtcNow().AddMinutes(-1), TimeProvider.System.GetUtcNow().AddMinutes(1));
            blob.Content.Seek(990, SeekOrigin.Begin);
            Assert.Equal("the end...", await new StreamReader(blob.Content, leaveOpen: true).ReadToEndAsync(Cancel));
            blob.Content.Position = 0;
            var five = new byte[5];
            await blob.Content.ReadExactlyAsync(five, Cancel);
            Assert.Equal("begin", Encoding.UTF8.GetString(five));
        }
        await using (var file = Upload(3, (0, "new"))) await Blobs.PutAsync("builds/ab/abc", file, Cancel);
        blob = (await Another.OpenAsync("builds/ab/abc", Cancel))!;
        await using (blob.Content) Assert.Equal("new", await new StreamReader(blob.Content).ReadToEndAsync(Cancel));
    }

    [Fact]
    public async Task A_file_of_many_parts_arrives_as_it_was()
    {
        const long Length = (40L << 20) + 12345;
        string sha;
        await using (var file = Upload(Length, (0, "begin"), ((16L << 20) - 3, "border"), (Length - 3, "end")))
        {
            sha = file.Sha256;
            await Blobs.PutAsync("builds/cd/cde", file, Cancel);
        }
        var blob = (await Another.OpenAsync("builds/cd/cde", Cancel))!;
        await using var content = blob.Content;
        Assert.Equal(sha, Convert.ToHexStringLower(await SHA256.HashDataAsync(content, Cancel)));
    }

    [Fact]
    public async Task What_is_not_there_is_null_and_may_be_removed()
    {
        Assert.Null(await Blobs.OpenAsync("builds/no/no", Cancel));
        Assert.False(await Blobs.ExistsAsync("builds/no/no", Cancel));
        Assert.False(await Blobs.UseAsync("bundles/acme/no", TimeProvider.System.GetUtcNow(), Cancel));
        await Blobs.DeleteAsync(["builds/no/no"], Cancel);
        await Blobs.DeleteAllAsync("attempts/j-no/", Cancel);
        Assert.Empty(await KeysAsync("attempts/"));
    }

    [Fact]
    public async Task Lists_hold_what_is_below_and_removing_removes_no_more()
    {
        string[] keys = ["attempts/j-1/1/files/.last-run.json", "attempts/j-1/1/files/スクリーン ショット 😀 é é.png", "attempts/j-1/2/log", "attempts/j-10/1/log", "builds/aa/aa"];
        foreach (var key in keys) await Blobs.PutAsync(key, Encoding.UTF8.GetBytes(key), Cancel);
        Assert.Equal(keys[..3], await KeysAsync("attempts/j-1/"));
        Assert.Equal(keys[..4], await KeysAsync("attempts/"));
        await foreach (var blob in Another.ListAsync("attempts/", Cancel)) Assert.Equal(Encoding.UTF8.GetByteCount(blob.Key), blob.Length);
        Assert.True(await Another.ExistsAsync(keys[1], Cancel));

        await Blobs.DeleteAsync([keys[0]], Cancel);
        Assert.Equal(keys[1..4], await KeysAsync("attempts/"));
        await Blobs.DeleteAllAsync("attempts/j-1/", Cancel);
        Assert.Equal(keys[3..], await KeysAsync(""));
    }

    [Fact]
    public async Task A_log_grows_where_it_ends_whoever_sends_what_again()
    {
        const string Log = "attempts/j-1/1/log";
        Assert.Equal("", await LogAsync(Blobs, Log));
        Assert.Equal(0, await AppendAsync(Blobs, Log, 5, "gap"));
        Assert.Equal(4, await AppendAsync(Blobs, Log, 0, "one\n"));
        Assert.Equal(4, await AppendAsync(Blobs, Log, 0, "one\n"));
        // The agent goes to another server, which learns what is there.
        Assert.Equal(8, await AppendAsync(Another, Log, 4, "two\n"));
        Assert.Equal(8, await AppendAsync(Blobs, Log, 4, "two\n"));
        Assert.Equal(14, await AppendAsync(Blobs, Log, 4, "two\nthree\n"));
        Assert.Equal(14, await AppendAsync(Another, Log, 20, "gap"));
        Assert.Equal("one\ntwo\nthree\n", await LogAsync(Another, Log));
        Assert.Equal("o\nthree\n", await LogAsync(Blobs, Log, 6));
        Assert.Equal("", await LogAsync(Blobs, Log, 14));
        Assert.Equal(413, (await Assert.ThrowsAsync<RefusedException>(() => AppendAsync(Blobs, Log, 14, "four\n", limit: 18))).Status);
        Assert.Equal(19, await AppendAsync(Blobs, Log, 14, "four\n", limit: 19));
    }

    [Fact]
    public async Task A_log_of_many_pieces_is_whole_for_who_comes_late_and_for_who_follows()
    {
        const string Log = "attempts/j-1/1/log";
        var (expected, followed) = (new StringBuilder(), new StringBuilder());
        for (var i = 0; i < 150; i++)
        {
            var server = i % 7 == 0 ? Another : Blobs;
            var line = $"line {i} {new string('x', i % 40)}\n";
            Assert.Equal(expected.Length + line.Length, await AppendAsync(server, Log, expected.Length, line));
            expected.Append(line);
            if (i % 10 == 3) followed.Append(await LogAsync(Another, Log, followed.Length));
        }
        Assert.Equal(expected.ToString(), followed + await LogAsync(Another, Log, followed.Length));
        Assert.Equal(expected.ToString(), await LogAsync(Blobs, Log));
        Assert.InRange((await KeysAsync("attempts/j-1/1/")).Count, 1, 64);
    }

    [Fact]
    public async Task A_use_counts_until_a_later_one()
    {
        await Blobs.PutAsync("bundles/acme/ab", "tar"u8.ToArray(), Cancel);
        var now = new DateTimeOffset(2040, 1, 1, 0, 0, 0, TimeSpan.Zero);
        async Task<DateTimeOffset> LastAsync()
        {
            await foreach (var blob in Another.ListAsync("bundles/", Cancel)) return await Another.LastUseAsync(blob, Cancel);
            throw new InvalidOperationException("no bundle");
        }
        Assert.True(await LastAsync() < now);
        Assert.True(await Blobs.UseAsync("bundles/acme/ab", now, Cancel));
        Assert.Equal(now, await LastAsync());
        Assert.True(await Blobs.UseAsync("bundles/acme/ab", now.AddDays(3), Cancel));
        Assert.Equal(now.AddDays(3), await LastAsync());
        Assert.Single(await KeysAsync("bundles/"));
    }

    [Fact(Explicit = true)]
    public async Task Two_gigabytes_and_more_cost_little_memory()
    {
        const long Length = (2L << 30) + 7;
        string sha;
        await using (var file = Upload(Length, (Length - 3, "end")))
        {
            sha = file.Sha256;
            await Blobs.PutAsync("builds/cd/cde", file, Cancel);
        }
        var blob = (await Another.OpenAsync("builds/cd/cde", Cancel))!;
        await using var content = blob.Content;
        Assert.Equal(sha, Convert.ToHexStringLower(await SHA256.HashDataAsync(content, Cancel)));
        using var self = System.Diagnostics.Process.GetCurrentProcess();
        TestContext.Current.TestOutputHelper?.WriteLine($"peak {self.PeakWorkingSet64 >> 20} MiB");
        Assert.True(self.PeakWorkingSet64 < 400L << 20, $"peak {self.PeakWorkingSet64 >> 20} MiB");
    }

    public virtual void Dispose()
    {
        work.Delete(recursive: true);
        GC.SuppressFinalize(this);
    }
}

public sealed class BlobFolderContract : BlobContract
{
    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("qgjob-folder-");

    private protected override IBlobs Blobs => new BlobFolder(folder.FullName, new TimeOrderedIds(TimeProvider.System));
    private protected override IBlobs Another => Blobs;

    public override void Dispose()
    {
        base.Dispose();
        folder.Delete(recursive: true);
    }
}

public sealed class S3BlobsContract : BlobContract
{
    private readonly Server.Blobs.S3.S3Blobs one;
    private readonly Server.Blobs.S3.S3Blobs two;

    public S3BlobsContract(S3Server server)
    {
        var url = server.NewUrl();
        (one, two) = (S3Server.Open(url), S3Server.Open(url));
    }

    private protected override IBlobs Blobs => one;
    private protected override IBlobs Another => two;

    public override void Dispose()
    {
        one.Dispose();
        two.Dispose();
        base.Dispose();
    }
}
