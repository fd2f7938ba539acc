using Qgjob.Core.Storage.Journal;

namespace Qgjob.Stores.Sqlite;

/// <summary>Everything in one SQLite file: durable with the first acknowledgement, one writer, readers that never wait for it.</summary>
/// <remarks>
/// Several servers may open the same file on one machine. What each of them commits is not kept a second time for the
/// others to follow: a server that finds a commit of another one loads anew.
/// </remarks>
internal sealed partial class SqliteJournal : IJournal
{
    private readonly string path;
    private readonly SqliteSession writer;
    private readonly RowWriter rows;
    private readonly SqliteReaders readers;
    private readonly SemaphoreSlim writing = new(1);
    private bool closed;

    private SqliteJournal(string path, SqliteSession writer)
    {
        this.path = path;
        this.writer = writer;
        rows = new RowWriter(writer);
        readers = new SqliteReaders(path);
    }

    public string Name => path;

    /// <summary>Opens the file, creating it and its folder when missing, and brings its tables up to date.</summary>
    /// <exception cref="StoreOpenException">The file cannot be used; the message says why.</exception>
    public static async ValueTask<SqliteJournal> OpenAsync(string path, CancellationToken cancel) =>
        new(path, await SqliteFile.OpenAsync(path, cancel));

    public ValueTask<bool> CommitAsync(RowChanges changes, CancellationToken cancel) => WriteAsync(() =>
    {
        if (HeadIn(writer).Commit != changes.Head.Commit - 1) return false;
        rows.Write(changes);
        rows.Write(changes.Head);
        return true;
    }, cancel);

    public ValueTask<IReadOnlyList<RowChanges>?> ReadSinceAsync(long commit, CancellationToken cancel) =>
        readers.ReadAsync<IReadOnlyList<RowChanges>?>(reader => HeadIn(reader).Commit == commit ? [] : null, cancel);

    public Task WaitForHintAsync(CancellationToken cancel) => Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, cancel);

    public ValueTask<DateTimeOffset?> ReadClockAsync(CancellationToken cancel) => new((DateTimeOffset?)null);

    public async ValueTask PurgeRunsAsync(IReadOnlyList<string> runIds, CancellationToken cancel)
    {
        // In bites, so that commits get in between.
        var left = new Queue<string>(runIds);
        while (left.Count > 0) await WriteAsync(() => rows.Purge(left), cancel);
    }

    /// <summary>One transaction, ended by what <paramref name="write"/> says: true commits.</summary>
    private async ValueTask<bool> WriteAsync(Func<bool> write, CancellationToken cancel)
    {
        await writing.WaitAsync(cancel);
        try
        {
            ObjectDisposedException.ThrowIf(closed, this);
            // Waits for another process's write here, where nothing is read yet, and not in the middle.
            writer.Sql("BEGIN IMMEDIATE").Run();
            if (!write()) return false;
            writer.Sql("COMMIT").Run();
            rows.Committed();
            return true;
        }
        catch (Microsoft.Data.Sqlite.SqliteException ex)
        {
            throw SqliteFile.Unavailable(path, "be written", ex);
        }
        finally
        {
            rows.Ended();
            // Not committed, for whatever reason: nothing of it stays.
            if (writer.InTransaction) writer.Script("ROLLBACK");
            writing.Release();
        }
    }

    private static Head HeadIn(SqliteSession session) =>
        session.Sql("SELECT number, commit_id, revision, event FROM head").One(static r => new Head(r.Long(0), r.Text(1), r.Long(2), r.Long(3)))
        ?? throw new InvalidDataException("The store has no head.");

    /// <summary>Closes the file after the commit that is being written.</summary>
    public async ValueTask DisposeAsync()
    {
        await writing.WaitAsync();
        try
        {
            if (closed) return;
            closed = true;
            readers.Close();
            writer.Dispose();
        }
        finally
        {
            writing.Release();
        }
    }
}
