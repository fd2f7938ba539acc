using System.Collections.Concurrent;
using Microsoft.Data.Sqlite;
using Qgjob.Core.Devices;
using Qgjob.Core.Events;
using Qgjob.Core.Groups;
using Qgjob.Core.Jobs;
using Qgjob.Core.Orgs;
using Qgjob.Core.Results;
using Qgjob.Core.Runs;
using Qgjob.Core.Scheduling;
using Qgjob.Core.Storage;

namespace Qgjob.Stores.Sqlite;

/// <summary>Queries, each on a reading connection of its own: in WAL mode they see the last commit and wait for nobody.</summary>
public sealed partial class SqliteStore
{
    /// <summary>Sorts after every id.</summary>
    private const string Top = "\U0010FFFF";

    private readonly ConcurrentBag<SqliteSession> idleReaders = [];

    /// <inheritdoc/>
    public ValueTask<PoolDelta> ReadPoolAsync(string pool, long sinceRevision, CancellationToken cancel) => Read(reader =>
    {
        // One transaction: the revision and the rows belong together.
        reader.Sql("BEGIN").Run();
        try
        {
            return new PoolDelta(
                reader.Sql("SELECT revision FROM counters").One(static r => r.Long(0)),
                // A reader that knows nothing yet need not hear of groups that are done.
                reader.Sql($"""
                    SELECT {Records.GroupColumns} FROM groups
                    WHERE revision > ?1 AND pool = ?2 AND (?1 > 0 OR queued + active > 0) ORDER BY revision
                    """).Bind(sinceRevision).Bind(pool).All(Records.Group),
                reader.Sql($"SELECT {Records.DeviceColumns} FROM devices WHERE revision > ? AND pool = ? ORDER BY revision")
                    .Bind(sinceRevision).Bind(pool).All(Records.Device),
                reader.Sql($"SELECT {Records.VersionColumns} FROM app_versions WHERE revision > ? ORDER BY revision")
                    .Bind(sinceRevision).All(Records.Version),
                reader.Sql($"SELECT {Records.OrgColumns} FROM org_shares WHERE revision > ? AND pool = ? ORDER BY revision")
                    .Bind(sinceRevision).Bind(pool).All(Records.Org),
                // Those without units too: a reader that knew them must hear that they are gone.
                reader.Sql($"SELECT {Records.ResourceColumns} FROM resources WHERE revision > ? ORDER BY revision")
                    .Bind(sinceRevision).All(Records.Resource),
                reader.Sql("SELECT id FROM agents WHERE draining = 1").All(static r => r.Text(0)).ToHashSet());
        }
        finally
        {
            reader.Sql("COMMIT").Run();
        }
    }, cancel);

    /// <inheritdoc/>
    public ValueTask<Run?> FindRunAsync(string runId, CancellationToken cancel) => Read(reader =>
        reader.Sql($"SELECT {Records.RunColumns} FROM runs WHERE id = ?").Bind(runId).One(Records.Run), cancel);

    /// <inheritdoc/>
    public ValueTask<Page<Run>> ListRunsAsync(string? orgId, PageRequest page, CancellationToken cancel) => Read(reader =>
    {
        var runs = orgId is null
            ? reader.Sql($"SELECT {Records.RunColumns} FROM runs WHERE id < ? ORDER BY id DESC LIMIT ?")
            : reader.Sql($"SELECT {Records.RunColumns} FROM runs WHERE org_id = ? AND id < ? ORDER BY id DESC LIMIT ?").Bind(orgId);
        return Cursor.PageOf(runs.Bind(page.Cursor ?? Top).Bind(page.Limit + 1).All(Records.Run), r => r.Id, page.Limit);
    }, cancel);

    /// <inheritdoc/>
    public ValueTask<JobAndSpec?> FindJobAsync(string jobId, CancellationToken cancel) => Read(reader =>
        reader.Sql($"SELECT {Records.JobColumns}, s.spec FROM jobs j JOIN job_specs s ON s.job_id = j.id WHERE j.id = ?")
            .Bind(jobId).One(JobAndSpec), cancel);

    /// <inheritdoc/>
    public ValueTask<Page<JobAndSpec>> ListJobsAsync(JobFilter filter, PageRequest page, CancellationToken cancel) => Read(reader =>
    {
        const string Select = $"SELECT {Records.JobColumns}, s.spec FROM jobs j JOIN job_specs s ON s.job_id = j.id";
        const string Matches = "(?3 IS NULL OR j.status = ?3) AND (?4 IS NULL OR j.app_version_id = ?4) AND (?5 IS NULL OR j.org_id = ?5)";
        var jobs = filter switch
        {
            { RunId: { } run } => reader.Sql($"{Select} WHERE j.run_id = ?1 AND j.ordinal > ?2 AND {Matches} ORDER BY j.ordinal LIMIT ?6")
                .Bind(run).Bind(page.Cursor is null ? -1 : Cursor.OrdinalOf(page.Cursor)),
            { OrgId: { } org } => reader.Sql($"{Select} WHERE j.org_id = ?1 AND j.id < ?2 AND {Matches} ORDER BY j.id DESC LIMIT ?6")
                .Bind(org).Bind(page.Cursor ?? Top),
            _ => reader.Sql($"{Select} WHERE ?1 IS NULL AND j.id < ?2 AND {Matches} ORDER BY j.id DESC LIMIT ?6")
                .BindNull().Bind(page.Cursor ?? Top),
        };
        var items = jobs.Bind((long?)filter.Status).Bind(filter.AppVersionId).Bind(filter.OrgId).Bind(page.Limit + 1).All(JobAndSpec);
        return Cursor.PageOf(items, j => filter.RunId is null ? j.Job.Id : Cursor.Of(j.Job.Ordinal), page.Limit);
    }, cancel);

    /// <inheritdoc/>
    public ValueTask<int?> PositionInGroupAsync(string jobId, CancellationToken cancel) => Read(reader =>
        reader.Sql("""
            SELECT (SELECT count(*) FROM jobs a WHERE a.status = 0 AND a.group_id = j.group_id AND a.tier <= j.tier
                AND (a.tier < j.tier OR a.estimate > j.estimate OR (a.estimate = j.estimate AND a.id < j.id)))
            FROM jobs j WHERE j.id = ? AND j.status = 0
            """).Bind(jobId).One<object>(static r => r.Int(0)) as int?, cancel);

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<Attempt>> AttemptsAsync(string jobId, CancellationToken cancel) => Read<IReadOnlyList<Attempt>>(reader =>
        reader.Sql($"SELECT {Records.AttemptColumns} FROM attempts WHERE job_id = ? ORDER BY number").Bind(jobId).All(Records.Attempt), cancel);

    /// <inheritdoc/>
    public ValueTask<Attempt?> FindAttemptAsync(LeaseRef lease, CancellationToken cancel) => Read(reader =>
        reader.Sql($"SELECT {Records.AttemptColumns} FROM attempts WHERE device_id = ? AND token = ?")
            .Bind(lease.DeviceId).Bind(lease.Token).One(Records.Attempt), cancel);

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<TestResult>> TestResultsAsync(string jobId, int attempt, CancellationToken cancel) => Read(reader =>
        reader.Sql("SELECT tests FROM test_results WHERE job_id = ? AND attempt = ?").Bind(jobId).Bind(attempt).One(Records.Tests) ?? [], cancel);

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<JobEvent>> EventsAsync(string runId, string? jobId, long after, int max, CancellationToken cancel) =>
        Read<IReadOnlyList<JobEvent>>(reader => reader.Sql($"""
            SELECT {Records.EventColumns} FROM events
            WHERE run_id = ?1 AND sequence > ?2 AND (?3 IS NULL OR job_id = ?3) ORDER BY sequence LIMIT ?4
            """).Bind(runId).Bind(after).Bind(jobId).Bind(max).All(Records.Event), cancel);

    /// <inheritdoc/>
    public ValueTask<AppVersion?> FindAppVersionAsync(string orgId, string appVersionId, CancellationToken cancel) => Read(reader =>
        reader.Sql($"SELECT {Records.VersionColumns} FROM app_versions WHERE org_id = ? AND id = ?")
            .Bind(orgId).Bind(appVersionId).One(Records.Version), cancel);

    /// <inheritdoc/>
    public ValueTask<Page<AppVersion>> ListAppVersionsAsync(string? orgId, PageRequest page, CancellationToken cancel) => Read(reader =>
    {
        var place = page.Cursor is null ? new AppVersionPlace(long.MaxValue, "", "") : Cursor.AppVersionOf(page.Cursor);
        if (place is null) return new Page<AppVersion>([], null);
        var versions = reader.Sql($"""
            SELECT {Records.VersionColumns} FROM app_versions
            WHERE (?1 IS NULL OR org_id = ?1) AND (created_at < ?2 OR (created_at = ?2 AND (org_id, id) > (?3, ?4)))
            ORDER BY created_at DESC, org_id, id LIMIT ?5
            """).Bind(orgId).Bind(place.CreatedTicks).Bind(place.OrgId).Bind(place.Id).Bind(page.Limit + 1).All(Records.Version);
        return Cursor.PageOf(versions, Cursor.Of, page.Limit);
    }, cancel);

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<Agent>> AgentsAsync(CancellationToken cancel) => Read<IReadOnlyList<Agent>>(reader =>
        reader.Sql($"SELECT {Records.AgentColumns} FROM agents ORDER BY id").All(Records.Agent), cancel);

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<OrgShare>> OrgsAsync(string pool, CancellationToken cancel) => Read<IReadOnlyList<OrgShare>>(reader =>
        reader.Sql($"SELECT {Records.OrgColumns} FROM org_shares WHERE pool = ? ORDER BY org_id").Bind(pool).All(Records.Org), cancel);

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<Resource>> ResourcesAsync(string? orgId, CancellationToken cancel) => Read<IReadOnlyList<Resource>>(reader =>
        reader.Sql($"SELECT {Records.ResourceColumns} FROM resources WHERE (?1 IS NULL OR org_id = ?1) AND units <> '[]' ORDER BY org_id, name")
            .Bind(orgId).All(Records.Resource), cancel);

    /// <inheritdoc/>
    public ValueTask<double?> EstimateAsync(string key, CancellationToken cancel) => Read(reader =>
        reader.Sql("SELECT seconds FROM estimates WHERE key = ?").Bind(key).One<object>(static r => r.Double(0)) as double?, cancel);

    /// <inheritdoc/>
    public async ValueTask<IReadOnlySet<string>> NewsAsync(CancellationToken cancel)
    {
        await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, cancel);
        throw new System.Diagnostics.UnreachableException();
    }

    /// <inheritdoc/>
    public ValueTask<DateTimeOffset?> ReadClockAsync(CancellationToken cancel) => new((DateTimeOffset?)null);

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<Run>> FinishedRunsAsync(string? orgId, DateTimeOffset finishedBefore, int max, CancellationToken cancel) => throw new NotImplementedException();

    /// <inheritdoc/>
    public ValueTask PurgeRunsAsync(IReadOnlyList<string> runIds, CancellationToken cancel) => throw new NotImplementedException();

    private static JobAndSpec JobAndSpec(Statement row) => new(Records.Job(row), Records.Spec(row, Records.AfterJob));

    private void CloseReaders()
    {
        while (idleReaders.TryTake(out var reader)) reader.Dispose();
    }

    private ValueTask<T> Read<T>(Func<SqliteSession, T> query, CancellationToken cancel)
    {
        cancel.ThrowIfCancellationRequested();
        ObjectDisposedException.ThrowIf(closed, this);
        SqliteSession? reader = null;
        try
        {
            if (!idleReaders.TryTake(out reader)) reader = SqliteFile.OpenReader(path);
            var answer = query(reader);
            idleReaders.Add(reader);
            reader = null;
            if (closed) CloseReaders();
            return ValueTask.FromResult(answer);
        }
        catch (SqliteException ex)
        {
            throw new StoreUnavailableException($"The store {path} could not be read: {ex.Message}", ex);
        }
        finally
        {
            // After an error nothing is known of the connection; the next reader gets a fresh one.
            reader?.Dispose();
        }
    }
}
