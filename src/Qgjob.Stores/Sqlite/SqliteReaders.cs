using System.Collections.Concurrent;
using Microsoft.Data.Sqlite;

namespace Qgjob.Stores.Sqlite;

/// <summary>Reading connections, one per query at a time: in WAL mode they see the last commit and wait for nobody.</summary>
internal sealed class SqliteReaders(string path)
{
    private readonly ConcurrentBag<SqliteSession> idle = [];
    private volatile bool closed;

    public ValueTask<T> ReadAsync<T>(Func<SqliteSession, T> query, CancellationToken cancel)
    {
        cancel.ThrowIfCancellationRequested();
        SqliteSession? reader = null;
        try
        {
            reader = Take();
            var answer = query(reader);
            Return(reader);
            reader = null;
            return ValueTask.FromResult(answer);
        }
        catch (SqliteException ex)
        {
            throw SqliteFile.Unavailable(path, "be read", ex);
        }
        finally
        {
            // After an error nothing is known of the connection; the next reader gets a fresh one.
            reader?.Dispose();
        }
    }

    /// <summary>All that <paramref name="query"/> reads is of one moment.</summary>
    public ValueTask<T> ReadMomentAsync<T>(Func<SqliteSession, T> query, CancellationToken cancel) => ReadAsync(reader =>
    {
        reader.Sql("BEGIN").Run();
        var answer = query(reader);
        reader.Sql("COMMIT").Run();
        return answer;
    }, cancel);

    /// <summary>A connection for longer than a query; the caller disposes of it.</summary>
    public SqliteSession Take()
    {
        ObjectDisposedException.ThrowIf(closed, this);
        return idle.TryTake(out var reader) ? reader : SqliteFile.OpenReader(path);
    }

    public void Close()
    {
        closed = true;
        while (idle.TryTake(out var reader)) reader.Dispose();
    }

    private void Return(SqliteSession reader)
    {
        idle.Add(reader);
        if (closed) Close();
    }
}
