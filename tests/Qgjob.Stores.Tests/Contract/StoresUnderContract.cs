using Qgjob.Core.Storage;
using Qgjob.Core.Storage.Memory;
using Qgjob.Stores.Sqlite;

namespace Qgjob.Stores.Tests.Contract;

public sealed class MemoryStoreContract : JobStoreContract
{
    protected override ValueTask<IJobStore> OpenEmptyAsync() => new(new MemoryStore());
}

public sealed class SqliteStoreContract : JobStoreContract
{
    private readonly TempFolder folder = new();

    protected override async ValueTask<IJobStore> OpenEmptyAsync() =>
        await SqliteStore.OpenAsync(folder.File("jobs.db"), TestContext.Current.CancellationToken);

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        folder.Dispose();
    }
}
