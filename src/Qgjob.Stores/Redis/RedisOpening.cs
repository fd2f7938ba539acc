using System.Globalization;
using System.Net;
using Qgjob.Core.Storage;
using StackExchange.Redis;

namespace Qgjob.Stores.Redis;

/// <summary>Connects, and looks whether the server is one that can keep a store; says in one line what to do when not.</summary>
internal static class RedisOpening
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(9);
    private const int ReplySeconds = 5;

    // What the functions and the queries use.
    private static readonly string[] Commands =
    [
        "HSET", "HDEL", "HGET", "HMGET", "HGETALL", "HVALS", "HEXISTS", "HSTRLEN", "HINCRBY", "ZADD", "ZREM", "ZRANGE", "ZRANGEBYLEX", "ZREVRANGEBYLEX",
        "ZRANGEBYSCORE", "SADD", "SREM", "SMEMBERS", "SISMEMBER", "XADD", "XRANGE", "GET", "SET", "DEL", "UNLINK", "EXISTS", "TYPE",
    ];

    public static async ValueTask<(RedisConnection Connection, IReadOnlyList<string> Warnings)> OpenAsync(RedisUrl url, RedisKeys keys, CancellationToken cancel)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        limit.CancelAfter(Patience);
        ConnectionMultiplexer? redis = null;
        try
        {
            var connecting = ConnectionMultiplexer.ConnectAsync(Options(url));
            try
            {
                redis = await connecting.WaitAsync(limit.Token);
            }
            catch (OperationCanceledException)
            {
                // It may still connect: nobody would close that.
                _ = connecting.ContinueWith(
                    static late => late.IsCompletedSuccessfully ? late.GetAwaiter().GetResult().DisposeAsync().AsTask() : Task.CompletedTask,
                    CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
                throw;
            }
            var warnings = await LookAsync(redis, url, limit.Token);
            var connection = new RedisConnection(redis, url);
            await connection.LoadLibraryAsync().WaitAsync(limit.Token);
            var forbidden = (string[]?)await connection.FunctionAsync(FunctionLibrary.Forbidden, [keys.Head], Commands, limit.Token);
            if (forbidden is { Length: > 0 })
                throw new StoreOpenException($"{url.Name}: the user may not use {string.Join(", ", forbidden)} on keys {keys.Prefix}*; {Rights(keys)}");
            return (connection, warnings);
        }
        catch (Exception ex) when (ex is not StoreOpenException)
        {
            if (redis is not null) await redis.DisposeAsync();
            cancel.ThrowIfCancellationRequested();
            if (ex is OperationCanceledException) throw new StoreOpenException($"{url.Name} did not answer within {Patience.TotalSeconds:0} s.", ex);
            if (!RedisConnection.IsOfRedis(ex) && ex is not StoreUnavailableException) throw;
            throw new StoreOpenException(Explain(ex, url, keys), ex);
        }
        catch
        {
            if (redis is not null) await redis.DisposeAsync();
            throw;
        }
    }

    private static ConfigurationOptions Options(RedisUrl url)
    {
        var options = new ConfigurationOptions
        {
            User = url.User,
            Password = url.Password,
            Ssl = url.Tls,
            AbortOnConnectFail = true,
            // The client counts INFO as administration.
            AllowAdmin = true,
            ConnectRetry = 1,
            ConnectTimeout = 5000,
            AsyncTimeout = ReplySeconds * 1000,
            SyncTimeout = ReplySeconds * 1000,
            // A commit that could not be sent must not be sent later: its sender has given it up.
            BacklogPolicy = BacklogPolicy.FailFast,
            ReconnectRetryPolicy = new LinearRetry(500),
            ClientName = "qgjob",
            IncludeDetailInExceptions = false,
        };
        foreach (var (host, port) in url.Hosts)
            options.EndPoints.Add(IPAddress.TryParse(host, out var address) ? new IPEndPoint(address, port) : new DnsEndPoint(host, port));
        return options;
    }

    private static async Task<IReadOnlyList<string>> LookAsync(ConnectionMultiplexer redis, RedisUrl url, CancellationToken cancel)
    {
        var masters = redis.GetServers().Where(s => s is { IsConnected: true, IsReplica: false }).ToList();
        var server = masters.FirstOrDefault() ?? redis.GetServers().FirstOrDefault(s => s.IsConnected)
            ?? throw new StoreOpenException($"{url.Name} cannot be reached: is Redis running there, and is the port open?");
        var info = (await server.InfoAsync().WaitAsync(cancel)).SelectMany(section => section).GroupBy(p => p.Key).ToDictionary(p => p.Key, p => p.First().Value);
        string Of(string key) => info.GetValueOrDefault(key, "");
        if (!Version.TryParse(Of("redis_version"), out var version) || version.Major < 7)
            throw new StoreOpenException($"{url.Name} is Redis {Of("redis_version")}; qgjob needs Redis 7.0 or later.");
        if (Of("role") != "master")
            throw new StoreOpenException($"{url.Name} is a replica of {Of("master_host")}:{Of("master_port")} and cannot be written to: name the master, or both, separated by a comma.");
        if (Of("redis_mode") == "cluster" && url.Database != 0)
            throw new StoreOpenException($"{url.Name} is a cluster, which has only database 0; keep stores apart with ?prefix=NAME.");
        if (Of("redis_mode") != "cluster" && server.DatabaseCount > 0 && url.Database >= server.DatabaseCount)
            throw new StoreOpenException($"{url.Name} has no database {url.Database}, only 0 to {server.DatabaseCount - 1}.");
        var policy = Of("maxmemory_policy");
        if (policy.StartsWith("allkeys-", StringComparison.Ordinal))
            throw new StoreOpenException(
                $"{url.Name} drops keys when its memory is full (maxmemory-policy {policy}), jobs too: set it with CONFIG SET maxmemory-policy noeviction, and in redis.conf.");
        var warnings = new List<string>();
        if (Of("aof_enabled") != "1")
            warnings.Add(string.Create(CultureInfo.InvariantCulture, $"{url.Name} keeps no append-only file: what was written since its last snapshot is lost when it stops. Set appendonly yes."));
        else if (await SyncedAsync(server, cancel) is { } never)
            warnings.Add(never is "no"
                ? $"{url.Name} leaves it to the system when its append-only file reaches the disk (appendfsync no): when the machine stops, what was acknowledged in about the last half minute may be lost. Set appendfsync always, or everysec."
                : $"{url.Name} brings its append-only file to the disk once a second (appendfsync {never}): when the machine stops, what was acknowledged in the last second or two may be lost. Set appendfsync always where that matters.");
        return warnings;
    }

    /// <summary>What <c>appendfsync</c> is set to where that is not <c>always</c>; null too when we may not ask.</summary>
    private static async Task<string?> SyncedAsync(IServer server, CancellationToken cancel)
    {
        try
        {
            return (await server.ConfigGetAsync("appendfsync").WaitAsync(cancel)).Select(p => p.Value).FirstOrDefault(v => v is not "always");
        }
        catch (Exception ex) when (ex is RedisServerException or RedisCommandException)
        {
            return null;
        }
    }

    private static string Rights(RedisKeys keys) =>
        $"give it ~{keys.Prefix}* &{keys.Prefix}* +@read +@write +@connection +@scripting +@pubsub +info +time.";

    private static string Explain(Exception ex, RedisUrl url, RedisKeys keys)
    {
        var all = string.Join(' ', Chain(ex).Select(e => e.Message));
        if (all.Contains("WRONGPASS", StringComparison.Ordinal) || all.Contains("invalid password", StringComparison.OrdinalIgnoreCase))
            return $"{url.Name} refuses the user or the password.";
        if (all.Contains("NOAUTH", StringComparison.Ordinal) || all.Contains("Authentication required", StringComparison.OrdinalIgnoreCase))
            return $"{url.Name} wants a password: write {(url.Tls ? "rediss" : "redis")}://:PASSWORD@host:port or …://USER:PASSWORD@host:port.";
        if (all.Contains("called without any password configured", StringComparison.Ordinal)) return $"{url.Name} has no password set for the default user, but the address has one.";
        if (all.Contains("NOPERM", StringComparison.Ordinal) || all.Contains("no permissions", StringComparison.Ordinal))
            return $"{url.Name}: the user has too few rights ({Said(ex)}); {Rights(keys)}";
        if (all.Contains("DB index is out of range", StringComparison.Ordinal)) return $"{url.Name} has no database {url.Database}.";
        if (all.Contains("LOADING", StringComparison.Ordinal)) return $"{url.Name} is starting and still reads its data; try again.";
        if (Chain(ex).OfType<RedisServerException>().FirstOrDefault() is { } server) return $"{url.Name} refuses: {server.Message}";
        if (Chain(ex).OfType<System.Security.Authentication.AuthenticationException>().FirstOrDefault() is { } tls) return $"{url.Name}: no TLS connection: {tls.Message}";
        return $"{url.Name} cannot be reached: is Redis running there, and is the port open?";
    }

    private static string Said(Exception ex) => Chain(ex).OfType<RedisServerException>().Select(e => e.Message).FirstOrDefault() ?? ex.Message;

    private static IEnumerable<Exception> Chain(Exception? ex)
    {
        for (; ex is not null; ex = ex.InnerException) yield return ex;
    }
}
