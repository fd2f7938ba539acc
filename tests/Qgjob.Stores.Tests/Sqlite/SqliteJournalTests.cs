using Qgjob.Core;
using Qgjob.Core.Storage;
using Qgjob.Core.Storage.Journal;
using Qgjob.Stores.Sqlite;
using Qgjob.Stores.Tests.Journal;
using Qgjob.Stores.Tests.Traces;

namespace Qgjob.Stores.Tests.Sqlite;

public sealed class SqliteJournalTests : IDisposable
{
    private readonly TempFolder folder = new();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose() => folder.Dispose();

    [Fact]
    public async Task It_holds_what_the_model_holds()
    {
        var model = await LivedInAsync();
        await using var journal = await OpenAsync("jobs.db");
        foreach (var commit in model.Commits) Assert.True(await journal.CommitAsync(commit, Cancel));
        Assert.Equal(Texts(await WholeAsync(model)), Texts(await WholeAsync(journal)));
        Assert.Equal(Texts([await model.LoadAsync(Cancel)]), Texts([await journal.LoadAsync(Cancel)]));
        Assert.Equal(
            (await model.FinishedRunsAsync("acme", DateTimeOffset.MaxValue, 5, Cancel)).Select(State.Text),
            (await journal.FinishedRunsAsync("acme", DateTimeOffset.MaxValue, 5, Cancel)).Select(State.Text));

        // Purged a few at a time, whatever else is asked to go.
        var runs = (await model.ListRunsAsync(null, new PageRequest(1000), Cancel)).Items.Select(r => r.Id).ToList();
        await model.PurgeRunsAsync(runs, Cancel);
        await journal.PurgeRunsAsync(["r-none", .. runs], Cancel);
        Assert.NotEqual(runs.Count, (await journal.ListRunsAsync(null, new PageRequest(1000), Cancel)).Items.Count);
        Assert.Equal(Texts(await WholeAsync(model)), Texts(await WholeAsync(journal)));
    }

    [Fact]
    public async Task A_run_with_many_jobs_is_purged_in_bites()
    {
        await using var store = await SqliteHome.OpenFileAsync(folder.File("jobs.db"), Cancel);
        var lab = new Lab(store, Cancel);
        var big = lab.NewRun(Enumerable.Range(0, 1200).Select(_ => Lab.Spec()));
        var small = lab.NewRun([Lab.Spec()]);
        var kept = lab.NewRun([Lab.Spec()]);
        await store.CommitAsync([big, small, kept, new Cancel(big.Run.Id, null, "x", lab.Now), new Cancel(small.Run.Id, null, "x", lab.Now)], Cancel);
        await store.PurgeRunsAsync([big.Run.Id, small.Run.Id, kept.Run.Id], Cancel);
        Assert.Equal(kept.Run.Id, Assert.Single((await store.ListRunsAsync(null, new PageRequest(10), Cancel)).Items).Id);
        Assert.Single((await store.ListJobsAsync(new JobFilter(), new PageRequest(10), Cancel)).Items);
        Assert.Empty(await store.EventsAsync(big.Run.Id, null, 0, 10, Cancel));
        await Ledger.CheckAsync(store, Cancel);
    }

    [Fact]
    public async Task An_export_fills_an_empty_file_and_no_other()
    {
        var model = await LivedInAsync();
        await using var journal = await OpenAsync("jobs.db");
        // Interrupted after its first part, it is made again.
        await Assert.ThrowsAsync<TimeoutException>(async () => await journal.ImportAsync(BrokenAsync(model), Cancel));
        await journal.ImportAsync(model.ExportAsync(Cancel), Cancel);
        Assert.Equal(Texts(await WholeAsync(model)), Texts(await WholeAsync(journal)));

        await using var copy = await OpenAsync("copy.db");
        await copy.ImportAsync(journal.ExportAsync(Cancel), Cancel);
        Assert.Equal(Texts(await WholeAsync(model)), Texts(await WholeAsync(copy)));
        await Assert.ThrowsAsync<StoreNotEmptyException>(async () => await copy.ImportAsync(journal.ExportAsync(Cancel), Cancel));
        await using var store = await JournaledStore.OpenAsync(copy, TimeProvider.System, new TimeOrderedIds(TimeProvider.System), Cancel);
        await Ledger.CheckAsync(store, Cancel);
    }

    [Fact]
    public async Task A_commit_follows_the_latest_one_or_is_refused()
    {
        await using var one = await OpenAsync("jobs.db");
        await using var two = await OpenAsync("jobs.db");
        var first = new RowChanges { Head = new Head(1, "w1", 0, 0), Terms = [new Term("t", "one", DateTimeOffset.UnixEpoch)] };
        Assert.True(await one.CommitAsync(first, Cancel));
        Assert.False(await two.CommitAsync(first with { Head = new Head(1, "w2", 0, 0) }, Cancel));
        Assert.Null(await two.ReadSinceAsync(0, Cancel));
        Assert.Equal(first.Head, (await two.LoadAsync(Cancel)).Head);
        Assert.Empty((await two.ReadSinceAsync(1, Cancel))!);
        Assert.True(await two.CommitAsync(first with { Head = new Head(2, "w2", 0, 0) }, Cancel));
    }

    /// <summary>A journal to which 1,500 random commands were written.</summary>
    private static async Task<ModelJournal> LivedInAsync()
    {
        var model = new ModelJournal();
        await using var store = await JournaledStore.OpenAsync(model, TimeProvider.System, new TimeOrderedIds(TimeProvider.System), Cancel);
        var trace = new Trace(store, Cancel);
        var random = new Random(7);
        for (var i = 0; i < 1500; i++)
        {
            var command = await trace.NextAsync(new Step(random.Next(25), random.Next(64), random.Next(64), random.Next(64)));
            trace.Note(command, (await store.CommitAsync([command], Cancel))[0]);
        }
        return model;
    }

    private async Task<SqliteJournal> OpenAsync(string name) => await SqliteJournal.OpenAsync(folder.File(name), Cancel);

    private static async Task<List<RowChanges>> WholeAsync(IJournal journal)
    {
        var parts = new List<RowChanges>();
        await foreach (var part in journal.ExportAsync(Cancel)) parts.Add(part);
        return parts;
    }

    private static async IAsyncEnumerable<RowChanges> BrokenAsync(ModelJournal journal)
    {
        await foreach (var part in journal.ExportAsync(Cancel)) yield return part with { Events = [] };
        throw new TimeoutException();
    }

    /// <summary>Rows of all parts as text, in one order.</summary>
    private static string Texts(IReadOnlyList<RowChanges> parts) => string.Join('\n', parts
        .SelectMany(p => new IEnumerable<object>[]
        {
            [p.Head], p.Runs, p.Jobs, p.Attempts, p.Tests, p.Events, p.Groups, p.AppVersions, p.Orgs, p.Resources, p.Devices, p.Agents, p.Estimates, p.Quarantines, p.Terms, p.HookRows,
        })
        .SelectMany(rows => rows.Select(State.Text)).Distinct().Order(StringComparer.Ordinal));
}
