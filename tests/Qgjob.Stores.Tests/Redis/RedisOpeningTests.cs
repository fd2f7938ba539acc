using System.Diagnostics;
using Qgjob.Core.Storage;
using Qgjob.Core.Storage.Journal;
using Qgjob.Stores.Redis;
using Qgjob.Stores.Tests.Servers;

namespace Qgjob.Stores.Tests.Redis;

/// <summary>What cannot be opened is said in one line, and without the password.</summary>
public sealed class RedisOpeningTests(RedisServer server)
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private static async Task<string> RefusalAsync(string url)
    {
        var refusal = await Assert.ThrowsAsync<StoreOpenException>(async () => await RedisJournal.OpenAsync(url, Cancel));
        Assert.DoesNotContain("\n", refusal.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("s3cret", refusal.Message, StringComparison.Ordinal);
        return refusal.Message;
    }

    [Theory]
    [InlineData("redis://h/x", "database")]
    [InlineData("redis://u:s3cret@h:port/", "valid host and port")]
    [InlineData("redis://", "valid host and port")]
    [InlineData("redis://h/?timeout=3", "known: prefix")]
    [InlineData("redis://h/?prefix=a%20b", "letters")]
    public async Task An_address_that_is_none(string url, string expected) => Assert.Contains(expected, await RefusalAsync(url), StringComparison.Ordinal);

    [Fact]
    public void Addresses_are_read()
    {
        var url = RedisUrl.Parse("rediss://us%40er:p%3Aa%2Fss@h1:6380,[::1],h3:1/4?prefix=lab");
        Assert.Equal((true, "us@er", "p:a/ss", 4, "lab"), (url.Tls, url.User, url.Password, url.Database, url.Prefix));
        Assert.Equal([("h1", 6380), ("::1", 6379), ("h3", 1)], url.Hosts);
        Assert.Equal("rediss://h1:6380,[::1]:6379,h3:1/4?prefix=lab", url.Name);
    }

    [Fact]
    public async Task Nobody_there()
    {
        var began = Stopwatch.GetTimestamp();
        Assert.Contains("cannot be reached", await RefusalAsync("redis://127.0.0.1:1/0"), StringComparison.Ordinal);
        Assert.InRange(Stopwatch.GetElapsedTime(began).TotalSeconds, 0, 12);
    }

    [Fact]
    public async Task Wrong_or_missing_passwords_and_rights()
    {
        await using var closed = await RedisServer.StartNewAsync(
            RedisFile.None, "--requirepass", "right",
            "--user", "poor", "on", ">s3cret", "~other*", "+@all",
            "--user", "full", "on", ">s3cret", "~{qgjob}:*", "&{qgjob}:*", "+@read", "+@write", "+@connection", "+@scripting", "+@pubsub", "+info", "+time");
        var host = $"127.0.0.1:{closed.Port}";
        Assert.Contains("wants a password", await RefusalAsync($"redis://{host}"), StringComparison.Ordinal);
        Assert.Contains("refuses the user or the password", await RefusalAsync($"redis://:s3cret@{host}"), StringComparison.Ordinal);
        Assert.Contains("few rights", await RefusalAsync($"redis://poor:s3cret@{host}"), StringComparison.Ordinal);
        await using var journal = await RedisJournal.OpenAsync($"redis://full:s3cret@{host}", Cancel);
        Assert.Contains("append-only file", Assert.Single(journal.Warnings), StringComparison.Ordinal);
        Assert.True(await journal.CommitAsync(new RowChanges { Head = new Head(1, "w1", 0, 0), Estimates = [new EstimateRow("k", 1)] }, Cancel));
    }

    [Theory]
    [InlineData(RedisFile.EverySecond, "appendfsync everysec")]
    [InlineData(RedisFile.Always, null)]
    public async Task How_late_the_file_reaches_the_disk_is_said(RedisFile file, string? said)
    {
        await using var other = await RedisServer.StartNewAsync(file);
        await using var journal = await RedisJournal.OpenAsync(other.Url(), Cancel);
        if (said is null) Assert.Empty(journal.Warnings);
        else Assert.Contains(said, Assert.Single(journal.Warnings), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_replica_and_a_server_that_drops_keys()
    {
        await using var replica = await RedisServer.StartNewAsync(RedisFile.None, "--replicaof", $"127.0.0.1 {server.Port}");
        Assert.Contains("is a replica of", await RefusalAsync(replica.Url()), StringComparison.Ordinal);
        await using var forgetful = await RedisServer.StartNewAsync(RedisFile.None, "--maxmemory", "50mb", "--maxmemory-policy", "allkeys-lru");
        Assert.Contains("maxmemory-policy noeviction", await RefusalAsync(forgetful.Url()), StringComparison.Ordinal);
        Assert.Contains("has no database 99", await RefusalAsync($"redis://127.0.0.1:{server.Port}/99"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_full_memory_refuses_a_commit_whole()
    {
        await using var small = await RedisServer.StartNewAsync(RedisFile.None);
        await using var journal = await RedisJournal.OpenAsync(small.Url(), Cancel);
        RowChanges Commit(long number) => new() { Head = new Head(number, $"w{number}", 0, 0), Estimates = [new EstimateRow($"k{number}", 1)] };
        Assert.True(await journal.CommitAsync(Commit(1), Cancel));
        await small.AskAsync("CONFIG SET maxmemory 1mb", Cancel);
        var refusal = await Assert.ThrowsAsync<StoreUnavailableException>(async () => await journal.CommitAsync(Commit(2), Cancel));
        Assert.Contains("no memory left", refusal.Message, StringComparison.Ordinal);
        Assert.Equal(("w1", 1), ((await journal.LoadAsync(Cancel)) is var all ? all.Head.CommitId : "", all.Estimates.Count));
        await small.AskAsync("CONFIG SET maxmemory 0", Cancel);
        Assert.True(await journal.CommitAsync(Commit(2), Cancel));
    }

    [Fact]
    public async Task A_server_that_comes_back_without_its_functions_gets_them_again()
    {
        await using var own = await RedisServer.StartNewAsync(RedisFile.EverySecond);
        await using var journal = await RedisJournal.OpenAsync(own.Url(), Cancel);
        await own.AskAsync("FUNCTION FLUSH", Cancel);
        Assert.True(await journal.CommitAsync(new RowChanges { Head = new Head(1, "w1", 0, 0), Estimates = [new EstimateRow("k", 1)] }, Cancel));
    }
}
