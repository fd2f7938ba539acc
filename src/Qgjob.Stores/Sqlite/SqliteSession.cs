using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace Qgjob.Stores.Sqlite;

/// <summary>One connection with its prepared statements; one thread at a time.</summary>
internal sealed class SqliteSession : IDisposable
{
    private readonly sqlite3 database;
    // Statements are named by their constant text itself: comparing references costs nothing.
    private readonly Dictionary<string, Statement> statements = new(ReferenceEqualityComparer.Instance);

    /// <param name="path">The file.</param>
    /// <param name="mode">Whether a missing file is created.</param>
    /// <param name="busyMilliseconds">How long to wait for another process's transaction.</param>
    public SqliteSession(string path, SqliteOpenMode mode, int busyMilliseconds)
    {
        // One thread at a time: SQLite need not lock for every parameter that is bound, which is an eighth of a commit's work.
        var flags = raw.SQLITE_OPEN_NOMUTEX | raw.SQLITE_OPEN_READWRITE | (mode is SqliteOpenMode.ReadWriteCreate ? raw.SQLITE_OPEN_CREATE : 0);
        var code = raw.sqlite3_open_v2(Path.GetFullPath(path), out database, flags, null);
        try
        {
            if (code != raw.SQLITE_OK) SqliteException.ThrowExceptionForRC(code, database);
            raw.sqlite3_busy_timeout(database, busyMilliseconds);
        }
        catch
        {
            database.Dispose();
            throw;
        }
    }

    static SqliteSession() => Batteries_V2.Init();

    public bool InTransaction => raw.sqlite3_get_autocommit(database) == 0;

    internal int KeptStatements(Func<string, bool> where) => statements.Keys.Count(where);

    /// <param name="constantSql">A constant: statements are kept by reference, for ever.</param>
    public Statement Sql(string constantSql)
    {
        if (statements.TryGetValue(constantSql, out var known)) return known.Anew();
        var code = raw.sqlite3_prepare_v2(database, constantSql, out var handle);
        if (code != raw.SQLITE_OK) SqliteException.ThrowExceptionForRC(code, database);
        return statements[constantSql] = new Statement(database, handle);
    }

    /// <summary>Runs one or many statements that need no parameters; not kept.</summary>
    public void Script(string sql)
    {
        var code = raw.sqlite3_exec(database, sql);
        if (code != raw.SQLITE_OK) SqliteException.ThrowExceptionForRC(code, database);
    }

    public void Dispose()
    {
        foreach (var statement in statements.Values) statement.Dispose();
        database.Dispose();
    }
}
