using Qgjob.Core.Devices;
using Qgjob.Core.Events;
using Qgjob.Core.Groups;
using Qgjob.Core.Jobs;
using Qgjob.Core.Notifications;
using Qgjob.Core.Orgs;
using Qgjob.Core.Results;
using Qgjob.Core.Runs;
using Qgjob.Core.Scheduling;
using Qgjob.Core.Storage.Engine;
using Qgjob.Core.Storage.Journal;

namespace Qgjob.Core.Storage.Memory;

/// <summary>Everything in this process's memory: for tests, simulations and servers that may forget.</summary>
public sealed class MemoryStore : IJobStore
{
    private readonly Lock gate = new();
    private readonly MemoryRows rows;
    private readonly StoreEngine engine;

    /// <summary>An empty store.</summary>
    /// <param name="keepHistory">False: events, and jobs that are over, are forgotten at once. For simulations.</param>
    public MemoryStore(bool keepHistory = true)
    {
        rows = new MemoryRows(keepHistory);
        engine = new StoreEngine(rows);
    }

    internal IReadOnlyDictionary<string, int> Sizes => rows.Sizes;

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<object>> CommitAsync(IReadOnlyList<StoreCommand> batch, CancellationToken cancel) => CommitAsync(batch, null, cancel);

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<object>> CommitAsync(IReadOnlyList<StoreCommand> batch, Follow? follow, CancellationToken cancel)
    {
        cancel.ThrowIfCancellationRequested();
        StoreEngine.Check(batch);
        lock (gate)
        {
            var answers = engine.Apply(batch, follow, rows.Delta);
            rows.ForgetEnded();
            return new(answers);
        }
    }

    /// <inheritdoc/>
    public ValueTask<PoolDelta> ReadPoolAsync(string pool, long sinceRevision, CancellationToken cancel) => Read(() => rows.Delta(pool, sinceRevision));

    /// <inheritdoc/>
    public ValueTask<Run?> FindRunAsync(string runId, CancellationToken cancel) => Read(() => rows.FindRun(runId));

    /// <inheritdoc/>
    public ValueTask<Page<Run>> ListRunsAsync(string? orgId, PageRequest page, CancellationToken cancel) => Read(() =>
        PageOf(rows.Runs.Values
            .Where(r => (orgId is null || r.OrgId == orgId) && IsBelow(r.Id, page.Cursor))
            .OrderByDescending(r => r.Id, StringComparer.Ordinal), r => r.Id, page.Limit));

    /// <inheritdoc/>
    public ValueTask<JobAndSpec?> FindJobAsync(string jobId, CancellationToken cancel) =>
        Read(() => rows.FindJob(jobId) is { } job ? new JobAndSpec(job, rows.SpecOf(jobId)) : null);

    /// <inheritdoc/>
    public ValueTask<Page<JobAndSpec>> ListJobsAsync(JobFilter filter, PageRequest page, CancellationToken cancel) => Read(() =>
    {
        var after = page.Cursor is null ? -1 : Cursor.OrdinalOf(page.Cursor);
        IEnumerable<Job> jobs = filter.RunId is { } run
            ? rows.JobsOfRun(run).Where(j => j.Ordinal > after)
            : rows.Jobs.Where(j => IsBelow(j.Id, page.Cursor)).OrderByDescending(j => j.Id, StringComparer.Ordinal);
        var matching = jobs.Where(j =>
            (filter.OrgId is null || j.OrgId == filter.OrgId)
            && (filter.Status is null || j.Status == filter.Status)
            && (filter.AppVersionId is null || rows.SpecOf(j.Id).AppVersionId == filter.AppVersionId));
        var part = PageOf(matching, j => filter.RunId is null ? j.Id : Cursor.Of(j.Ordinal), page.Limit);
        return new Page<JobAndSpec>([.. part.Items.Select(j => new JobAndSpec(j, rows.SpecOf(j.Id)))], part.Next);
    });

    /// <inheritdoc/>
    public ValueTask<int?> PositionInGroupAsync(string jobId, CancellationToken cancel) =>
        Read(() => rows.PositionInGroup(jobId));

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<Attempt>> AttemptsAsync(string jobId, CancellationToken cancel) => Read(() => rows.AttemptsOf(jobId));

    /// <inheritdoc/>
    public ValueTask<Attempt?> FindAttemptAsync(LeaseRef lease, CancellationToken cancel) => Read(() => rows.FindAttempt(lease));

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<TestResult>> TestResultsAsync(string jobId, int attempt, CancellationToken cancel) =>
        Read(() => rows.Tests.GetValueOrDefault((jobId, attempt))?.Tests ?? []);

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<TestsRow>> PastTestsAsync(string orgId, string testPath, int max, CancellationToken cancel) =>
        Read(() => PastTests.Latest(rows.Tests.Values, orgId, testPath, max));

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<string>> TestPathsAsync(string orgId, string? after, int max, CancellationToken cancel) =>
        Read(() => PastTests.Paths(rows.Tests.Values, orgId, after, max));

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<JobEvent>> EventsAsync(string runId, string? jobId, long after, int max, CancellationToken cancel) =>
        Read(() => rows.EventsOf(runId, jobId, after, max));

    /// <inheritdoc/>
    public ValueTask<AppVersion?> FindAppVersionAsync(string orgId, string appVersionId, CancellationToken cancel) =>
        Read(() => rows.FindAppVersion(orgId, appVersionId));

    /// <inheritdoc/>
    public ValueTask<Page<AppVersion>> ListAppVersionsAsync(string? orgId, PageRequest page, CancellationToken cancel) =>
        Read(() => PageOfAppVersions.Of(rows.CommittedAppVersions(), orgId, page));

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<Agent>> AgentsAsync(CancellationToken cancel) =>
        Read(() => rows.CommittedAgents());

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<OrgShare>> OrgsAsync(string pool, CancellationToken cancel) => Read(() => rows.OrgsOf(pool));

    /// <inheritdoc/>
    public ValueTask<OrgShare?> FindOrgAsync(string pool, string orgId, CancellationToken cancel) => Read(() => rows.FindOrg(pool, orgId));

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<Resource>> ResourcesAsync(string? orgId, CancellationToken cancel) => Read(() => rows.CommittedResources(orgId));

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<HookRow>> HookRowsAsync(string prefix, CancellationToken cancel) => Read(() => rows.CommittedHookRows(prefix));

    /// <inheritdoc/>
    public ValueTask<Quarantine?> QuarantineAsync(string orgId, CancellationToken cancel) => Read(() => rows.FindQuarantine(orgId));

    /// <inheritdoc/>
    public ValueTask<double?> EstimateAsync(string key, CancellationToken cancel) => Read(() => rows.FindEstimate(key));

    /// <inheritdoc/>
    public async ValueTask<IReadOnlySet<string>> NewsAsync(CancellationToken cancel)
    {
        // Nobody else can write to this process's memory.
        await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, cancel);
        throw new System.Diagnostics.UnreachableException();
    }

    /// <inheritdoc/>
    public ValueTask<DateTimeOffset?> ReadClockAsync(CancellationToken cancel) => new((DateTimeOffset?)null);

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<Run>> FinishedRunsAsync(string? orgId, DateTimeOffset finishedBefore, int max, CancellationToken cancel) =>
        Read<IReadOnlyList<Run>>(() => [.. rows.Runs.Values
            .Where(r => r.FinishedAt < finishedBefore && (orgId is null || r.OrgId == orgId))
            .OrderBy(r => r.FinishedAt).ThenBy(r => r.Id, StringComparer.Ordinal).Take(max)]);

    /// <inheritdoc/>
    public ValueTask PurgeRunsAsync(IReadOnlyList<string> runIds, CancellationToken cancel)
    {
        lock (gate)
            foreach (var id in runIds) rows.Purge(id);
        return ValueTask.CompletedTask;
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private static bool IsBelow(string id, string? cursor) => cursor is null || string.CompareOrdinal(id, cursor) < 0;

    private static Page<T> PageOf<T>(IEnumerable<T> rest, Func<T, string> cursorOf, int limit) =>
        Cursor.PageOf([.. rest.Take(limit + 1)], cursorOf, limit);

    private ValueTask<T> Read<T>(Func<T> read)
    {
        lock (gate) return ValueTask.FromResult(read());
    }
}
