using System.Net;
using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Time.Testing;
using Qgjob.Agent.Downloads;
using Qgjob.Agent.Tests.Leases;

namespace Qgjob.Agent.Tests.Downloads;

[Collection(VirtualTime.Name)]
public sealed class CacheFolderTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("qgjob-cache-").FullName;
    private readonly FakeTimeProvider time = new(new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero));
    private int made;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public async Task Many_callers_at_once_make_one_entry()
    {
        var cache = New();
        var go = new TaskCompletionSource();
        var all = Enumerable.Range(0, 20).Select(_ => cache.GetAsync("k", async (draft, _) =>
        {
            Interlocked.Increment(ref made);
            await go.Task;
            await File.WriteAllTextAsync(Path.Combine(draft, "f"), "x", CancellationToken.None);
        }, TestContext.Current.CancellationToken)).ToList();
        go.SetResult();
        var entries = await Task.WhenAll(all);
        Assert.Equal(1, made);
        Assert.All(entries, e => Assert.Equal("x", File.ReadAllText(Path.Combine(e.Folder, "f"))));
        using var later = await GetAsync(New(), "k", 1);
        Assert.Equal(1, made);
    }

    [Fact]
    public async Task A_caller_who_gives_up_does_not_spoil_it_for_the_others()
    {
        var cache = New();
        var go = new TaskCompletionSource();
        using var giveUp = new CancellationTokenSource();
        Task Make(string draft, CancellationToken c) => go.Task.WaitAsync(c);
        var first = cache.GetAsync("k", Make, giveUp.Token);
        var second = cache.GetAsync("k", Make, TestContext.Current.CancellationToken);
        await giveUp.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => first);
        go.SetResult();
        using var entry = await second;
        Assert.True(Directory.Exists(entry.Folder));
    }

    [Fact]
    public async Task What_failed_is_made_again()
    {
        var cache = New();
        await Assert.ThrowsAsync<InvalidDataException>(() => cache.GetAsync("k", (_, _) => throw new InvalidDataException("bad"), TestContext.Current.CancellationToken));
        using var entry = await GetAsync(cache, "k", 10);
        Assert.Equal(1, made);
    }

    [Fact]
    public async Task The_least_recently_used_goes_first_and_what_is_in_use_stays()
    {
        var cache = New(limit: 250);
        (await GetAsync(cache, "a", 100)).Dispose();
        var b = await GetAsync(cache, "b", 100);
        (await GetAsync(cache, "a", 100)).Dispose(); // a is younger now
        (await GetAsync(cache, "c", 100)).Dispose(); // 300 bytes: b is the oldest, but in use
        Assert.Equal(["b", "c"], Names());
        b.Dispose();
        (await GetAsync(cache, "d", 100)).Dispose();
        Assert.Equal(["c", "d"], Names());
    }

    [Fact]
    public async Task A_sweep_removes_halves_only()
    {
        (await GetAsync(New(), "whole", 1)).Dispose();
        Directory.CreateDirectory(Path.Combine(folder, "half.draft"));
        New().Sweep();
        Assert.Equal(["whole"], Names());
    }

    [Fact]
    public async Task A_download_with_the_wrong_hash_is_tried_again_and_then_refused()
    {
        var server = new FakeServer();
        var file = Path.Combine(folder, "f");
        var sha = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes("right")));
        var bodies = new Queue<string>(["wrong", "right"]);
        Task<HttpResponseMessage> Open(CancellationToken c) =>
            Task.FromResult(new HttpResponseMessage(HttpStatusCode.OK) { Content = new StringContent(bodies.Count > 0 ? bodies.Dequeue() : "wrong") });
        var good = Download.ToFileAsync(file, sha, Open, server.Time, new Random(1), TestContext.Current.CancellationToken);
        await server.UntilAsync(() => good.IsCompleted);
        Assert.Equal("right", await File.ReadAllTextAsync(file, TestContext.Current.CancellationToken));

        var bad = Download.ToFileAsync(file, sha, Open, server.Time, new Random(1), TestContext.Current.CancellationToken);
        await server.UntilAsync(() => bad.IsCompleted);
        var e = await Assert.ThrowsAsync<DownloadException>(() => bad);
        Assert.Contains(sha, e.Message, StringComparison.Ordinal);
    }

    private string[] Names() => [.. Directory.GetDirectories(folder).Select(d => Path.GetFileName(d)!).Order()];

    private CacheFolder New(long limit = 1000) => new(folder, limit, time, CancellationToken.None);

    private Task<CacheEntry> GetAsync(CacheFolder cache, string key, int bytes)
    {
        time.Advance(TimeSpan.FromMinutes(1));
        return cache.GetAsync(key, (draft, c) =>
        {
            Interlocked.Increment(ref made);
            return File.WriteAllBytesAsync(Path.Combine(draft, "f"), new byte[bytes], c);
        }, TestContext.Current.CancellationToken);
    }
}
