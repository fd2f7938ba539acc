using Qgjob.Core.Events;
using Qgjob.Core.Jobs;
using Qgjob.Core.Results;
using Qgjob.Core.Runs;

namespace Qgjob.Core.Storage.Journal;

/// <summary>
/// The durable side of a store: rows by key, changed by one commit after the other. It knows nothing of what the rows
/// mean; <see cref="JournaledStore"/> does, and keeps a working copy of what is unfinished.
/// </summary>
/// <remarks>
/// Every commit names the one that it follows, and is refused when that is not the latest any more. So each commit was
/// decided upon exactly the state that it changes, whichever server made it, and an answer that got lost can be found
/// out: the latest commit's id says whose it is.
/// <para>Any call may throw <see cref="StoreUnavailableException"/>; of <see cref="CommitAsync"/> nobody knows then whether it happened.</para>
/// </remarks>
public interface IJournal : IAsyncDisposable
{
    /// <summary>Names the store for people, without secrets: in messages.</summary>
    string Name { get; }

    /// <summary>
    /// What is not over, of one moment: jobs that are not final or that a device still is leased to, with their
    /// specifications, attempts and runs; all unfinished runs; every group, app version, org, resource, device, agent and
    /// estimate. No results, no events.
    /// </summary>
    ValueTask<RowChanges> LoadAsync(CancellationToken cancel);

    /// <summary>
    /// Writes the rows as the commit after <c>changes.Head.Commit - 1</c>: all or nothing. True when it was written;
    /// false when another commit came first (read it with <see cref="ReadSinceAsync"/>).
    /// </summary>
    ValueTask<bool> CommitAsync(RowChanges changes, CancellationToken cancel);

    /// <summary>
    /// The commits after a number, oldest first, as they were written (an oldest part of them, if there are many); empty
    /// when there is none. Null when they are not kept any more, or the store stands before that number: load again.
    /// </summary>
    ValueTask<IReadOnlyList<RowChanges>?> ReadSinceAsync(long commit, CancellationToken cancel);

    /// <summary>
    /// Completes when another server may have committed; may come too often, and may not come. Never throws but for
    /// <paramref name="cancel"/>. A journal that cannot know waits for it for ever.
    /// </summary>
    Task WaitForHintAsync(CancellationToken cancel);

    /// <summary>The clock that all servers on this store share, UTC; null when the store has none but this machine's.</summary>
    ValueTask<DateTimeOffset?> ReadClockAsync(CancellationToken cancel);

    /// <summary>The run, or null.</summary>
    ValueTask<Run?> FindRunAsync(string runId, CancellationToken cancel);
    /// <summary>Runs submitted under these idempotency keys.</summary>
    ValueTask<IReadOnlyList<Run>> FindRunsByKeyAsync(IReadOnlyList<RunKey> keys, CancellationToken cancel);
    /// <summary>Attempts made by these leases' tokens, with their jobs.</summary>
    ValueTask<IReadOnlyList<AttemptAndJob>> FindAttemptsAsync(IReadOnlyList<LeaseRef> leases, CancellationToken cancel);
    /// <summary>As <see cref="IJobStore.ListRunsAsync"/>.</summary>
    ValueTask<Page<Run>> ListRunsAsync(string? orgId, PageRequest page, CancellationToken cancel);
    /// <summary>The job and its specification, or null.</summary>
    ValueTask<JobAndSpec?> FindJobAsync(string jobId, CancellationToken cancel);
    /// <summary>As <see cref="IJobStore.ListJobsAsync"/>.</summary>
    ValueTask<Page<JobAndSpec>> ListJobsAsync(JobFilter filter, PageRequest page, CancellationToken cancel);
    /// <summary>The job's attempts, oldest first.</summary>
    ValueTask<IReadOnlyList<Attempt>> AttemptsAsync(string jobId, CancellationToken cancel);
    /// <summary>Per-test results of an attempt; empty when it has none.</summary>
    ValueTask<IReadOnlyList<TestResult>> TestResultsAsync(string jobId, int attempt, CancellationToken cancel);
    /// <summary>As <see cref="IJobStore.PastTestsAsync"/>.</summary>
    ValueTask<IReadOnlyList<TestsRow>> PastTestsAsync(string orgId, string testPath, int max, CancellationToken cancel);
    /// <summary>As <see cref="IJobStore.TestPathsAsync"/>.</summary>
    ValueTask<IReadOnlyList<string>> TestPathsAsync(string orgId, string? after, int max, CancellationToken cancel);
    /// <summary>As <see cref="IJobStore.EventsAsync"/>.</summary>
    ValueTask<IReadOnlyList<JobEvent>> EventsAsync(string runId, string? jobId, long after, int max, CancellationToken cancel);

    /// <summary>As <see cref="IJobStore.FinishedRunsAsync"/>.</summary>
    ValueTask<IReadOnlyList<Run>> FinishedRunsAsync(string? orgId, DateTimeOffset finishedBefore, int max, CancellationToken cancel);
    /// <summary>As <see cref="IJobStore.PurgeRunsAsync"/>. Not a commit: no working copy has finished runs.</summary>
    ValueTask PurgeRunsAsync(IReadOnlyList<string> runIds, CancellationToken cancel);

    /// <summary>Everything of one moment, history too, in parts of some thousand rows; each part carries the head of that moment.</summary>
    IAsyncEnumerable<RowChanges> ExportAsync(CancellationToken cancel);
    /// <summary>
    /// Fills an empty store with the parts of an export and takes over their head. The head is written last: a store whose
    /// import was interrupted still counts as empty, and the same import may be made again.
    /// </summary>
    /// <exception cref="StoreNotEmptyException">Something was written to the store before.</exception>
    ValueTask ImportAsync(IAsyncEnumerable<RowChanges> parts, CancellationToken cancel);
}

/// <summary>Only an empty store can be imported into.</summary>
public sealed class StoreNotEmptyException(string message) : Exception(message);

/// <summary>An org's idempotency key.</summary>
public sealed record RunKey(string OrgId, string Key);

/// <summary>An attempt with its job as it is now.</summary>
public sealed record AttemptAndJob(Attempt Attempt, JobAndSpec Job);
