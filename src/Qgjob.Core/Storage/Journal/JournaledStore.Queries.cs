using Qgjob.Core.Devices;
using Qgjob.Core.Events;
using Qgjob.Core.Groups;
using Qgjob.Core.Jobs;
using Qgjob.Core.Notifications;
using Qgjob.Core.Orgs;
using Qgjob.Core.Results;
using Qgjob.Core.Runs;
using Qgjob.Core.Scheduling;

namespace Qgjob.Core.Storage.Journal;

/// <summary>Queries: of what the working copy has whole, from it, as it was at the last commit; of runs and jobs, from the journal.</summary>
public sealed partial class JournaledStore
{
    /// <inheritdoc/>
    /// <remarks>Waits for the batch that is being committed: a delta is of one commit.</remarks>
    public async ValueTask<PoolDelta> ReadPoolAsync(string pool, long sinceRevision, CancellationToken cancel)
    {
        await gate.WaitAsync(cancel);
        try
        {
            ObjectDisposedException.ThrowIf(closed, this);
            if (!certain) await CatchUpAsync([], cancel);
            lock (reading) return rows.Delta(pool, sinceRevision);
        }
        finally
        {
            gate.Release();
        }
    }

    /// <inheritdoc/>
    public ValueTask<Run?> FindRunAsync(string runId, CancellationToken cancel) => journal.FindRunAsync(runId, cancel);

    /// <inheritdoc/>
    public ValueTask<Run?> LastKnownRunAsync(string runId, CancellationToken cancel) => Read(() => rows.LastKnownRun(runId));

    /// <inheritdoc/>
    public ValueTask<Page<Run>> ListRunsAsync(string? orgId, PageRequest page, CancellationToken cancel) => journal.ListRunsAsync(orgId, page, cancel);

    /// <inheritdoc/>
    public ValueTask<JobAndSpec?> FindJobAsync(string jobId, CancellationToken cancel) => journal.FindJobAsync(jobId, cancel);

    /// <inheritdoc/>
    public ValueTask<Page<JobAndSpec>> ListJobsAsync(JobFilter filter, PageRequest page, CancellationToken cancel) =>
        journal.ListJobsAsync(filter, page, cancel);

    /// <inheritdoc/>
    public ValueTask<int?> PositionInGroupAsync(string jobId, CancellationToken cancel) => Read(() => rows.PositionInGroup(jobId));

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<Attempt>> AttemptsAsync(string jobId, CancellationToken cancel) => journal.AttemptsAsync(jobId, cancel);

    /// <inheritdoc/>
    public async ValueTask<Attempt?> FindAttemptAsync(LeaseRef lease, CancellationToken cancel)
    {
        Attempt? running;
        lock (reading) running = rows.CommittedAttempt(lease);
        return running ?? (await journal.FindAttemptsAsync([lease], cancel) is [var past, ..] ? past.Attempt : null);
    }

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<TestResult>> TestResultsAsync(string jobId, int attempt, CancellationToken cancel) =>
        journal.TestResultsAsync(jobId, attempt, cancel);

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<TestsRow>> PastTestsAsync(string orgId, string testPath, int max, CancellationToken cancel) =>
        journal.PastTestsAsync(orgId, testPath, max, cancel);

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<string>> TestPathsAsync(string orgId, string? after, int max, CancellationToken cancel) =>
        journal.TestPathsAsync(orgId, after, max, cancel);

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<JobEvent>> EventsAsync(string runId, string? jobId, long after, int max, CancellationToken cancel) =>
        journal.EventsAsync(runId, jobId, after, max, cancel);

    /// <inheritdoc/>
    public async ValueTask<AppVersion?> FindAppVersionAsync(string orgId, string appVersionId, CancellationToken cancel)
    {
        if (await Read(() => rows.CommittedAppVersion(orgId, appVersionId)) is { } known) return known;
        // Another server may have been told of it a moment ago, and its uploader may go on here.
        await LookAsync(cancel);
        return await Read(() => rows.CommittedAppVersion(orgId, appVersionId));
    }

    /// <inheritdoc/>
    public ValueTask<Page<AppVersion>> ListAppVersionsAsync(string? orgId, PageRequest page, CancellationToken cancel) =>
        Read(() => PageOfAppVersions.Of(rows.CommittedAppVersions(), orgId, page));

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<Agent>> AgentsAsync(CancellationToken cancel) => Read(() => rows.CommittedAgents());

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<OrgShare>> OrgsAsync(string pool, CancellationToken cancel) => Read(() => rows.CommittedOrgs(pool));

    /// <inheritdoc/>
    public ValueTask<OrgShare?> FindOrgAsync(string pool, string orgId, CancellationToken cancel) => Read(() => rows.CommittedOrg(pool, orgId));

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<Resource>> ResourcesAsync(string? orgId, CancellationToken cancel) => Read(() => rows.CommittedResources(orgId));

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<HookRow>> HookRowsAsync(string prefix, CancellationToken cancel) => Read(() => rows.CommittedHookRows(prefix));

    /// <inheritdoc/>
    public ValueTask<Quarantine?> QuarantineAsync(string orgId, CancellationToken cancel) => Read(() => rows.CommittedQuarantine(orgId));

    /// <inheritdoc/>
    public ValueTask<double?> EstimateAsync(string key, CancellationToken cancel) => Read(() => rows.CommittedEstimate(key));

    /// <inheritdoc/>
    public ValueTask<DateTimeOffset?> ReadClockAsync(CancellationToken cancel) => journal.ReadClockAsync(cancel);

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<Run>> FinishedRunsAsync(string? orgId, DateTimeOffset finishedBefore, int max, CancellationToken cancel) =>
        journal.FinishedRunsAsync(orgId, finishedBefore, max, cancel);

    /// <inheritdoc/>
    public ValueTask PurgeRunsAsync(IReadOnlyList<string> runIds, CancellationToken cancel) => journal.PurgeRunsAsync(runIds, cancel);

    /// <summary>The journal, for backups. Nobody but this store may commit to it.</summary>
    public IJournal Journal => journal;

    internal IReadOnlyDictionary<string, int> Sizes => rows.Sizes;

    private async ValueTask LookAsync(CancellationToken cancel)
    {
        await gate.WaitAsync(cancel);
        try
        {
            await CatchUpAsync([], cancel);
        }
        finally
        {
            gate.Release();
        }
    }

    private ValueTask<T> Read<T>(Func<T> read)
    {
        lock (reading) return ValueTask.FromResult(read());
    }
}
