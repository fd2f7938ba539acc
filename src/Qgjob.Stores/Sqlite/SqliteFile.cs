using Microsoft.Data.Sqlite;
using Qgjob.Core.Storage;
using SQLitePCL;

namespace Qgjob.Stores.Sqlite;

/// <summary>Opens the file, and turns what can be wrong with it into a sentence that helps.</summary>
internal static class SqliteFile
{
    private const int BusyMilliseconds = 5000;
    private static readonly TimeSpan BetweenTries = TimeSpan.FromMilliseconds(50);

    /// <summary>The writing connection, with the tables of this version.</summary>
    public static async ValueTask<SqliteSession> OpenAsync(string path, CancellationToken cancel)
    {
        SqliteSession? session = null;
        try
        {
            if (Path.GetDirectoryName(Path.GetFullPath(path)) is { Length: > 0 } folder) Directory.CreateDirectory(folder);
            session = new SqliteSession(path, SqliteOpenMode.ReadWriteCreate, BusyMilliseconds);
            Migrations.CheckOurs(session, path);
            await SwitchToWalAsync(session, cancel);
            session.Script("""
                PRAGMA synchronous = FULL;
                PRAGMA wal_autocheckpoint = 4000;
                PRAGMA cache_size = -65536;
                PRAGMA temp_store = MEMORY;
                """);
            Migrations.Apply(session, path);
            // SQLite opens a file that it may only read as if that were asked for; then every commit would fail, and no start.
            session.Script("BEGIN IMMEDIATE; CREATE TABLE write_probe (x); ROLLBACK");
            var opened = session;
            session = null;
            return opened;
        }
        catch (SqliteException ex)
        {
            throw new StoreOpenException(Explain(path, ex), ex);
        }
        catch (Exception ex) when (ex is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            throw new StoreOpenException($"The folder of the store {path} cannot be made: {ex.Message}", ex);
        }
        finally
        {
            session?.Dispose();
        }
    }

    public static SqliteSession OpenReader(string path)
    {
        var session = new SqliteSession(path, SqliteOpenMode.ReadWrite, BusyMilliseconds);
        session.Script("PRAGMA query_only = ON; PRAGMA temp_store = MEMORY;");
        return session;
    }

    /// <summary>SQLite does not wait for others when it changes the journal mode, so that two servers that start at once need this.</summary>
    private static async ValueTask SwitchToWalAsync(SqliteSession session, CancellationToken cancel)
    {
        for (var left = BusyMilliseconds / (int)BetweenTries.TotalMilliseconds; ; left--)
        {
            try
            {
                session.Script("PRAGMA journal_mode = WAL");
                return;
            }
            catch (SqliteException ex) when (ex.SqliteErrorCode == raw.SQLITE_BUSY && left > 0)
            {
                await Task.Delay(BetweenTries, TimeProvider.System, cancel);
            }
        }
    }

    /// <param name="path">The file.</param>
    /// <param name="what">As in "could not be read".</param>
    /// <param name="ex">Why.</param>
    public static StoreUnavailableException Unavailable(string path, string what, SqliteException ex) =>
        new($"The store could not {what}: {Explain(path, ex)}", ex);

    private static string Explain(string path, SqliteException ex) => ex.SqliteErrorCode switch
    {
        raw.SQLITE_NOTADB => $"{path} is not a SQLite database; name another file, or move this one away.",
        raw.SQLITE_CANTOPEN when Directory.Exists(path) => $"{path} is a folder; name a file in it, for instance {Path.Combine(path, "jobs.db")}.",
        raw.SQLITE_CANTOPEN or raw.SQLITE_PERM or raw.SQLITE_READONLY =>
            $"{path} cannot be opened for writing; check that this user may write the file and its folder ({ex.Message}).",
        raw.SQLITE_BUSY or raw.SQLITE_LOCKED => $"{path} is locked by another process that does not let go; find it with 'fuser {path}'.",
        raw.SQLITE_CORRUPT => $"{path} is damaged; restore it from a backup, or try 'sqlite3 {path} .recover'.",
        raw.SQLITE_FULL => $"the disk of {path} is full; make room on it.",
        raw.SQLITE_IOERR => $"{path} cannot be read or written ({ex.Message}); check the disk, and the system's log.",
        _ => $"{path}: {ex.Message}",
    };
}
