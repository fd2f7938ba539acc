using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Npgsql;
using Qgjob.Core.Events;
using Qgjob.Core.Jobs;
using Qgjob.Core.Results;
using Qgjob.Core.Runs;
using Qgjob.Core.Storage;
using Qgjob.Core.Storage.Journal;

namespace Qgjob.Stores.Postgres;

/// <summary>Queries of what may be over.</summary>
internal sealed partial class PostgresJournal
{
    public async ValueTask<Run?> FindRunAsync(string runId, CancellationToken cancel) =>
        (await RowsAsync("SELECT row FROM runs WHERE id = $1", r => Json(r, 0, RowJson.Default.Run), cancel, Text(runId))).FirstOrDefault();

    public async ValueTask<IReadOnlyList<Run>> FindRunsByKeyAsync(IReadOnlyList<RunKey> keys, CancellationToken cancel) => await RowsAsync(
        "SELECT r.row FROM unnest($1::text[], $2::text[]) AS k (org_id, key) JOIN runs r ON r.org_id = k.org_id AND r.idempotency_key = k.key",
        r => Json(r, 0, RowJson.Default.Run), cancel, Texts(keys.Select(k => k.OrgId)), Texts(keys.Select(k => k.Key)));

    public async ValueTask<IReadOnlyList<AttemptAndJob>> FindAttemptsAsync(IReadOnlyList<LeaseRef> leases, CancellationToken cancel) => await RowsAsync(
        """
        SELECT a.row, j.row, j.spec FROM unnest($1::text[], $2::bigint[]) AS l (device_id, token)
        JOIN attempts a ON a.device_id = l.device_id AND a.token = l.token JOIN jobs j ON j.id = a.job_id
        """,
        r => new AttemptAndJob(Json(r, 0, RowJson.Default.Attempt), JobOf(r, 1)), cancel,
        Texts(leases.Select(l => l.DeviceId)), new NpgsqlParameter<long[]> { TypedValue = [.. leases.Select(l => l.Token)] });

    public async ValueTask<Page<Run>> ListRunsAsync(string? orgId, PageRequest page, CancellationToken cancel)
    {
        var sql = new Conditions();
        if (orgId is not null) sql.And("org_id = {0}", Text(orgId));
        if (page.Cursor is not null) sql.And("id < {0}", Text(page.Cursor));
        var runs = await RowsAsync(
            $"SELECT row FROM runs {sql} ORDER BY id DESC LIMIT {sql.Next(Number(page.Limit + 1L))}", r => Json(r, 0, RowJson.Default.Run), cancel, sql.Parameters);
        return Cursor.PageOf(runs, r => r.Id, page.Limit);
    }

    public async ValueTask<JobAndSpec?> FindJobAsync(string jobId, CancellationToken cancel) =>
        (await RowsAsync("SELECT row, spec FROM jobs WHERE id = $1", r => JobOf(r, 0), cancel, Text(jobId))).FirstOrDefault();

    public async ValueTask<Page<JobAndSpec>> ListJobsAsync(JobFilter filter, PageRequest page, CancellationToken cancel)
    {
        var sql = new Conditions();
        if (filter.OrgId is not null) sql.And("org_id = {0}", Text(filter.OrgId));
        if (filter.RunId is not null) sql.And("run_id = {0}", Text(filter.RunId));
        if (filter.AppVersionId is not null) sql.And("app_version_id = {0}", Text(filter.AppVersionId));
        if (filter.Status is { } status)
        {
            sql.And("status = {0}", Number((int)status));
            // Few are unfinished: their index finds them among millions.
            if (status < JobStatus.Passed) sql.And("live");
        }
        if (page.Cursor is not null)
            if (filter.RunId is not null) sql.And("ordinal > {0}", Number(Cursor.OrdinalOf(page.Cursor)));
            else sql.And("id < {0}", Text(page.Cursor));
        var order = filter.RunId is null ? "id DESC" : "ordinal";
        var jobs = await RowsAsync($"SELECT row, spec FROM jobs {sql} ORDER BY {order} LIMIT {sql.Next(Number(page.Limit + 1L))}", r => JobOf(r, 0), cancel, sql.Parameters);
        return Cursor.PageOf(jobs, j => filter.RunId is null ? j.Job.Id : Cursor.Of(j.Job.Ordinal), page.Limit);
    }

    public async ValueTask<IReadOnlyList<Attempt>> AttemptsAsync(string jobId, CancellationToken cancel) =>
        await RowsAsync("SELECT row FROM attempts WHERE job_id = $1 ORDER BY number", r => Json(r, 0, RowJson.Default.Attempt), cancel, Text(jobId));

    public async ValueTask<IReadOnlyList<TestResult>> TestResultsAsync(string jobId, int attempt, CancellationToken cancel) => (await RowsAsync(
        "SELECT row FROM test_results WHERE job_id = $1 AND attempt = $2", r => Json(r, 0, RowJson.Default.IReadOnlyListTestResult), cancel,
        Text(jobId), Number(attempt))).FirstOrDefault() ?? [];

    public async ValueTask<IReadOnlyList<TestsRow>> PastTestsAsync(string orgId, string testPath, int max, CancellationToken cancel) => await RowsAsync(
        "SELECT row, job_id, attempt, origin FROM test_results WHERE org_id = $1 AND test_path = $2 ORDER BY ended_at DESC, job_id DESC, attempt DESC LIMIT $3",
        TestsRowOf, cancel, Text(orgId), Text(testPath), Number(max));

    public async ValueTask<IReadOnlyList<string>> TestPathsAsync(string orgId, string? after, int max, CancellationToken cancel) => await RowsAsync(
        // From path to path, each by one look into the index: a path has as many rows as it had attempts.
        """
        WITH RECURSIVE paths (path) AS (
            SELECT min(test_path) FROM test_results WHERE org_id = $1 AND test_path > $2
            UNION ALL
            SELECT (SELECT min(test_path) FROM test_results WHERE org_id = $1 AND test_path > path) FROM paths WHERE path IS NOT NULL
        )
        SELECT path FROM paths WHERE path IS NOT NULL LIMIT $3
        """,
        r => r.GetString(0), cancel, Text(orgId), Text(after ?? ""), Number(max));

    public async ValueTask<IReadOnlyList<JobEvent>> EventsAsync(string runId, string? jobId, long after, int max, CancellationToken cancel)
    {
        var sql = new Conditions();
        sql.And("run_id = {0}", Text(runId));
        sql.And("sequence > {0}", Number(after));
        if (jobId is not null) sql.And("job_id = {0}", Text(jobId));
        return await RowsAsync(
            $"SELECT row FROM events {sql} ORDER BY sequence LIMIT {sql.Next(Number(max))}", r => Json(r, 0, RowJson.Default.JobEvent), cancel, sql.Parameters);
    }

    public async ValueTask<IReadOnlyList<Run>> FinishedRunsAsync(string? orgId, DateTimeOffset finishedBefore, int max, CancellationToken cancel) => await RowsAsync(
        // Org by org, so that one index serves both questions.
        $"""
        SELECT r.row FROM {(orgId is null ? "(SELECT DISTINCT org_id FROM orgs)" : "(SELECT $3::text AS org_id)")} o
        CROSS JOIN LATERAL (SELECT * FROM runs WHERE org_id = o.org_id AND finished_at < $1 ORDER BY finished_at, id LIMIT $2) r
        ORDER BY r.finished_at, r.id LIMIT $2
        """,
        r => Json(r, 0, RowJson.Default.Run), cancel, [Number(finishedBefore.UtcTicks), Number(max), .. orgId is null ? Array.Empty<NpgsqlParameter>() : [Text(orgId)]]);

    private ValueTask<List<T>> RowsAsync<T>(string sql, Func<NpgsqlDataReader, T> read, CancellationToken cancel, params NpgsqlParameter[] parameters) => AskAsync(async connection =>
    {
        await using var command = new NpgsqlCommand(sql, connection);
        command.Parameters.AddRange(parameters);
        await using var reader = await command.ExecuteReaderAsync(cancel);
        var rows = new List<T>();
        while (await reader.ReadAsync(cancel)) rows.Add(read(reader));
        return rows;
    }, cancel);

    private static TestsRow TestsRowOf(NpgsqlDataReader row) => new(row.GetString(1), row.GetInt32(2), Json(row, 0, RowJson.Default.IReadOnlyListTestResult))
    {
        Origin = row.IsDBNull(3) ? null : Json(row, 3, RowJson.Default.TestsOrigin),
    };

    private static JobAndSpec JobOf(NpgsqlDataReader row, int column) => new(Json(row, column, RowJson.Default.Job), Json(row, column + 1, RowJson.Default.JobSpec));

    private static T Json<T>(NpgsqlDataReader row, int column, JsonTypeInfo<T> type) =>
        JsonSerializer.Deserialize(row.GetFieldValue<byte[]>(column), type)
        ?? throw new InvalidDataException($"A row of the store holds 'null' where a {typeof(T).Name} belongs.");

    /// <summary>The conditions of a query, and what they are asked with.</summary>
    private sealed class Conditions
    {
        private readonly StringBuilder text = new();
        private readonly List<NpgsqlParameter> parameters = [];

        public NpgsqlParameter[] Parameters => [.. parameters];

        public string Next(NpgsqlParameter value)
        {
            parameters.Add(value);
            return $"${parameters.Count}";
        }

        public void And(string condition, NpgsqlParameter? value = null) =>
            text.Append(text.Length == 0 ? "WHERE " : " AND ").Append(value is null ? condition : condition.Replace("{0}", Next(value), StringComparison.Ordinal));

        public override string ToString() => text.ToString();
    }
}
