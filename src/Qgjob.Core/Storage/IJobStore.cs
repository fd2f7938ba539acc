using Qgjob.Core.Devices;
using Qgjob.Core.Events;
using Qgjob.Core.Groups;
using Qgjob.Core.Jobs;
using Qgjob.Core.Notifications;
using Qgjob.Core.Orgs;
using Qgjob.Core.Results;
using Qgjob.Core.Runs;
using Qgjob.Core.Scheduling;
using Qgjob.Core.Storage.Journal;

namespace Qgjob.Core.Storage;

/// <summary>Decides what follows from a batch that is applied and not committed.</summary>
/// <param name="changed">What changed in a pool after a revision, the batch's own changes included; they may still come to nothing. To be used within the call only.</param>
public delegate IReadOnlyList<StoreCommand> Follow(Func<string, long, PoolDelta> changed);

/// <summary>The port to a store. Which store is behind it is a setting, never a difference in behaviour.</summary>
/// <remarks>
/// Writes are optimistic: a command carries the versions and tokens it rests on, and a store applies it whole or answers
/// why not. A store never judges whether a claim is wise. Every acknowledged batch is durable as far as the store is.
/// </remarks>
public interface IJobStore : IAsyncDisposable
{
    /// <summary>Applies the commands in order, in one commit; one answer per command, in order.</summary>
    /// <exception cref="StoreUnavailableException">Nothing of the batch was applied; it may be tried again.</exception>
    /// <exception cref="ArgumentException">A command is malformed (see <see cref="Engine.StoreEngine.Check"/>); nothing was applied.</exception>
    ValueTask<IReadOnlyList<object>> CommitAsync(IReadOnlyList<StoreCommand> batch, CancellationToken cancel);

    /// <summary>
    /// The same, with commands that follow from what the batch changed, in the same commit: a claim of the job that the batch
    /// submits. Their answers come after the batch's.
    /// </summary>
    /// <param name="batch">The commands.</param>
    /// <param name="follow">Asked once the batch is applied and nothing is written yet; asked anew whenever the batch has to be applied anew.</param>
    /// <param name="cancel">Ends it.</param>
    ValueTask<IReadOnlyList<object>> CommitAsync(IReadOnlyList<StoreCommand> batch, Follow? follow, CancellationToken cancel);

    /// <summary>What changed in the pool's counters after a revision; 0 reads all.</summary>
    ValueTask<PoolDelta> ReadPoolAsync(string pool, long sinceRevision, CancellationToken cancel);

    /// <summary>The run, or null.</summary>
    ValueTask<Run?> FindRunAsync(string runId, CancellationToken cancel);
    /// <summary>
    /// The run as this server last heard of it, if that costs nothing: what other servers wrote a moment ago may be missing.
    /// Null says nothing; a run that is over stays as it is. For those who wait for its end.
    /// </summary>
    ValueTask<Run?> LastKnownRunAsync(string runId, CancellationToken cancel) => FindRunAsync(runId, cancel);
    /// <summary>Runs, newest first.</summary>
    ValueTask<Page<Run>> ListRunsAsync(string? orgId, PageRequest page, CancellationToken cancel);
    /// <summary>The job and its specification, or null.</summary>
    ValueTask<JobAndSpec?> FindJobAsync(string jobId, CancellationToken cancel);
    /// <summary>Jobs that match, newest first; a run's jobs in the order of submission.</summary>
    ValueTask<Page<JobAndSpec>> ListJobsAsync(JobFilter filter, PageRequest page, CancellationToken cancel);
    /// <summary>How many jobs of its group are leased before this one; null when the job does not wait.</summary>
    ValueTask<int?> PositionInGroupAsync(string jobId, CancellationToken cancel);
    /// <summary>The job's attempts, oldest first.</summary>
    ValueTask<IReadOnlyList<Attempt>> AttemptsAsync(string jobId, CancellationToken cancel);
    /// <summary>The attempt that the lease's token made on the device, running or ended; null when there was none.</summary>
    ValueTask<Attempt?> FindAttemptAsync(LeaseRef lease, CancellationToken cancel);
    /// <summary>Per-test results of an attempt; empty when it has none.</summary>
    ValueTask<IReadOnlyList<TestResult>> TestResultsAsync(string jobId, int attempt, CancellationToken cancel);
    /// <summary>
    /// Results of the latest attempts at a test file, the latest end first; at most <paramref name="max"/>. Only rows with an
    /// origin. Attempts of all outcomes: those that failed by infrastructure say little of tests.
    /// </summary>
    ValueTask<IReadOnlyList<TestsRow>> PastTestsAsync(string orgId, string testPath, int max, CancellationToken cancel);
    /// <summary>Test files of which the org has results, in order of their bytes, those after <paramref name="after"/>.</summary>
    ValueTask<IReadOnlyList<string>> TestPathsAsync(string orgId, string? after, int max, CancellationToken cancel);
    /// <summary>Events of a run (or one job of it) after a sequence number, oldest first, at most <paramref name="max"/>.</summary>
    ValueTask<IReadOnlyList<JobEvent>> EventsAsync(string runId, string? jobId, long after, int max, CancellationToken cancel);
    /// <summary>The app version, or null when nobody named it yet.</summary>
    ValueTask<AppVersion?> FindAppVersionAsync(string orgId, string appVersionId, CancellationToken cancel);
    /// <summary>The org's app versions, newest first.</summary>
    ValueTask<Page<AppVersion>> ListAppVersionsAsync(string? orgId, PageRequest page, CancellationToken cancel);
    /// <summary>All agents ever registered.</summary>
    ValueTask<IReadOnlyList<Agent>> AgentsAsync(CancellationToken cancel);
    /// <summary>Every org that submitted to the pool or was given a share of it, by id.</summary>
    ValueTask<IReadOnlyList<OrgShare>> OrgsAsync(string pool, CancellationToken cancel);
    /// <summary>The org's share of the pool; null when nobody named it yet.</summary>
    async ValueTask<OrgShare?> FindOrgAsync(string pool, string orgId, CancellationToken cancel) =>
        (await OrgsAsync(pool, cancel)).FirstOrDefault(o => o.OrgId == orgId);
    /// <summary>Named resources of the org (of all orgs: null), by org and name.</summary>
    ValueTask<IReadOnlyList<Resource>> ResourcesAsync(string? orgId, CancellationToken cancel);
    /// <summary>Rows of notifications whose keys begin so (see <see cref="HookKeys"/>), in the order of their characters.</summary>
    ValueTask<IReadOnlyList<HookRow>> HookRowsAsync(string prefix, CancellationToken cancel);
    /// <summary>The org's tests in quarantine; null when it never had one.</summary>
    ValueTask<Quarantine?> QuarantineAsync(string orgId, CancellationToken cancel);
    /// <summary>The weighted mean of past durations under the key, in seconds; null when there is none.</summary>
    ValueTask<double?> EstimateAsync(string key, CancellationToken cancel);

    /// <summary>
    /// Completes when another server has written to the store, and names the runs that it changed. A store that no other
    /// server can write to waits until <paramref name="cancel"/>. One caller at a time.
    /// </summary>
    ValueTask<IReadOnlySet<string>> NewsAsync(CancellationToken cancel);
    /// <summary>The clock that all servers on this store share, UTC; null when it has none but this machine's.</summary>
    ValueTask<DateTimeOffset?> ReadClockAsync(CancellationToken cancel);
    /// <summary>Runs of the org (of all orgs: null) that were finished before a time, oldest end first, at most <paramref name="max"/>.</summary>
    ValueTask<IReadOnlyList<Run>> FinishedRunsAsync(string? orgId, DateTimeOffset finishedBefore, int max, CancellationToken cancel);
    /// <summary>Removes finished runs with their jobs, attempts, results and events; one that is not finished, or has an attempt that still holds a device, stays.</summary>
    ValueTask PurgeRunsAsync(IReadOnlyList<string> runIds, CancellationToken cancel);
}

/// <summary>A job with what was asked for.</summary>
public sealed record JobAndSpec(Job Job, JobSpec Spec);

/// <summary>Which jobs to list; null means any.</summary>
public sealed record JobFilter(string? OrgId = null, string? RunId = null, string? AppVersionId = null, JobStatus? Status = null);

/// <summary>Which part of a list: at most <paramref name="Limit"/> items after the cursor.</summary>
public sealed record PageRequest(int Limit, string? Cursor = null);

/// <summary>Part of a list; <paramref name="Next"/> is the cursor of the next part, null at the end.</summary>
public sealed record Page<T>(IReadOnlyList<T> Items, string? Next);

/// <summary>The store did not answer. Nothing was applied that is not acknowledged; the call may be tried again.</summary>
public sealed class StoreUnavailableException(string message, Exception inner) : Exception(message, inner);
