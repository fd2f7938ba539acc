using System.Net;
using Qgjob.Faults.Tests.Processes;

namespace Qgjob.Faults.Tests.Stores;

/// <summary>A store of its own for one test: with processes that can be killed, or a file.</summary>
internal abstract class StoreUnderFault : IAsyncDisposable
{
    /// <summary>For <c>--store</c>.</summary>
    public abstract string Url { get; }

    /// <summary>The same by another of the addresses that it listens at.</summary>
    public virtual string UrlAt(IPAddress address) => throw new NotSupportedException("The store has no address.");

    /// <summary>Several servers may use it.</summary>
    public abstract bool IsShared { get; }

    /// <summary>Nothing to kill: it lives in the server.</summary>
    public bool HasProcess => IsShared;

    public abstract ValueTask StartAsync(CancellationToken cancel);

    /// <summary>kill -9 of all its processes.</summary>
    public abstract ValueTask KillAsync(CancellationToken cancel);

    /// <summary>To all its processes.</summary>
    public virtual void Signal(Signal signal) => throw new NotSupportedException("The store has no process of its own.");

    public abstract ValueTask DisposeAsync();

    /// <summary>A store of this kind in the folder; <paramref name="kind"/> as on the command line.</summary>
    public static StoreUnderFault Of(string kind, string folder) => kind switch
    {
        "sqlite" => new SqliteUnderFault(Path.Combine(folder, "jobs.db")),
        "postgres" => new PostgresUnderFault(folder),
        "redis" => new RedisUnderFault(folder, AppendOnly.Always),
        _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, "sqlite, postgres or redis"),
    };
}

/// <summary>A SQLite file.</summary>
internal sealed class SqliteUnderFault(string path) : StoreUnderFault
{
    public override string Url => "sqlite:" + path;

    public override bool IsShared => false;

    public override ValueTask StartAsync(CancellationToken cancel) => ValueTask.CompletedTask;

    public override ValueTask KillAsync(CancellationToken cancel) => throw new NotSupportedException("SQLite has no process of its own.");

    public override ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
