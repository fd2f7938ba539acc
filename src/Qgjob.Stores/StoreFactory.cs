using Qgjob.Core;
using Qgjob.Core.Storage;
using Qgjob.Core.Storage.Journal;
using Qgjob.Core.Storage.Memory;
using Qgjob.Stores.Postgres;
using Qgjob.Stores.Redis;
using Qgjob.Stores.Sqlite;

namespace Qgjob.Stores;

/// <summary>Opens the store that a setting names.</summary>
public static class StoreFactory
{
    /// <summary>Opens <c>sqlite:PATH</c>, <c>memory</c>, <c>postgres://…</c> or <c>redis://…</c>.</summary>
    /// <param name="url">The setting.</param>
    /// <param name="time">Clock of the store's waits.</param>
    /// <param name="ids">Makes ids of commits.</param>
    /// <param name="cancel">Ends the wait.</param>
    /// <param name="warn">Gets sentences that whoever runs the server should know: what the store may lose, what it has lost. Also later, from any thread.</param>
    /// <exception cref="StoreOpenException">The setting is not understood, or the store cannot be opened.</exception>
    public static async ValueTask<IJobStore> OpenAsync(string url, TimeProvider time, IIdSource ids, CancellationToken cancel, Action<string>? warn = null) => StoreUrl.Parse(url) switch
    {
        StoreUrl.Memory => new MemoryStore(),
        _ => await JournaledStore.OpenAsync(await OpenJournalAsync(url, cancel, warn), time, ids, cancel),
    };

    /// <summary>Opens the durable side of a store alone, for backups.</summary>
    /// <param name="url">The setting.</param>
    /// <param name="cancel">Ends the wait.</param>
    /// <param name="warn">As above.</param>
    /// <exception cref="StoreOpenException">The setting is not understood, names a store without a journal, or the store cannot be opened.</exception>
    public static async ValueTask<IJournal> OpenJournalAsync(string url, CancellationToken cancel, Action<string>? warn = null) => StoreUrl.Parse(url) switch
    {
        StoreUrl.Sqlite sqlite => await SqliteJournal.OpenAsync(sqlite.Path, cancel),
        StoreUrl.Postgres postgres => await PostgresJournal.OpenAsync(postgres.Url, cancel),
        StoreUrl.Redis redis => await RedisJournal.OpenAsync(redis.Url, cancel, warn),
        _ => throw new StoreOpenException($"The store '{url}' keeps nothing beyond its process."),
    };
}
