using Qgjob.Core;
using Qgjob.Core.Storage;
using Qgjob.Core.Storage.Journal;
using Qgjob.Stores.Tests.Journal;
using Qgjob.Stores.Tests.Traces;

namespace Qgjob.Stores.Tests.Postgres;

/// <summary>Everything moves from one store to another, and the other is the same.</summary>
public sealed class PostgresMoveTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_store_moves_into_the_database_out_of_it_and_between_two()
    {
        var model = new ModelJournal();
        await using var origin = await OpenAsync(model);
        var trace = new Trace(origin, Cancel);
        var random = new Random(7);
        for (var i = 0; i < 400; i++)
        {
            var command = await trace.NextAsync(new Step(random.Next(25), random.Next(64), random.Next(64), random.Next(64)));
            trace.Note(command, (await origin.CommitAsync([command], Cancel))[0]);
        }
        var expected = await State.OfAsync(origin, Cancel);

        await using PostgresHome first = new(), second = new();
        await MoveAsync(model, await first.JournalAsync(Cancel));
        await MoveAsync(await first.JournalAsync(Cancel), await second.JournalAsync(Cancel));
        var back = new ModelJournal();
        await MoveAsync(await second.JournalAsync(Cancel), back);
        foreach (var store in new[] { await first.OpenAsync(Cancel), await second.OpenAsync(Cancel), await OpenAsync(back) })
        {
            Assert.Equal(expected, await State.OfAsync(store, Cancel));
            await Ledger.CheckAsync(store, Cancel);
            await store.DisposeAsync();
        }
    }

    [Fact]
    public async Task Only_an_empty_store_is_filled_and_an_interrupted_import_leaves_it_empty()
    {
        var model = new ModelJournal();
        await using var origin = await OpenAsync(model);
        var jobs = await new Lab(origin, Cancel).SubmitAsync(Lab.Spec(), Lab.Spec());
        await using var home = new PostgresHome();
        await using var journal = await home.JournalAsync(Cancel);
        await Assert.ThrowsAsync<IOException>(async () => await journal.ImportAsync(CutAsync(model), Cancel));
        Assert.Null(await journal.FindJobAsync(jobs[0], Cancel));
        await journal.ImportAsync(model.ExportAsync(Cancel), Cancel);
        Assert.NotNull(await journal.FindJobAsync(jobs[0], Cancel));
        await Assert.ThrowsAsync<StoreNotEmptyException>(async () => await journal.ImportAsync(model.ExportAsync(Cancel), Cancel));
    }

    private static async IAsyncEnumerable<RowChanges> CutAsync(ModelJournal model)
    {
        await foreach (var part in model.ExportAsync(Cancel)) yield return part;
        throw new IOException("the file ends here");
    }

    private static async ValueTask<IJobStore> OpenAsync(IJournal journal) =>
        await JournaledStore.OpenAsync(journal, TimeProvider.System, new TimeOrderedIds(TimeProvider.System), Cancel);

    private static async Task MoveAsync(IJournal from, IJournal to)
    {
        await to.ImportAsync(from.ExportAsync(Cancel), Cancel);
        if (from is not ModelJournal) await from.DisposeAsync();
        if (to is not ModelJournal) await to.DisposeAsync();
    }
}
