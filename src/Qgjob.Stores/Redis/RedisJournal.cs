using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Qgjob.Core;
using Qgjob.Core.Storage.Journal;
using StackExchange.Redis;

namespace Qgjob.Stores.Redis;

/// <summary>A journal in Redis 7.0 or later: rows in hashes, one function call per commit.</summary>
/// <remarks>
/// Redis runs a function whole before anything else, so a commit is all or nothing, and the append-only file has it as one
/// transaction. What an acknowledged commit is worth then is the server's setting: with <c>appendfsync everysec</c> a
/// power loss takes the last second or two, without the file everything since the last snapshot. Replication is
/// asynchronous: a failover takes what the old master had not sent, and what it acknowledges while the others already
/// have a new one.
/// <para>
/// After such a loss the store stands before a commit that a server has seen, or, when others have written since, at other
/// commits of the same numbers. Both show: the numbers and ids that this journal saw are compared in every commit and every
/// read of the feed, and a server whose history is not the store's any more loads everything again. What was lost is lost,
/// but nothing is built on it.
/// </para>
/// </remarks>
internal sealed partial class RedisJournal : IJournal
{
    internal const int MostCommitsKept = 2000;
    private const int MostBytesKept = 64 << 20;
    private const int BytesPerRead = 4 << 20;

    private readonly RedisConnection redis;
    private readonly RedisKeys keys;
    private readonly RowWrites rowWrites;
    private readonly IIdSource ids;
    private readonly Action<string>? warn;
    // Who sends a hint does not need it.
    private readonly string instance;
    private readonly List<string> warnings;
    private TaskCompletionSource hint = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Head seen = Head.Empty;

    private RedisJournal(RedisConnection redis, RedisKeys keys, IEnumerable<string> warnings, Action<string>? warn, IIdSource ids)
    {
        (this.redis, this.keys, this.warn, this.ids) = (redis, keys, warn, ids);
        this.warnings = [.. warnings];
        instance = ids.NewId("s");
        rowWrites = new RowWrites(keys);
        redis.OnBreak(Hinted);
    }

    public string Name => redis.Name;

    /// <summary>What whoever runs the server should know of this store, in sentences: what it may lose, what it has lost.</summary>
    public IReadOnlyList<string> Warnings
    {
        get { lock (warnings) return [.. warnings]; }
    }

    /// <param name="url"><c>redis://…</c></param>
    /// <param name="cancel">Ends the wait.</param>
    /// <param name="warn">Told of every warning, also later.</param>
    /// <exception cref="StoreOpenException">It cannot be opened, and why.</exception>
    public static async ValueTask<RedisJournal> OpenAsync(string url, CancellationToken cancel, Action<string>? warn = null)
    {
        var address = RedisUrl.Parse(url);
        var keys = new RedisKeys(address.Prefix);
        var (connection, warnings) = await RedisOpening.OpenAsync(address, keys, cancel);
        var journal = new RedisJournal(connection, keys, warnings, warn, new TimeOrderedIds(TimeProvider.System));
        foreach (var warning in warnings) warn?.Invoke(warning);
        await journal.SubscribeAsync(cancel);
        return journal;
    }

    public async ValueTask<bool> CommitAsync(RowChanges changes, CancellationToken cancel)
    {
        var texts = new RowTexts(changes);
        var known = Volatile.Read(ref seen);
        var before = changes.Head.Commit - 1;
        List<object> arguments =
        [
            // Of a predecessor that this journal never saw only the number is known.
            Text(before), known.Commit == before ? known.CommitId : "*",
            Text(changes.Head.Commit), changes.Head.CommitId, Text(changes.Head.Revision), Text(changes.Head.Event),
            (RedisValue)texts.Whole, instance, MostCommitsKept, MostBytesKept, keys.Hints,
        ];
        rowWrites.Of(changes, texts, complete: false).AppendTo(arguments);
        while (true)
            switch ((string?)await redis.FunctionAsync(FunctionLibrary.Commit, [keys.Head, keys.Feed, keys.Ids, keys.Importing], arguments, cancel))
            {
                case "written":
                    Volatile.Write(ref seen, changes.Head);
                    return true;
                case "leftovers":
                    await RemoveLeftoversAsync(cancel);
                    break;
                default:
                    return false;
            }
    }

    public async ValueTask<IReadOnlyList<RowChanges>?> ReadSinceAsync(long commit, CancellationToken cancel)
    {
        var known = Volatile.Read(ref seen);
        var answer = (RedisValue[])(await redis.FunctionAsync(
            FunctionLibrary.Since, [keys.Head, keys.Feed, keys.Ids], [Text(commit), known.Commit == commit ? known.CommitId : "*", BytesPerRead], cancel))!;
        if (answer[0] != "known") return null;
        var missed = new RowChanges[answer.Length - 1];
        for (var i = 0; i < missed.Length; i++) missed[i] = Read(answer[i + 1], RowJson.Default.RowChanges)!;
        if (missed.Length > 0) Volatile.Write(ref seen, missed[^1].Head);
        return missed;
    }

    public Task WaitForHintAsync(CancellationToken cancel) => Volatile.Read(ref hint).Task.WaitAsync(cancel);

    public async ValueTask<DateTimeOffset?> ReadClockAsync(CancellationToken cancel)
    {
        var time = (long[])(await redis.AskAsync(db => db.ExecuteAsync("TIME"), cancel))!;
        return DateTimeOffset.FromUnixTimeSeconds(time[0]).AddMicroseconds(time[1]);
    }

    public ValueTask DisposeAsync() => redis.DisposeAsync();

    private async ValueTask SubscribeAsync(CancellationToken cancel)
    {
        try
        {
            await redis.Subscriber.SubscribeAsync(RedisChannel.Literal(keys.Hints), (_, sender) =>
            {
                if (sender != instance) Hinted();
            }).WaitAsync(cancel);
        }
        catch (Exception ex) when (RedisConnection.IsOfRedis(ex))
        {
            Warn($"{Name}: no hints of what other servers write, so it is looked for once a second: {ex.Message}");
        }
    }

    private void Hinted() =>
        Interlocked.Exchange(ref hint, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).TrySetResult();

    private void Warn(string text)
    {
        lock (warnings)
        {
            // A server that comes and goes must not fill the memory.
            if (warnings.Count < 100) warnings.Add(text);
        }
        warn?.Invoke(text);
    }

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);

    private static T? Read<T>(RedisValue text, JsonTypeInfo<T> type)
        where T : class => text.IsNull ? null : JsonSerializer.Deserialize(((ReadOnlyMemory<byte>)text).Span, type);
}
