using Qgjob.Core.Events;
using Qgjob.Core.Jobs;
using Qgjob.Core.Results;
using Qgjob.Core.Runs;
using Qgjob.Core.Storage;
using Qgjob.Core.Storage.Journal;

namespace Qgjob.Stores.Sqlite;

/// <summary>Questions about runs and jobs, over or not.</summary>
internal sealed partial class SqliteJournal
{
    /// <summary>Sorts after every id.</summary>
    private const string Top = "\U0010FFFF";

    public ValueTask<Run?> FindRunAsync(string runId, CancellationToken cancel) => readers.ReadAsync(reader =>
        reader.Sql($"SELECT {Records.RunColumns} FROM runs WHERE id = ?").Bind(runId).One(Records.Run), cancel);

    public ValueTask<IReadOnlyList<Run>> FindRunsByKeyAsync(IReadOnlyList<RunKey> keys, CancellationToken cancel) => readers.ReadAsync<IReadOnlyList<Run>>(reader =>
        [.. keys.Distinct().Select(key => reader.Sql($"SELECT {Records.RunColumns} FROM runs WHERE org_id = ? AND idempotency_key = ?")
            .Bind(key.OrgId).Bind(key.Key).One(Records.Run)).OfType<Run>()], cancel);

    public ValueTask<IReadOnlyList<AttemptAndJob>> FindAttemptsAsync(IReadOnlyList<LeaseRef> leases, CancellationToken cancel) =>
        readers.ReadMomentAsync<IReadOnlyList<AttemptAndJob>>(reader =>
        {
            var found = new List<AttemptAndJob>();
            foreach (var lease in leases.Distinct())
                if (reader.Sql($"SELECT {Records.AttemptColumns} FROM attempts WHERE device_id = ? AND token = ?")
                        .Bind(lease.DeviceId).Bind(lease.Token).One(Records.Attempt) is { } attempt
                    && Job(reader, attempt.JobId) is { } job)
                    found.Add(new AttemptAndJob(attempt, job));
            return found;
        }, cancel);

    public ValueTask<Page<Run>> ListRunsAsync(string? orgId, PageRequest page, CancellationToken cancel) => readers.ReadAsync(reader =>
    {
        var runs = orgId is null
            ? reader.Sql($"SELECT {Records.RunColumns} FROM runs WHERE id < ? ORDER BY id DESC LIMIT ?")
            : reader.Sql($"SELECT {Records.RunColumns} FROM runs WHERE org_id = ? AND id < ? ORDER BY id DESC LIMIT ?").Bind(orgId);
        return Cursor.PageOf(runs.Bind(page.Cursor ?? Top).Bind(page.Limit + 1).All(Records.Run), r => r.Id, page.Limit);
    }, cancel);

    public ValueTask<JobAndSpec?> FindJobAsync(string jobId, CancellationToken cancel) => readers.ReadAsync(reader => Job(reader, jobId), cancel);

    public ValueTask<Page<JobAndSpec>> ListJobsAsync(JobFilter filter, PageRequest page, CancellationToken cancel) => readers.ReadAsync(reader =>
    {
        const string Matches = "(?3 IS NULL OR j.status = ?3) AND (?4 IS NULL OR j.app_version_id = ?4) AND (?5 IS NULL OR j.org_id = ?5)";
        var jobs = filter switch
        {
            { RunId: { } run } => reader.Sql($"{Records.JobsWithSpecs} WHERE j.run_id = ?1 AND j.ordinal > ?2 AND {Matches} ORDER BY j.ordinal LIMIT ?6")
                .Bind(run).Bind(page.Cursor is null ? -1 : Cursor.OrdinalOf(page.Cursor)),
            { OrgId: { } org } => reader.Sql($"{Records.JobsWithSpecs} WHERE j.org_id = ?1 AND j.id < ?2 AND {Matches} ORDER BY j.id DESC LIMIT ?6")
                .Bind(org).Bind(page.Cursor ?? Top),
            _ => reader.Sql($"{Records.JobsWithSpecs} WHERE ?1 IS NULL AND j.id < ?2 AND {Matches} ORDER BY j.id DESC LIMIT ?6")
                .BindNull().Bind(page.Cursor ?? Top),
        };
        var items = jobs.Bind((long?)filter.Status).Bind(filter.AppVersionId).Bind(filter.OrgId).Bind(page.Limit + 1).All(Records.JobAndSpec);
        return Cursor.PageOf(items, j => filter.RunId is null ? j.Job.Id : Cursor.Of(j.Job.Ordinal), page.Limit);
    }, cancel);

    public ValueTask<IReadOnlyList<Attempt>> AttemptsAsync(string jobId, CancellationToken cancel) => readers.ReadAsync<IReadOnlyList<Attempt>>(reader =>
        reader.Sql($"SELECT {Records.AttemptColumns} FROM attempts WHERE job_id = ? ORDER BY number").Bind(jobId).All(Records.Attempt), cancel);

    public ValueTask<IReadOnlyList<TestResult>> TestResultsAsync(string jobId, int attempt, CancellationToken cancel) => readers.ReadAsync(reader =>
        reader.Sql("SELECT tests FROM test_results WHERE job_id = ? AND attempt = ?").Bind(jobId).Bind(attempt).One(static r => Records.Tests(r, 0)) ?? [], cancel);

    public ValueTask<IReadOnlyList<TestsRow>> PastTestsAsync(string orgId, string testPath, int max, CancellationToken cancel) =>
        readers.ReadAsync<IReadOnlyList<TestsRow>>(reader => reader.Sql($"""
            SELECT {Records.TestsColumns} FROM test_results
            WHERE org_id = ? AND test_path = ? ORDER BY ended_at DESC, job_id DESC, attempt DESC LIMIT ?
            """).Bind(orgId).Bind(testPath).Bind(max).All(Records.TestsRow), cancel);

    public ValueTask<IReadOnlyList<string>> TestPathsAsync(string orgId, string? after, int max, CancellationToken cancel) =>
        readers.ReadAsync<IReadOnlyList<string>>(reader =>
        {
            // From path to path, each by one look into the index: a path has as many rows as it had attempts.
            var paths = new List<string>();
            for (var last = after ?? ""; paths.Count < max; paths.Add(last))
            {
                if (reader.Sql("SELECT test_path FROM test_results WHERE org_id = ? AND test_path > ? ORDER BY test_path LIMIT 1")
                        .Bind(orgId).Bind(last).One(static r => r.Text(0)) is not { } next) break;
                last = next;
            }
            return paths;
        }, cancel);

    public ValueTask<IReadOnlyList<JobEvent>> EventsAsync(string runId, string? jobId, long after, int max, CancellationToken cancel) =>
        readers.ReadAsync<IReadOnlyList<JobEvent>>(reader => reader.Sql($"""
            SELECT {Records.EventColumns} FROM events
            WHERE run_id = ?1 AND sequence > ?2 AND (?3 IS NULL OR job_id = ?3) ORDER BY sequence LIMIT ?4
            """).Bind(runId).Bind(after).Bind(jobId).Bind(max).All(Records.Event), cancel);

    public ValueTask<IReadOnlyList<Run>> FinishedRunsAsync(string? orgId, DateTimeOffset finishedBefore, int max, CancellationToken cancel) =>
        readers.ReadAsync<IReadOnlyList<Run>>(reader => reader.Sql($"""
            SELECT {Records.RunColumns} FROM runs
            WHERE finished_at < ?1 AND (?2 IS NULL OR org_id = ?2) ORDER BY finished_at, id LIMIT ?3
            """).Bind(finishedBefore).Bind(orgId).Bind(max).All(Records.Run), cancel);

    private static JobAndSpec? Job(SqliteSession reader, string id) =>
        reader.Sql($"{Records.JobsWithSpecs} WHERE j.id = ?").Bind(id).One(Records.JobAndSpec);
}
