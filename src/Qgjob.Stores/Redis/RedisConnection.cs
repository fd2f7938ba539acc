using System.Diagnostics.CodeAnalysis;
using Qgjob.Core.Storage;
using StackExchange.Redis;

namespace Qgjob.Stores.Redis;

/// <summary>The way to the server: a call either answers or throws <see cref="StoreUnavailableException"/>.</summary>
internal sealed class RedisConnection(ConnectionMultiplexer redis, RedisUrl url) : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    // Set while the roles of the servers are looked up anew.
    private int looking;

    public string Name => url.Name;
    public IDatabase Database { get; } = redis.GetDatabase(url.Database);
    public int Number => url.Database;
    public IEnumerable<IServer> Masters => redis.GetServers().Where(s => s is { IsConnected: true, IsReplica: false });
    public ISubscriber Subscriber => redis.GetSubscriber();

    /// <summary>Called when a connection was lost or came back: something may have been missed.</summary>
    public void OnBreak(Action action)
    {
        redis.ConnectionFailed += (_, _) => action();
        redis.ConnectionRestored += (_, _) => action();
    }

    /// <summary>Calls a function of the library, which is loaded when the server does not have it (any more).</summary>
    public async ValueTask<RedisResult> FunctionAsync(string function, string[] keys, IReadOnlyList<object> arguments, CancellationToken cancel)
    {
        List<object> all = [function, keys.Length, .. keys.Select(k => (object)(RedisKey)k), .. arguments];
        return await AskAsync(async db =>
        {
            try
            {
                return await db.ExecuteAsync("FCALL", all, CommandFlags.DemandMaster);
            }
            catch (RedisServerException ex) when (ex.Message.Contains("Function not found", StringComparison.Ordinal))
            {
                await LoadLibraryAsync();
                return await db.ExecuteAsync("FCALL", all, CommandFlags.DemandMaster);
            }
        }, cancel);
    }

    public async ValueTask<T> AskAsync<T>(Func<IDatabase, Task<T>> ask, CancellationToken cancel)
    {
        try
        {
            return await ask(Database).WaitAsync(cancel);
        }
        catch (Exception ex) when (IsOfRedis(ex))
        {
            if (ex is RedisServerException or RedisConnectionException) LookForMaster(ex);
            throw new StoreUnavailableException(Explain(ex), ex);
        }
    }

    /// <summary>Loads the functions on every server that may be written to.</summary>
    public async Task LoadLibraryAsync()
    {
        foreach (var server in Masters)
            await server.ExecuteAsync("FUNCTION", "LOAD", "REPLACE", FunctionLibrary.Code);
    }

    /// <summary>What went wrong, for people: without the password.</summary>
    private string Explain(Exception ex) => ex switch
    {
        RedisTimeoutException or TimeoutException => $"{Name} did not answer in time.",
        RedisServerException { Message: var said } when said.Contains("OOM", StringComparison.Ordinal) =>
            $"{Name} has no memory left (maxmemory): nothing can be written.",
        RedisServerException { Message: var said } when said.Contains("LOADING", StringComparison.Ordinal) => $"{Name} is starting and still reads its data.",
        RedisServerException { Message: var said } when said.Contains("READONLY", StringComparison.Ordinal) => $"{Name} is a replica and cannot be written to.",
        RedisServerException { Message: var said } => $"{Name} refuses: {said}",
        RedisCommandException { Message: var said } => $"{Name}: {said}",
        _ => $"{Name} cannot be reached.",
    };

    public static bool IsOfRedis([NotNullWhen(true)] Exception? ex) => ex is RedisException or TimeoutException or ObjectDisposedException or RedisCommandException;

    // After a failover the roles have changed; the client itself looks once a minute only.
    private void LookForMaster(Exception ex)
    {
        if (ex is RedisServerException && !ex.Message.Contains("READONLY", StringComparison.Ordinal) && !ex.Message.Contains("MASTERDOWN", StringComparison.Ordinal)) return;
        if (Interlocked.Exchange(ref looking, 1) == 1) return;
        _ = LookAsync();

        async Task LookAsync()
        {
            try
            {
                await redis.ConfigureAsync().WaitAsync(Patience);
            }
            catch (Exception ex) when (IsOfRedis(ex))
            {
                // The next failure looks again.
            }
            finally
            {
                Volatile.Write(ref looking, 0);
            }
        }
    }

    public ValueTask DisposeAsync() => redis.DisposeAsync();
}
