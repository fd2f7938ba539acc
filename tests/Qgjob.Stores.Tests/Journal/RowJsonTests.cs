using System.Text.Json;
using Qgjob.Core.Storage.Journal;
using Qgjob.Stores.Tests.Traces;

namespace Qgjob.Stores.Tests.Journal;

public sealed class RowJsonTests
{
    /// <summary>A version that knows fewer kinds of rows has written it.</summary>
    [Fact]
    public void Kinds_of_rows_that_the_text_lacks_are_empty()
    {
        var changes = JsonSerializer.Deserialize("""{"head":{"commit":7,"commit_id":"w-1","revision":3,"event":2}}""", RowJson.Default.RowChanges)!;
        Assert.Equal(7, changes.Head.Commit);
        Assert.True(changes.IsEmpty);
    }

    [Fact]
    public async Task Rows_of_every_kind_come_back_from_text_as_they_were()
    {
        var cancel = TestContext.Current.CancellationToken;
        var journal = new ModelJournal();
        await using var store = await JournaledStore.OpenAsync(journal, TimeProvider.System, new Core.TimeOrderedIds(TimeProvider.System), cancel);
        var trace = new Trace(store, cancel);
        var random = new Random(5);
        for (var i = 0; i < 500; i++)
        {
            var command = await trace.NextAsync(new Step(random.Next(25), random.Next(64), random.Next(64), random.Next(64)));
            trace.Note(command, (await store.CommitAsync([command], cancel))[0]);
        }
        Assert.NotEmpty(journal.Commits);
        foreach (var commit in journal.Commits)
        {
            var text = JsonSerializer.Serialize(commit, RowJson.Default.RowChanges);
            Assert.Equal(State.Text(commit), State.Text(JsonSerializer.Deserialize(text, RowJson.Default.RowChanges)));
        }
        Assert.Contains(journal.Commits, c => c.Attempts.Count > 0);
        Assert.Contains(journal.Commits, c => c.Resources.Count > 0);
        Assert.Contains(journal.Commits, c => c.Quarantines.Count > 0);
        Assert.Contains(journal.Commits, c => c.Tests.Count > 0);
        Assert.Contains(journal.Commits, c => c.HookRows.Count > 0);
        Assert.Contains(journal.Commits, c => c.LeaseEnds.Count > 0);
    }
}
