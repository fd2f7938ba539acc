using Qgjob.Core;
using Qgjob.Core.Storage;
using Qgjob.Core.Storage.Journal;
using Qgjob.Stores.Sqlite;
using Qgjob.Stores.Tests.Journal;

namespace Qgjob.Stores.Tests;

/// <summary>Where a store's data lies, empty at first: every store opened on it is another server on the same data.</summary>
internal abstract class StoreHome : IAsyncDisposable
{
    public abstract ValueTask<IJobStore> OpenAsync(CancellationToken cancel);

    public abstract ValueTask DisposeAsync();
}

internal sealed class SqliteHome : StoreHome
{
    private readonly TempFolder folder = new();

    public override async ValueTask<IJobStore> OpenAsync(CancellationToken cancel) => await OpenFileAsync(folder.File("jobs.db"), cancel);

    public static async ValueTask<JournaledStore> OpenFileAsync(string path, CancellationToken cancel, TimeProvider? time = null) =>
        await JournaledStore.OpenAsync(await SqliteJournal.OpenAsync(path, cancel), time ?? TimeProvider.System, new TimeOrderedIds(TimeProvider.System), cancel);

    public override ValueTask DisposeAsync()
    {
        folder.Dispose();
        return ValueTask.CompletedTask;
    }
}

internal sealed class ModelHome : StoreHome
{
    private readonly ModelJournal journal = new();

    public override async ValueTask<IJobStore> OpenAsync(CancellationToken cancel) =>
        await JournaledStore.OpenAsync(journal, TimeProvider.System, new TimeOrderedIds(TimeProvider.System), cancel);

    public override ValueTask DisposeAsync() => journal.DisposeAsync();
}
