using Qgjob.Core.Storage;
using Qgjob.Core.Storage.Memory;

namespace Qgjob.Stores.Tests.Contract;

public sealed class MemoryStoreContract : JobStoreContract
{
    protected override ValueTask<IJobStore> OpenEmptyAsync() => new(new MemoryStore());
}

public sealed class SqliteStoreContract() : HomeContract(new SqliteHome());

public sealed class JournaledStoreContract() : HomeContract(new ModelHome());

public abstract class HomeContract : JobStoreContract
{
    private readonly StoreHome home;

    private protected HomeContract(StoreHome home) => this.home = home;

    protected override ValueTask<IJobStore> OpenEmptyAsync() => home.OpenAsync(TestContext.Current.CancellationToken);

    public override async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        await base.DisposeAsync();
        await home.DisposeAsync();
    }
}
