using Qgjob.Core.Jobs;
using Qgjob.Core.Storage;

namespace Qgjob.Stores.Tests.Contract;

/// <summary>What every store promises. A store's bug becomes a test here first, so that all stores gain it.</summary>
public abstract partial class JobStoreContract : IAsyncLifetime
{
    private Lab lab = null!;

    protected abstract ValueTask<IJobStore> OpenEmptyAsync();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private IJobStore Store => lab.Store;

    public virtual async ValueTask InitializeAsync() => lab = new Lab(await OpenEmptyAsync(), Cancel);

    /// <summary>Whatever a test did: the counters must be exact at its end.</summary>
    public virtual async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        await Ledger.CheckAsync(Store, CancellationToken.None);
        await Store.DisposeAsync();
    }

    private async Task<string[]> SubmitManyAsync(int count, Func<int, JobSpec>? spec = null) =>
        await lab.SubmitAsync([.. Enumerable.Range(0, count).Select(spec ?? (_ => Lab.Spec()))]);
}
