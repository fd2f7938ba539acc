using System.Net.Sockets;
using Npgsql;
using Qgjob.Core.Storage;

namespace Qgjob.Stores.Postgres;

/// <summary>What went wrong with the database, as the one exception that callers expect and a sentence for people.</summary>
internal static class PostgresFailure
{
    public static bool Is(Exception ex) => ex is NpgsqlException or IOException or TimeoutException or SocketException or OperationCanceledException or ObjectDisposedException;

    /// <summary>What to throw instead. A caller who gave up is told so; everything else is the store's.</summary>
    public static Exception Of(string name, Exception ex, CancellationToken cancel) =>
        cancel.IsCancellationRequested
            ? ex as OperationCanceledException ?? new OperationCanceledException(ex.Message, ex, cancel)
            : new StoreUnavailableException($"{name} {Words(ex)}.", ex);

    /// <summary>What to say to the person who starts a server.</summary>
    public static StoreOpenException Opening(PostgresUrl url, Exception ex) => new(ex switch
    {
        PostgresException { SqlState: "28P01" or "28000" } refused when refused.MessageText.Contains("pg_hba", StringComparison.Ordinal) =>
            $"{url.Name} does not let user '{url.Settings.Username}' in from here ({refused.MessageText}); allow it in the server's pg_hba.conf.",
        PostgresException { SqlState: "28P01" or "28000" } =>
            $"{url.Name} refused user '{url.Settings.Username}' or the password; check both in the store's URL.",
        PostgresException { SqlState: "3D000" } =>
            $"{url.Name}: there is no such database; create it (createdb {url.Settings.Database}) or name another one.",
        PostgresException { SqlState: "42501" } missing =>
            $"{url.Name}: user '{url.Settings.Username}' lacks a right ({missing.MessageText}); grant it, for instance GRANT CREATE ON DATABASE \"{url.Settings.Database}\" TO \"{url.Settings.Username}\".",
        PostgresException other => $"{url.Name} refused: {other.MessageText} ({other.SqlState}).",
        _ => $"{url.Name} {Words(ex)}; check host and port in the store's URL, and that the server runs.",
    }, ex);

    private static string Words(Exception ex) => ex switch
    {
        PostgresException { SqlState: "57P01" or "57P02" } => "is shutting down",
        PostgresException { SqlState: "57P03" } => "is starting up",
        PostgresException { SqlState: "53300" } => "has no connection left for us",
        PostgresException { SqlState: "55P03" } => "is held up by another server's commit",
        PostgresException refused => $"refused ({refused.SqlState}: {refused.MessageText})",
        _ when Inner<SocketException>(ex) is { } socket => $"cannot be reached ({socket.Message})",
        OperationCanceledException => "did not answer in time",
        _ when Inner<TimeoutException>(ex) is not null => "did not answer in time",
        NpgsqlException or IOException => $"failed ({ex.Message.TrimEnd('.')})",
        _ => "was closed",
    };

    private static T? Inner<T>(Exception? ex)
        where T : Exception
    {
        while (ex is not null and not T) ex = ex.InnerException;
        return ex as T;
    }
}
