using Qgjob.Core.Storage.Journal;

namespace Qgjob.Stores.Redis;

/// <summary>Being written.</summary>
internal static class RedisJournal
{
    public static ValueTask<IJournal> OpenAsync(string url, CancellationToken cancel) => throw new StoreOpenException($"{url}: not yet");
}
