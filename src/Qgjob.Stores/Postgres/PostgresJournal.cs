using System.Globalization;
using Npgsql;
using Qgjob.Core.Storage.Journal;

namespace Qgjob.Stores.Postgres;

/// <summary>A PostgreSQL database as the durable side of any number of servers.</summary>
/// <remarks>Rules of its tables: <c>Migrations/0001_journal.sql</c>.</remarks>
internal sealed partial class PostgresJournal : IJournal
{
    // A server that hangs or is cut off holds the head's row for so long at most; who waits for it is told after 5 s.
    private const string Limits =
        " -c lock_timeout=5s -c idle_in_transaction_session_timeout=5s "
        + "-c tcp_keepalives_idle=5 -c tcp_keepalives_interval=2 -c tcp_keepalives_count=3 -c plan_cache_mode=force_generic_plan -c jit=off";
    // A commit is given longer than a query, for which people wait. The database gives up a second before we do.
    private const int CommitSeconds = 9;
    private const int QuerySeconds = 5;
    // Commits join a few hundred keys to big tables; no other plan than by index is ever right, whatever statistics say.
    private const string ByIndex = " -c enable_seqscan=off -c enable_hashjoin=off -c enable_mergejoin=off";
    private static readonly TimeSpan PatienceAtOpen = TimeSpan.FromSeconds(10);

    private readonly PostgresUrl url;
    private readonly TimeProvider time;
    private readonly long kept;
    private readonly NpgsqlDataSource writing;
    private readonly NpgsqlDataSource reading;
    private readonly PostgresHints? hints;

    private PostgresJournal(PostgresUrl url, TimeProvider time, long kept)
    {
        (this.url, this.time, this.kept) = (url, time, kept);
        // One connection for commits, which only this process's one committer uses, so that no query keeps it waiting.
        writing = Source(url, 1, CommitSeconds, ByIndex);
        reading = Source(url, url.Pool, QuerySeconds);
        hints = url.Hints ? new PostgresHints(Settings(url, 1, QuerySeconds), url.Schema, time) : null;
    }

    public string Name => url.Name;

    /// <param name="text">As <see cref="PostgresUrl"/> reads it.</param>
    /// <param name="cancel">Gives up.</param>
    /// <param name="time">Paces what goes on in the background.</param>
    /// <param name="kept">How many of the latest commits are kept for those who follow, at least.</param>
    /// <exception cref="StoreOpenException">It cannot be opened; the message says what to do.</exception>
    public static async ValueTask<IJournal> OpenAsync(string text, CancellationToken cancel, TimeProvider? time = null, long kept = 2000)
    {
        time ??= TimeProvider.System;
        var url = PostgresUrl.Parse(text);
        PostgresJournal? journal = null;
        using var patience = new CancellationTokenSource(PatienceAtOpen, time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(cancel, patience.Token);
        try
        {
            journal = new PostgresJournal(url, time, kept);
            await using (var connection = await journal.reading.OpenConnectionAsync(both.Token))
                await PostgresMigrations.ApplyAsync(connection, url, both.Token);
            journal.hints?.Start();
            return journal;
        }
        catch (Exception ex)
        {
            if (journal is not null) await journal.DisposeAsync();
            if (ex is StoreOpenException || cancel.IsCancellationRequested || !(PostgresFailure.Is(ex) || ex is ArgumentException or NotSupportedException)) throw;
            throw PostgresFailure.Opening(url, ex);
        }
    }

    public async ValueTask<DateTimeOffset?> ReadClockAsync(CancellationToken cancel) => await AskAsync(async connection =>
    {
        await using var command = new NpgsqlCommand("SELECT clock_timestamp()", connection);
        return (DateTimeOffset?)new DateTimeOffset((DateTime)(await command.ExecuteScalarAsync(cancel))!);
    }, cancel);

    public Task WaitForHintAsync(CancellationToken cancel) => hints?.WaitAsync(cancel) ?? Task.Delay(Timeout.InfiniteTimeSpan, time, cancel);

    public async ValueTask DisposeAsync()
    {
        if (hints is not null) await hints.DisposeAsync();
        await writing.DisposeAsync();
        await reading.DisposeAsync();
    }

    /// <summary>Runs a query on a connection of the pool; what goes wrong with it becomes the one exception that callers know.</summary>
    /// <remarks>
    /// Hurried, it is given up after the time of a query. The driver alone takes longer behind a cut cable: for a connection of the pool, for the
    /// answer, and for one more connection over which it asks to cancel, each in turn.
    /// </remarks>
    private async ValueTask<T> AskAsync<T>(Func<NpgsqlConnection, Task<T>> ask, CancellationToken cancel, bool hurried = true)
    {
        try
        {
            var asked = AskAsync();
            return await (hurried ? asked.WaitAsync(TimeSpan.FromSeconds(QuerySeconds), time, cancel) : asked);
        }
        catch (Exception ex) when (PostgresFailure.Is(ex))
        {
            throw PostgresFailure.Of(Name, ex, cancel);
        }

        async Task<T> AskAsync()
        {
            await using var connection = await reading.OpenConnectionAsync(cancel);
            return await ask(connection);
        }
    }

    private static NpgsqlDataSource Source(PostgresUrl url, int connections, int seconds, string options = "")
    {
        var builder = new NpgsqlSlimDataSourceBuilder(Settings(url, connections, seconds, options).ConnectionString);
        builder.EnableArrays();
        builder.EnableTransportSecurity();
        return builder.Build();
    }

    private static NpgsqlConnectionStringBuilder Settings(PostgresUrl url, int connections, int seconds, string options = "") => new(url.Settings.ConnectionString)
    {
        SearchPath = url.Schema,
        Options = string.Create(CultureInfo.InvariantCulture, $"-c statement_timeout={seconds}s{Limits}{options}"),
        Timeout = 4,
        CommandTimeout = seconds + 1,
        CancellationTimeout = 1000,
        TcpKeepAlive = true,
        TcpKeepAliveTime = 5,
        TcpKeepAliveInterval = 2,
        MinPoolSize = 0,
        MaxPoolSize = connections,
        NoResetOnClose = true,
        MaxAutoPrepare = 100,
        AutoPrepareMinUsages = 2,
        IncludeErrorDetail = false,
        PersistSecurityInfo = true,
    };
}
