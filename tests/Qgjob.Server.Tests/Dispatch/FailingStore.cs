using System.Collections.Concurrent;
using Qgjob.Core.Devices;
using Qgjob.Core.Events;
using Qgjob.Core.Groups;
using Qgjob.Core.Jobs;
using Qgjob.Core.Notifications;
using Qgjob.Core.Orgs;
using Qgjob.Core.Results;
using Qgjob.Core.Runs;
using Qgjob.Core.Scheduling;
using Qgjob.Core.Storage;
using Qgjob.Core.Storage.Journal;

namespace Qgjob.Server.Tests.Dispatch;

/// <summary>A store whose commits, or readings of the pool, fail while it is told to, and that may have a clock.</summary>
internal sealed class FailingStore(IJobStore inner) : IJobStore
{
    private TaskCompletionSource? readFailed;

    public bool Fails { get; set; }

    public TimeProvider? Clock { get; init; }

    /// <summary>How many commands each commit had.</summary>
    public ConcurrentQueue<int> Commits { get; } = [];

    /// <summary>Lets readings of the pool fail from now on; ends when one did.</summary>
    public Task FailReadsAsync() => (readFailed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).Task;

    public void ReadAgain() => readFailed = null;

    public ValueTask<IReadOnlyList<object>> CommitAsync(IReadOnlyList<StoreCommand> batch, CancellationToken cancel) => CommitAsync(batch, null, cancel);

    public async ValueTask<IReadOnlyList<object>> CommitAsync(IReadOnlyList<StoreCommand> batch, Follow? follow, CancellationToken cancel)
    {
        if (Fails) throw new StoreUnavailableException("switched off", new TimeoutException());
        var answers = await inner.CommitAsync(batch, follow, cancel);
        Commits.Enqueue(answers.Count);
        return answers;
    }

    public ValueTask<PoolDelta> ReadPoolAsync(string pool, long sinceRevision, CancellationToken cancel)
    {
        if (readFailed is not { } failed) return inner.ReadPoolAsync(pool, sinceRevision, cancel);
        failed.TrySetResult();
        throw new StoreUnavailableException("switched off", new TimeoutException());
    }

    public ValueTask<Run?> FindRunAsync(string runId, CancellationToken cancel) => inner.FindRunAsync(runId, cancel);
    public ValueTask<Page<Run>> ListRunsAsync(string? orgId, PageRequest page, CancellationToken cancel) => inner.ListRunsAsync(orgId, page, cancel);
    public ValueTask<JobAndSpec?> FindJobAsync(string jobId, CancellationToken cancel) => inner.FindJobAsync(jobId, cancel);
    public ValueTask<Page<JobAndSpec>> ListJobsAsync(JobFilter filter, PageRequest page, CancellationToken cancel) => inner.ListJobsAsync(filter, page, cancel);
    public ValueTask<int?> PositionInGroupAsync(string jobId, CancellationToken cancel) => inner.PositionInGroupAsync(jobId, cancel);
    public ValueTask<IReadOnlyList<Attempt>> AttemptsAsync(string jobId, CancellationToken cancel) => inner.AttemptsAsync(jobId, cancel);
    public ValueTask<Attempt?> FindAttemptAsync(LeaseRef lease, CancellationToken cancel) => inner.FindAttemptAsync(lease, cancel);
    public ValueTask<IReadOnlyList<TestResult>> TestResultsAsync(string jobId, int attempt, CancellationToken cancel) => inner.TestResultsAsync(jobId, attempt, cancel);
    public ValueTask<IReadOnlyList<TestsRow>> PastTestsAsync(string orgId, string testPath, int max, CancellationToken cancel) => inner.PastTestsAsync(orgId, testPath, max, cancel);
    public ValueTask<IReadOnlyList<string>> TestPathsAsync(string orgId, string? after, int max, CancellationToken cancel) => inner.TestPathsAsync(orgId, after, max, cancel);
    public ValueTask<IReadOnlyList<JobEvent>> EventsAsync(string runId, string? jobId, long after, int max, CancellationToken cancel) => inner.EventsAsync(runId, jobId, after, max, cancel);
    public ValueTask<AppVersion?> FindAppVersionAsync(string orgId, string appVersionId, CancellationToken cancel) => inner.FindAppVersionAsync(orgId, appVersionId, cancel);
    public ValueTask<Page<AppVersion>> ListAppVersionsAsync(string? orgId, PageRequest page, CancellationToken cancel) => inner.ListAppVersionsAsync(orgId, page, cancel);
    public ValueTask<IReadOnlyList<Agent>> AgentsAsync(CancellationToken cancel) => inner.AgentsAsync(cancel);
    public ValueTask<IReadOnlyList<OrgShare>> OrgsAsync(string pool, CancellationToken cancel) => inner.OrgsAsync(pool, cancel);
    public ValueTask<IReadOnlyList<Resource>> ResourcesAsync(string? orgId, CancellationToken cancel) => inner.ResourcesAsync(orgId, cancel);
    public ValueTask<IReadOnlyList<HookRow>> HookRowsAsync(string prefix, CancellationToken cancel) => inner.HookRowsAsync(prefix, cancel);
    public ValueTask<Quarantine?> QuarantineAsync(string orgId, CancellationToken cancel) => inner.QuarantineAsync(orgId, cancel);
    public ValueTask<double?> EstimateAsync(string key, CancellationToken cancel) => inner.EstimateAsync(key, cancel);
    public ValueTask<IReadOnlySet<string>> NewsAsync(CancellationToken cancel) => inner.NewsAsync(cancel);
    public ValueTask<DateTimeOffset?> ReadClockAsync(CancellationToken cancel) => Clock is null ? inner.ReadClockAsync(cancel) : new(Clock.GetUtcNow());
    public ValueTask<IReadOnlyList<Run>> FinishedRunsAsync(string? orgId, DateTimeOffset finishedBefore, int max, CancellationToken cancel) => inner.FinishedRunsAsync(orgId, finishedBefore, max, cancel);
    public ValueTask PurgeRunsAsync(IReadOnlyList<string> runIds, CancellationToken cancel) => inner.PurgeRunsAsync(runIds, cancel);
    public ValueTask DisposeAsync() => inner.DisposeAsync();
}
