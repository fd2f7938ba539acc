using Qgjob.Core;
using Qgjob.Core.Jobs;
using Qgjob.Core.Storage;
using Qgjob.Core.Storage.Journal;
using Qgjob.Stores.Redis;
using Qgjob.Stores.Tests.Journal;
using Qgjob.Stores.Tests.Servers;

namespace Qgjob.Stores.Tests.Redis;

public sealed class RedisJournalTests(RedisServer server)
{
    private static readonly TimeOrderedIds Ids = new(TimeProvider.System);

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private string NewUrl() => new RedisHome(server).Url;

    private static RowChanges Commit(long number, string id, string estimate = "k") =>
        new() { Head = new Head(number, id, number, 0), Estimates = [new EstimateRow(estimate, number)] };

    private static async ValueTask<JournaledStore> StoreAsync(IJournal journal) => await JournaledStore.OpenAsync(journal, TimeProvider.System, Ids, Cancel);

    [Fact]
    public async Task A_commit_that_does_not_follow_the_latest_is_refused_and_changes_nothing()
    {
        var url = NewUrl();
        await using var first = await RedisJournal.OpenAsync(url, Cancel);
        await using var second = await RedisJournal.OpenAsync(url, Cancel);
        Assert.True(await first.CommitAsync(Commit(1, "w1"), Cancel));
        Assert.True(await first.CommitAsync(Commit(2, "w2"), Cancel));
        Assert.False(await second.CommitAsync(Commit(2, "late", "late"), Cancel));
        Assert.False(await second.CommitAsync(Commit(4, "early", "early"), Cancel));
        var loaded = await second.LoadAsync(Cancel);
        Assert.Equal(new Head(2, "w2", 2, 0), loaded.Head);
        Assert.Equal("k", Assert.Single(loaded.Estimates).Key);
    }

    [Fact]
    public async Task After_a_rollback_the_same_number_is_not_the_same_commit()
    {
        var url = NewUrl();
        await using var held = await RedisJournal.OpenAsync(url, Cancel);
        await held.CommitAsync(Commit(1, "w1"), Cancel);
        await held.CommitAsync(Commit(2, "w2"), Cancel);
        await EmptyAsync(url);
        Assert.Null(await held.ReadSinceAsync(2, Cancel));
        await using var other = await RedisJournal.OpenAsync(url, Cancel);
        await other.CommitAsync(Commit(1, "x1"), Cancel);
        await other.CommitAsync(Commit(2, "x2"), Cancel);
        Assert.False(await held.CommitAsync(Commit(3, "w3"), Cancel));
        Assert.Null(await held.ReadSinceAsync(2, Cancel));
        await other.CommitAsync(Commit(3, "x3"), Cancel);
        Assert.Null(await held.ReadSinceAsync(2, Cancel));
        Assert.Equal("x3", (await held.LoadAsync(Cancel)).Head.CommitId);
        Assert.True(await held.CommitAsync(Commit(4, "w4"), Cancel));
    }

    [Fact]
    public async Task The_feed_gives_the_commits_as_written_until_they_are_too_many()
    {
        await using var journal = await RedisJournal.OpenAsync(NewUrl(), Cancel);
        for (var i = 1; i <= RedisJournal.MostCommitsKept + 2; i++) Assert.True(await journal.CommitAsync(Commit(i, $"w{i}"), Cancel));
        Assert.Null(await journal.ReadSinceAsync(0, Cancel));
        Assert.Null(await journal.ReadSinceAsync(1, Cancel));
        var kept = await journal.ReadSinceAsync(2, Cancel);
        Assert.Equal(State.Text(Commit(3, "w3")), State.Text(kept![0]));
        Assert.Equal(RedisJournal.MostCommitsKept, kept.Count);
        Assert.Empty((await journal.ReadSinceAsync(RedisJournal.MostCommitsKept + 2, Cancel))!);
        Assert.Null(await journal.ReadSinceAsync(RedisJournal.MostCommitsKept + 3, Cancel));
    }

    [Fact]
    public async Task A_server_that_was_emptied_while_a_store_ran_is_said_and_never_mixed_with_what_was()
    {
        var url = NewUrl();
        var said = new List<string>();
        await using var store = await StoreAsync(await RedisJournal.OpenAsync(url, Cancel, text => { lock (said) said.Add(text); }));
        var lab = new Lab(store, Cancel);
        var before = await lab.SubmitAsync(Lab.Spec());
        await EmptyAsync(url);
        var after = await lab.SubmitAsync(Lab.Spec());
        Assert.Null(await store.FindJobAsync(before[0], Cancel));
        Assert.NotNull(await store.FindJobAsync(after[0], Cancel));
        Assert.Equal(1, (await lab.GroupOfAsync(after[0])).Queued);
        lock (said) Assert.Single(said, text => text.Contains("has lost what was written to it", StringComparison.Ordinal));
        await Ledger.CheckAsync(store, Cancel);
    }

    [Fact]
    public async Task A_hint_tells_of_others_commits()
    {
        var url = NewUrl();
        await using var waiting = await RedisJournal.OpenAsync(url, Cancel);
        await using var writing = await RedisJournal.OpenAsync(url, Cancel);
        var hint = waiting.WaitForHintAsync(Cancel);
        await writing.CommitAsync(Commit(1, "w1"), Cancel);
        await hint.WaitAsync(TimeSpan.FromSeconds(10), Cancel);
    }

    [Fact]
    public async Task Everything_moves_out_and_in_again()
    {
        await using var model = new ModelJournal();
        await using var redis = await RedisJournal.OpenAsync(NewUrl(), Cancel);
        var again = new ModelJournal();
        await using (var store = await StoreAsync(model))
        {
            await LiveAsync(store);
            await redis.ImportAsync(model.ExportAsync(Cancel), Cancel);
            await again.ImportAsync(redis.ExportAsync(Cancel), Cancel);
            await using var copy = await StoreAsync(again);
            Assert.Equal(await State.OfAsync(store, Cancel), await State.OfAsync(copy, Cancel));
            await using var onRedis = await StoreAsync(redis);
            Assert.Equal(await State.OfAsync(store, Cancel), await State.OfAsync(onRedis, Cancel));
            Assert.Equal(model.Head, again.Head);
            await Assert.ThrowsAsync<StoreNotEmptyException>(() => redis.ImportAsync(model.ExportAsync(Cancel), Cancel).AsTask());
            // It goes on from where it was.
            await new Lab(onRedis, Cancel) { Now = DateTimeOffset.UnixEpoch.AddYears(60) }.RegisterAsync("a9", "b9", Lab.Phone("d9"));
        }
    }

    [Fact]
    public async Task What_an_interrupted_import_left_is_gone_before_the_first_commit_and_before_the_next_import()
    {
        await using var model = new ModelJournal();
        await using var source = await StoreAsync(model);
        await LiveAsync(source);
        await using var redis = await RedisJournal.OpenAsync(NewUrl(), Cancel);
        await Assert.ThrowsAsync<IOException>(() => redis.ImportAsync(Broken(model), Cancel).AsTask());
        Assert.Equal(Head.Empty, (await redis.LoadAsync(Cancel)).Head);
        await redis.ImportAsync(model.ExportAsync(Cancel), Cancel);

        await using var other = await RedisJournal.OpenAsync(NewUrl(), Cancel);
        await Assert.ThrowsAsync<IOException>(() => other.ImportAsync(Broken(model), Cancel).AsTask());
        Assert.True(await other.CommitAsync(Commit(1, "w1"), Cancel));
        Assert.Empty((await other.ListRunsAsync(null, new PageRequest(10), Cancel)).Items);
        Assert.Empty((await other.LoadAsync(Cancel)).Devices);
    }

    [Fact]
    public async Task A_write_meanwhile_ends_an_export()
    {
        await using var model = new ModelJournal();
        await using var source = await StoreAsync(model);
        await LiveAsync(source);
        await using var redis = await RedisJournal.OpenAsync(NewUrl(), Cancel);
        await redis.ImportAsync(model.ExportAsync(Cancel), Cancel);
        await using var parts = redis.ExportAsync(Cancel).GetAsyncEnumerator(Cancel);
        Assert.True(await parts.MoveNextAsync());
        Assert.True(await redis.CommitAsync(Commit(model.Head.Commit + 1, "w"), Cancel));
        var failure = await Assert.ThrowsAsync<InvalidOperationException>(async () => await parts.MoveNextAsync());
        Assert.Contains("stop all servers", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Twenty_thousand_jobs_are_one_commit()
    {
        await using var store = await StoreAsync(await RedisJournal.OpenAsync(NewUrl(), Cancel));
        var lab = new Lab(store, Cancel);
        var enqueue = lab.NewRun(Enumerable.Range(0, 20_000).Select(i => Lab.Spec(test: $"tests/t{i}.spec.ts")));
        Assert.IsType<EnqueueAnswer.Accepted>(await lab.DoAsync(enqueue));
        var page = await store.ListJobsAsync(new JobFilter(RunId: enqueue.Run.Id), new PageRequest(5, Cursor.Of(19_990)), Cancel);
        Assert.Equal([19_991, 19_992, 19_993, 19_994, 19_995], page.Items.Select(j => j.Job.Ordinal));
        Assert.Single(await store.EventsAsync(enqueue.Run.Id, enqueue.Jobs[19_999].Id, 0, 100, Cancel));
    }

    private static async Task LiveAsync(IJobStore store)
    {
        var lab = new Lab(store, Cancel);
        await lab.RegisterAsync("a1", "b1", Lab.Phone("d1"), Lab.Phone("d2"));
        var jobs = await lab.SubmitAsync(Lab.Spec(), Lab.Spec("v2"), Lab.Spec("v3", org: "acme"));
        await lab.FinishAsync(await lab.ClaimAsync("d1", jobs[0], installs: true), AttemptOutcome.Passed, Lab.Test("t", Core.Results.TestStatus.Passed));
        await lab.RenewAsync("a1", await lab.ClaimAsync("d2", jobs[1], installs: true));
    }

    private static async IAsyncEnumerable<RowChanges> Broken(ModelJournal model)
    {
        await foreach (var part in model.ExportAsync(Cancel)) yield return part;
        throw new IOException("the file ends here");
    }

    /// <summary>As after a restart without its files.</summary>
    private async Task EmptyAsync(string url)
    {
        var prefix = new RedisKeys(RedisUrl.Parse(url).Prefix).Prefix;
        var answer = await server.AskAsync($"EVAL \"return redis.call('UNLINK', unpack(redis.call('KEYS', '{prefix}*')))\" 0", Cancel);
        Assert.StartsWith(":", answer, StringComparison.Ordinal);
    }
}
