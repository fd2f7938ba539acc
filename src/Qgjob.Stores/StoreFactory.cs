using Qgjob.Core.Storage;
using Qgjob.Core.Storage.Memory;
using Qgjob.Stores.Sqlite;

namespace Qgjob.Stores;

/// <summary>Opens the store that a setting names.</summary>
public static class StoreFactory
{
    /// <summary>Opens <c>sqlite:PATH</c> or <c>memory</c>.</summary>
    /// <exception cref="StoreOpenException">The setting is not understood, or the store cannot be opened.</exception>
    public static async ValueTask<IJobStore> OpenAsync(string url, CancellationToken cancel) => StoreUrl.Parse(url) switch
    {
        StoreUrl.Memory => new MemoryStore(),
        StoreUrl.Sqlite sqlite => await SqliteStore.OpenAsync(sqlite.Path, cancel),
        var other => throw new StoreOpenException($"No store opens {other}."),
    };
}
