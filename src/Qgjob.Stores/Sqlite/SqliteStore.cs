using Microsoft.Data.Sqlite;
using Qgjob.Core.Storage;
using Qgjob.Core.Storage.Engine;

namespace Qgjob.Stores.Sqlite;

/// <summary>Everything in one SQLite file: durable with the first acknowledgement, one writer, readers that never wait for it.</summary>
/// <remarks>
/// Several servers may open the same file on one machine: every batch takes SQLite's write lock first and sees all that
/// others wrote before it.
/// </remarks>
public sealed partial class SqliteStore : IJobStore
{
    private readonly string path;
    private readonly SqliteSession writer;
    private readonly SqliteRows rows;
    private readonly StoreEngine engine;
    private readonly SemaphoreSlim writing = new(1);
    private volatile bool closed;

    private SqliteStore(string path, SqliteSession writer)
    {
        this.path = path;
        this.writer = writer;
        rows = new SqliteRows(writer);
        engine = new StoreEngine(rows);
    }

    /// <summary>Opens the file, creating it and its folder when missing, and brings its tables up to date.</summary>
    /// <exception cref="StoreOpenException">The file cannot be used; the message says why.</exception>
    public static async ValueTask<SqliteStore> OpenAsync(string path, CancellationToken cancel) =>
        new(path, await SqliteFile.OpenAsync(path, cancel));

    /// <inheritdoc/>
    public async ValueTask<IReadOnlyList<object>> CommitAsync(IReadOnlyList<StoreCommand> batch, CancellationToken cancel)
    {
        StoreEngine.Check(batch);
        await writing.WaitAsync(cancel);
        try
        {
            ObjectDisposedException.ThrowIf(closed, this);
            return Commit(batch);
        }
        finally
        {
            writing.Release();
        }
    }

    private object[] Commit(IReadOnlyList<StoreCommand> batch)
    {
        try
        {
            // Waits for another process's write here, where nothing is read yet, and not in the middle.
            writer.Sql("BEGIN IMMEDIATE").Run();
            rows.Begin();
            var answers = new object[batch.Count];
            for (var i = 0; i < answers.Length; i++) answers[i] = engine.Apply(batch[i]);
            rows.Flush();
            writer.Sql("COMMIT").Run();
            return answers;
        }
        catch (Exception ex)
        {
            rows.Forget();
            if (writer.InTransaction) writer.Script("ROLLBACK");
            if (ex is SqliteException) throw new StoreUnavailableException($"The store {path} could not write: {ex.Message}", ex);
            throw;
        }
    }

    /// <summary>Closes the file after the batch that is being committed.</summary>
    public async ValueTask DisposeAsync()
    {
        await writing.WaitAsync();
        try
        {
            if (closed) return;
            closed = true;
            CloseReaders();
            writer.Dispose();
        }
        finally
        {
            writing.Release();
        }
    }
}
