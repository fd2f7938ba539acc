using Qgjob.Core.Storage;
using Qgjob.Core.Storage.Journal;
using Qgjob.Stores.Postgres;

namespace Qgjob.Stores.Tests.Postgres;

/// <summary>What the journal promises beyond the stores' contract.</summary>
public sealed class PostgresJournalTests : IAsyncLifetime
{
    private readonly PostgresHome home = new();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public ValueTask DisposeAsync() => home.DisposeAsync();

    [Fact]
    public async Task Servers_that_start_at_once_make_the_tables_once()
    {
        var journals = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => home.JournalAsync(Cancel).AsTask()));
        Assert.Equal(0L, await home.SqlAsync($"SELECT max(version) - count(*) FROM {home.Schema}.schema_version", Cancel));
        foreach (var journal in journals) await journal.DisposeAsync();
    }

    [Fact]
    public async Task A_commit_that_does_not_follow_the_latest_one_writes_nothing()
    {
        await using var journal = await home.JournalAsync(Cancel);
        Assert.True(await journal.CommitAsync(Commit(1, "a", "first"), Cancel));
        Assert.False(await journal.CommitAsync(Commit(1, "b", "late"), Cancel));
        Assert.False(await journal.CommitAsync(Commit(3, "c", "early"), Cancel));
        var there = await journal.LoadAsync(Cancel);
        Assert.Equal(new Head(1, "a", 1, 1), there.Head);
        Assert.Equal(["first"], there.Terms.Select(t => t.Name));
        Assert.Equal("a", Assert.Single((await journal.ReadSinceAsync(0, Cancel))!).Head.CommitId);
    }

    [Fact]
    public async Task Old_commits_leave_the_feed_and_who_is_behind_loads_again()
    {
        await using var keepsFour = await new PostgresHomeOf(await home.UrlAsync(Cancel), 4).OpenAsync(Cancel);
        for (var i = 1; i <= 12; i++) Assert.True(await keepsFour.CommitAsync(Commit(i, $"c{i}", "t"), Cancel));
        Assert.Null(await keepsFour.ReadSinceAsync(7, Cancel));
        Assert.Equal(["c9", "c10", "c11", "c12"], (await keepsFour.ReadSinceAsync(8, Cancel))!.Select(c => c.Head.CommitId));
        Assert.Empty((await keepsFour.ReadSinceAsync(12, Cancel))!);
        // As after a restore from a backup that is older than this server's copy.
        Assert.Null(await keepsFour.ReadSinceAsync(13, Cancel));
    }

    [Fact]
    public async Task The_same_number_in_another_history_is_not_followed()
    {
        await using var journal = await home.JournalAsync(Cancel);
        Assert.True(await journal.CommitAsync(Commit(1, "a", "t"), Cancel));
        Assert.True(await journal.CommitAsync(Commit(2, "b", "t"), Cancel));
        // As after a restore of a backup, upon which another server went on.
        await home.SqlAsync($"UPDATE {home.Schema}.head SET commit_id = 'x'", Cancel);
        Assert.Null(await journal.ReadSinceAsync(2, Cancel));
        Assert.False(await journal.CommitAsync(Commit(3, "c", "t"), Cancel));
        await using var other = await home.JournalAsync(Cancel);
        Assert.Equal("x", (await other.LoadAsync(Cancel)).Head.CommitId);
        Assert.True(await other.CommitAsync(Commit(3, "y", "t"), Cancel));
        Assert.Null(await journal.ReadSinceAsync(2, Cancel));
        Assert.Equal("y", (await journal.LoadAsync(Cancel)).Head.CommitId);
        Assert.Empty((await journal.ReadSinceAsync(3, Cancel))!);
        Assert.True(await journal.CommitAsync(Commit(4, "z", "t"), Cancel));
    }

    [Fact]
    public async Task Rows_that_contradict_a_commit_are_no_outage()
    {
        await using var store = await home.OpenAsync(Cancel);
        await home.SqlAsync($"INSERT INTO {home.Schema}.events (run_id, sequence, row) VALUES ('r-1', 1, '{{}}')", Cancel);
        var changes = Commit(1, "a", "t") with { Events = [new(1, "r-1", null, DateTimeOffset.UnixEpoch, "run_finished")] };
        await using var journal = await home.JournalAsync(Cancel);
        var refusal = await Assert.ThrowsAsync<InvalidDataException>(async () => await journal.CommitAsync(changes, Cancel));
        Assert.Contains("events_pkey", refusal.Message, StringComparison.Ordinal);
        Assert.Equal(Head.Empty, (await journal.LoadAsync(Cancel)).Head);
    }

    [Fact]
    public async Task A_server_that_is_far_behind_loads_again_and_goes_on()
    {
        await using var behind = await home.OpenAsync(Cancel);
        var lab = new Lab(behind, Cancel);
        await lab.SubmitAsync(Lab.Spec());
        await using (var ahead = await home.OpenAsync(Cancel)) await new Lab(ahead, Cancel) { }.RegisterAsync("a1", "b1", Lab.Phone("d1"));
        await home.SqlAsync($"DELETE FROM {home.Schema}.feed", Cancel);
        Assert.Equal("d1", (await lab.RegisterAsync("a2", "b2", Lab.Phone("d2"))) is not null ? (await lab.DeviceAsync("d1")).Id : "");
        await Ledger.CheckAsync(behind, Cancel);
    }

    [Fact]
    public async Task A_hint_comes_from_other_servers_and_not_from_oneself()
    {
        await using var one = await home.JournalAsync(Cancel);
        await using var other = await home.JournalAsync(Cancel);
        await one.WaitForHintAsync(Cancel);
        await other.WaitForHintAsync(Cancel);
        Assert.True(await one.CommitAsync(Commit(1, "a", "t"), Cancel));
        await other.WaitForHintAsync(Cancel);
        Assert.True(await other.CommitAsync(Commit(2, "b", "t"), Cancel));
        await one.WaitForHintAsync(Cancel);
        using var gaveUp = new CancellationTokenSource();
        var waiting = other.WaitForHintAsync(gaveUp.Token);
        Assert.False(waiting.IsCompleted);
        await gaveUp.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
    }

    [Fact]
    public async Task Without_hints_other_servers_commits_are_seen_by_looking()
    {
        await using var quiet = new PostgresHome("&hints=off");
        await using var one = await quiet.OpenAsync(Cancel);
        await using var other = await quiet.OpenAsync(Cancel);
        await new Lab(one, Cancel).RegisterAsync("a1", "b1", Lab.Phone("d1"));
        await other.NewsAsync(Cancel);
        Assert.Equal("a1", Assert.Single(await other.AgentsAsync(Cancel)).Id);
    }

    [Fact]
    public async Task A_heartbeat_counts_after_a_load_and_writes_no_row_anew()
    {
        await using (var store = await home.OpenAsync(Cancel))
        {
            var lab = new Lab(store, Cancel);
            await lab.RegisterAsync("a1", "b1", Lab.Phone("d1"));
            var lease = await lab.ClaimAsync("d1", (await lab.SubmitAsync(Lab.Spec()))[0]);
            var row = await home.SqlAsync($"SELECT row FROM {home.Schema}.devices", Cancel);
            lab.Now += TimeSpan.FromSeconds(20);
            Assert.Equal(LeaseState.Ok, await lab.RenewAsync("a1", lease));
            Assert.Equal(row, await home.SqlAsync($"SELECT row FROM {home.Schema}.devices", Cancel));
        }
        await using var again = await home.OpenAsync(Cancel);
        Assert.Equal(new Lab(again, Cancel).Now + TimeSpan.FromSeconds(20) + Lab.Ttl, (await new Lab(again, Cancel).DeviceAsync("d1")).Lease!.Until);
    }

    [Fact]
    public async Task The_databases_clock_is_told()
    {
        await using var journal = await home.JournalAsync(Cancel);
        Assert.InRange((await journal.ReadClockAsync(Cancel))!.Value, TimeProvider.System.GetUtcNow().AddMinutes(-5), TimeProvider.System.GetUtcNow().AddMinutes(5));
    }

    private static RowChanges Commit(long number, string id, string term) =>
        new() { Head = new Head(number, id, number, number), Terms = [new Term(term, "s1", DateTimeOffset.UnixEpoch)] };

    private sealed class PostgresHomeOf(string url, long kept)
    {
        public ValueTask<IJournal> OpenAsync(CancellationToken cancel) => PostgresJournal.OpenAsync(url, cancel, kept: kept);
    }
}
