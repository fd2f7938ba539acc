using Qgjob.Core.Storage.Journal;

namespace Qgjob.Stores.Postgres;

/// <summary>Being written.</summary>
internal static class PostgresJournal
{
    public static ValueTask<IJournal> OpenAsync(string url, CancellationToken cancel) => throw new StoreOpenException($"{url}: not yet");
}
