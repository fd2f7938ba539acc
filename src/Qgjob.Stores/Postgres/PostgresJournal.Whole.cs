using System.Data;
using System.Runtime.CompilerServices;
using Npgsql;
using Qgjob.Core.Devices;
using Qgjob.Core.Storage.Journal;

namespace Qgjob.Stores.Postgres;

/// <summary>The whole store: read at a start, exported, imported; and finished runs out of it.</summary>
internal sealed partial class PostgresJournal
{
    private const int PartRows = 2000;
    private const int MostSeconds = 120;
    // A backup's reader may be slow, and is not to be cut off for it; one that vanished is noticed by its connection.
    private const string Unhurried = "SET LOCAL statement_timeout = 0; SET LOCAL idle_in_transaction_session_timeout = '10min'; SET LOCAL lock_timeout = '5s'";
    private const string LiveJobs = "SELECT * FROM jobs WHERE live UNION ALL SELECT j.* FROM devices d JOIN jobs j ON j.id = d.lease_job_id WHERE NOT j.live";
    private const string Event = "SELECT row FROM events ORDER BY run_id, sequence";

    public async ValueTask<RowChanges> LoadAsync(CancellationToken cancel) => await AskAsync(async connection =>
    {
        await using var moment = await MomentAsync(connection, cancel);
        // What is unfinished, however much is over: without statistics, as after an import, whole tables would be read for it.
        await RunAsync(connection, "SET LOCAL enable_seqscan = off; SET LOCAL enable_hashjoin = off; SET LOCAL enable_mergejoin = off", cancel);
        var fleet = await FleetAsync(connection, cancel);
        Volatile.Write(ref seen, fleet.Head);
        return fleet with
        {
            Runs = await AllAsync(connection, $"SELECT row FROM runs WHERE finished_at IS NULL OR id IN (SELECT run_id FROM ({LiveJobs}) l)", r => Json(r, 0, RowJson.Default.Run), cancel),
            Jobs = await AllAsync(connection, $"SELECT row, spec FROM ({LiveJobs}) l ORDER BY id", JobRowOf, cancel),
            Attempts = await AllAsync(
                connection, $"SELECT a.row FROM ({LiveJobs}) l JOIN attempts a ON a.job_id = l.id ORDER BY a.job_id, a.number", r => Json(r, 0, RowJson.Default.Attempt), cancel),
        };
    }, cancel, hurried: false);

    public async IAsyncEnumerable<RowChanges> ExportAsync([EnumeratorCancellation] CancellationToken cancel)
    {
        await using var connection = await TryAsync(() => reading.OpenConnectionAsync(cancel), cancel);
        await using var moment = await TryAsync(async () => await MomentAsync(connection, cancel), cancel);
        var fleet = await TryAsync(async () => await FleetAsync(connection, cancel), cancel);
        yield return fleet;
        var part = new RowChanges { Head = fleet.Head };
        await foreach (var rows in PartsAsync(connection, "SELECT row FROM runs", r => Json(r, 0, RowJson.Default.Run), cancel)) yield return part with { Runs = rows };
        await foreach (var rows in PartsAsync(connection, "SELECT row, spec FROM jobs", JobRowOf, cancel)) yield return part with { Jobs = rows };
        await foreach (var rows in PartsAsync(connection, "SELECT row FROM attempts", r => Json(r, 0, RowJson.Default.Attempt), cancel)) yield return part with { Attempts = rows };
        await foreach (var rows in PartsAsync(
            connection, "SELECT row, job_id, attempt, origin FROM test_results", TestsRowOf, cancel)) yield return part with { Tests = rows };
        await foreach (var rows in PartsAsync(connection, Event, r => Json(r, 0, RowJson.Default.JobEvent), cancel)) yield return part with { Events = rows };
    }

    public async ValueTask ImportAsync(IAsyncEnumerable<RowChanges> parts, CancellationToken cancel)
    {
        // One transaction: what is interrupted leaves nothing. The head's row is locked all along, so no server commits.
        await using var connection = await TryAsync(() => writing.OpenConnectionAsync(cancel), cancel);
        await using var transaction = await TryAsync(() => connection.BeginTransactionAsync(cancel), cancel);
        var standing = await TryAsync(async () =>
        {
            await RunAsync(connection, Unhurried, cancel);
            await using var command = new NpgsqlCommand("SELECT commit FROM head FOR UPDATE", connection);
            return (long)(await command.ExecuteScalarAsync(cancel))!;
        }, cancel);
        if (standing != 0) throw new StoreNotEmptyException($"{Name} is not empty.");
        Head? head = null;
        await foreach (var part in parts.WithCancellation(cancel))
        {
            head = part.Head;
            await TryAsync(async () =>
            {
                await using var batch = new NpgsqlBatch(connection);
                new RowBatch(batch, Head.Empty.CommitId, new RowTexts(part)).Add(part);
                return batch.BatchCommands.Count == 0 ? 0 : await batch.ExecuteNonQueryAsync(cancel);
            }, cancel);
        }
        if (head is null) return;
        await TryAsync(async () =>
        {
            await RunAsync(
                connection, "UPDATE head SET commit = $1, commit_id = $2, revision = $3, event = $4", cancel,
                Number(head.Commit), Text(head.CommitId), Number(head.Revision), Number(head.Event));
            // Queries of history are planned by what there is, from the first one on.
            await RunAsync(connection, "ANALYZE runs, jobs, attempts, test_results, events", cancel);
            await transaction.CommitAsync(cancel);
            return 0;
        }, cancel);
    }

    public async ValueTask PurgeRunsAsync(IReadOnlyList<string> runIds, CancellationToken cancel) => await AskAsync(async connection =>
    {
        // Run by run, each whole or not at all: nobody finds a run half gone.
        foreach (var id in runIds)
        {
            await using var transaction = await connection.BeginTransactionAsync(cancel);
            await RunAsync(connection, Unhurried, cancel);
            // Its row first: two servers purge one after the other, and the second finds nothing.
            if (await RunAsync(
                connection, "DELETE FROM runs WHERE id = $1 AND finished_at IS NOT NULL AND NOT EXISTS (SELECT 1 FROM devices WHERE lease_run_id = $1)", cancel, Text(id)) == 0) continue;
            await RunAsync(connection, "DELETE FROM test_results USING jobs WHERE jobs.run_id = $1 AND job_id = jobs.id", cancel, Text(id));
            await RunAsync(connection, "DELETE FROM attempts USING jobs WHERE jobs.run_id = $1 AND job_id = jobs.id", cancel, Text(id));
            await RunAsync(connection, "DELETE FROM jobs WHERE run_id = $1", cancel, Text(id));
            await RunAsync(connection, "DELETE FROM events WHERE run_id = $1", cancel, Text(id));
            await transaction.CommitAsync(cancel);
        }
        return 0;
    }, cancel, hurried: false);

    /// <summary>All that follows is of one moment.</summary>
    private static async Task<NpgsqlTransaction> MomentAsync(NpgsqlConnection connection, CancellationToken cancel)
    {
        var moment = await connection.BeginTransactionAsync(IsolationLevel.RepeatableRead, cancel);
        await RunAsync(connection, Unhurried, cancel);
        return moment;
    }

    private static async Task<RowChanges> FleetAsync(NpgsqlConnection connection, CancellationToken cancel) => new()
    {
        Head = (await AllAsync(connection, "SELECT commit, commit_id, revision, event FROM head", r => new Head(r.GetInt64(0), r.GetString(1), r.GetInt64(2), r.GetInt64(3)), cancel))[0],
        Groups = await AllAsync(connection, "SELECT row FROM groups", r => Json(r, 0, RowJson.Default.Group), cancel),
        AppVersions = await AllAsync(connection, "SELECT row FROM app_versions", r => Json(r, 0, RowJson.Default.AppVersion), cancel),
        Orgs = await AllAsync(connection, "SELECT row FROM orgs", r => Json(r, 0, RowJson.Default.OrgShare), cancel),
        Resources = await AllAsync(connection, "SELECT row FROM resources", r => Json(r, 0, RowJson.Default.Resource), cancel),
        Devices = await AllAsync(connection, "SELECT row, lease_until FROM devices", DeviceOf, cancel),
        Agents = await AllAsync(connection, "SELECT row FROM agents", r => Json(r, 0, RowJson.Default.Agent), cancel),
        Estimates = await AllAsync(connection, "SELECT row FROM estimates", r => Json(r, 0, RowJson.Default.EstimateRow), cancel),
        Quarantines = await AllAsync(connection, "SELECT row FROM quarantines", r => Json(r, 0, RowJson.Default.Quarantine), cancel),
        Terms = await AllAsync(connection, "SELECT row FROM terms", r => Json(r, 0, RowJson.Default.Term), cancel),
        HookRows = await AllAsync(connection, "SELECT row FROM hook_rows", r => Json(r, 0, RowJson.Default.HookRow), cancel),
    };

    private static Device DeviceOf(NpgsqlDataReader row)
    {
        var device = Json(row, 0, RowJson.Default.Device);
        return device.Lease is { } lease ? device with { Lease = lease with { Until = new DateTimeOffset(row.GetInt64(1), TimeSpan.Zero) } } : device;
    }

    private static JobRow JobRowOf(NpgsqlDataReader row) => new(Json(row, 0, RowJson.Default.Job), Json(row, 1, RowJson.Default.JobSpec));

    private static async Task<List<T>> AllAsync<T>(NpgsqlConnection connection, string sql, Func<NpgsqlDataReader, T> read, CancellationToken cancel, params NpgsqlParameter[] parameters)
    {
        await using var command = new NpgsqlCommand(sql, connection) { CommandTimeout = 0 };
        command.Parameters.AddRange(parameters);
        await using var reader = await command.ExecuteReaderAsync(cancel);
        var rows = new List<T>();
        while (await reader.ReadAsync(cancel)) rows.Add(read(reader));
        return rows;
    }

    private async IAsyncEnumerable<List<T>> PartsAsync<T>(NpgsqlConnection connection, string sql, Func<NpgsqlDataReader, T> read, [EnumeratorCancellation] CancellationToken cancel)
    {
        await using var command = new NpgsqlCommand(sql, connection) { CommandTimeout = 0 };
        await using var reader = await TryAsync(() => new ValueTask<NpgsqlDataReader>(command.ExecuteReaderAsync(cancel)), cancel);
        while (true)
        {
            var rows = await TryAsync(async () =>
            {
                var part = new List<T>();
                while (part.Count < PartRows && await reader.ReadAsync(cancel)) part.Add(read(reader));
                return part;
            }, cancel);
            if (rows.Count > 0) yield return rows;
            if (rows.Count < PartRows) yield break;
        }
    }

    private static async Task<int> RunAsync(NpgsqlConnection connection, string sql, CancellationToken cancel, params NpgsqlParameter[] parameters)
    {
        await using var command = new NpgsqlCommand(sql, connection) { CommandTimeout = MostSeconds };
        command.Parameters.AddRange(parameters);
        return await command.ExecuteNonQueryAsync(cancel);
    }

    private async ValueTask<T> TryAsync<T>(Func<ValueTask<T>> act, CancellationToken cancel)
    {
        try
        {
            return await act();
        }
        catch (Exception ex) when (PostgresFailure.Is(ex))
        {
            throw PostgresFailure.Of(Name, ex, cancel);
        }
    }
}
