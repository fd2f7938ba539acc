using Qgjob.Core.Events;
using Qgjob.Core.Jobs;
using Qgjob.Core.Runs;
using Qgjob.Core.Storage;
using Qgjob.Core.Storage.Journal;
using TestResult = Qgjob.Core.Results.TestResult;

namespace Qgjob.Stores.Tests.Journal;

/// <summary>A journal that keeps nothing: for figures of what stands above it.</summary>
internal sealed class NoJournal : IJournal
{
    private readonly ModelJournal empty = new();
    private Head head = Head.Empty;

    public string Name => "nothing";
    public ValueTask<bool> CommitAsync(RowChanges changes, CancellationToken cancel)
    {
        head = changes.Head;
        return new(true);
    }

    public ValueTask<RowChanges> LoadAsync(CancellationToken cancel) => empty.LoadAsync(cancel);
    public ValueTask<IReadOnlyList<RowChanges>?> ReadSinceAsync(long commit, CancellationToken cancel) => new(commit == head.Commit ? [] : null);
    public Task WaitForHintAsync(CancellationToken cancel) => empty.WaitForHintAsync(cancel);
    public ValueTask<DateTimeOffset?> ReadClockAsync(CancellationToken cancel) => empty.ReadClockAsync(cancel);
    public ValueTask<Run?> FindRunAsync(string runId, CancellationToken cancel) => empty.FindRunAsync(runId, cancel);
    public ValueTask<IReadOnlyList<Run>> FindRunsByKeyAsync(IReadOnlyList<RunKey> keys, CancellationToken cancel) => empty.FindRunsByKeyAsync(keys, cancel);
    public ValueTask<IReadOnlyList<AttemptAndJob>> FindAttemptsAsync(IReadOnlyList<LeaseRef> leases, CancellationToken cancel) => empty.FindAttemptsAsync(leases, cancel);
    public ValueTask<Page<Run>> ListRunsAsync(string? orgId, PageRequest page, CancellationToken cancel) => empty.ListRunsAsync(orgId, page, cancel);
    public ValueTask<JobAndSpec?> FindJobAsync(string jobId, CancellationToken cancel) => empty.FindJobAsync(jobId, cancel);
    public ValueTask<Page<JobAndSpec>> ListJobsAsync(JobFilter filter, PageRequest page, CancellationToken cancel) => empty.ListJobsAsync(filter, page, cancel);
    public ValueTask<IReadOnlyList<Attempt>> AttemptsAsync(string jobId, CancellationToken cancel) => empty.AttemptsAsync(jobId, cancel);
    public ValueTask<IReadOnlyList<TestResult>> TestResultsAsync(string jobId, int attempt, CancellationToken cancel) => empty.TestResultsAsync(jobId, attempt, cancel);
    public ValueTask<IReadOnlyList<TestsRow>> PastTestsAsync(string orgId, string testPath, int max, CancellationToken cancel) => empty.PastTestsAsync(orgId, testPath, max, cancel);
    public ValueTask<IReadOnlyList<string>> TestPathsAsync(string orgId, string? after, int max, CancellationToken cancel) => empty.TestPathsAsync(orgId, after, max, cancel);
    public ValueTask<IReadOnlyList<JobEvent>> EventsAsync(string runId, string? jobId, long after, int max, CancellationToken cancel) => empty.EventsAsync(runId, jobId, after, max, cancel);
    public ValueTask<IReadOnlyList<Run>> FinishedRunsAsync(string? orgId, DateTimeOffset finishedBefore, int max, CancellationToken cancel) => empty.FinishedRunsAsync(orgId, finishedBefore, max, cancel);
    public ValueTask PurgeRunsAsync(IReadOnlyList<string> runIds, CancellationToken cancel) => empty.PurgeRunsAsync(runIds, cancel);
    public IAsyncEnumerable<RowChanges> ExportAsync(CancellationToken cancel) => empty.ExportAsync(cancel);
    public ValueTask ImportAsync(IAsyncEnumerable<RowChanges> parts, CancellationToken cancel) => empty.ImportAsync(parts, cancel);
    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
