using Qgjob.Core.Events;
using Qgjob.Core.Jobs;
using Qgjob.Core.Runs;
using Qgjob.Core.Storage;
using Qgjob.Core.Storage.Journal;
using TestResult = Qgjob.Core.Results.TestResult;

namespace Qgjob.Stores.Tests.Journal;

/// <summary>A journal whose next commits go wrong as told; afterwards it works.</summary>
internal sealed class FaultyJournal(ModelJournal inner) : IJournal
{
    private RowChanges? late;

    /// <summary>What becomes of the next commits, one after the other.</summary>
    public Queue<Fault> Faults { get; } = new();
    /// <summary>No call is answered.</summary>
    public bool Away { get; set; }

    public string Name => inner.Name;

    public async ValueTask<bool> CommitAsync(RowChanges changes, CancellationToken cancel)
    {
        Answer();
        switch (Faults.TryDequeue(out var fault) ? fault : Fault.None)
        {
            case Fault.Fails:
                throw Lost();
            case Fault.ReplyLost:
                await inner.CommitAsync(changes, cancel);
                throw Lost();
            case Fault.ArrivesLate:
                late = changes;
                throw Lost();
            case Fault.AfterTheLateOne when late is { } first:
                late = null;
                await inner.CommitAsync(first, cancel);
                break;
        }
        return await inner.CommitAsync(changes, cancel);
    }

    public ValueTask<RowChanges> LoadAsync(CancellationToken cancel) => Answer().LoadAsync(cancel);
    public ValueTask<IReadOnlyList<RowChanges>?> ReadSinceAsync(long commit, CancellationToken cancel) => Answer().ReadSinceAsync(commit, cancel);
    public Task WaitForHintAsync(CancellationToken cancel) => inner.WaitForHintAsync(cancel);
    public ValueTask<DateTimeOffset?> ReadClockAsync(CancellationToken cancel) => Answer().ReadClockAsync(cancel);
    public ValueTask<Run?> FindRunAsync(string runId, CancellationToken cancel) => Answer().FindRunAsync(runId, cancel);
    public ValueTask<IReadOnlyList<Run>> FindRunsByKeyAsync(IReadOnlyList<RunKey> keys, CancellationToken cancel) => Answer().FindRunsByKeyAsync(keys, cancel);
    public ValueTask<IReadOnlyList<AttemptAndJob>> FindAttemptsAsync(IReadOnlyList<LeaseRef> leases, CancellationToken cancel) => Answer().FindAttemptsAsync(leases, cancel);
    public ValueTask<Page<Run>> ListRunsAsync(string? orgId, PageRequest page, CancellationToken cancel) => Answer().ListRunsAsync(orgId, page, cancel);
    public ValueTask<JobAndSpec?> FindJobAsync(string jobId, CancellationToken cancel) => Answer().FindJobAsync(jobId, cancel);
    public ValueTask<Page<JobAndSpec>> ListJobsAsync(JobFilter filter, PageRequest page, CancellationToken cancel) => Answer().ListJobsAsync(filter, page, cancel);
    public ValueTask<IReadOnlyList<Attempt>> AttemptsAsync(string jobId, CancellationToken cancel) => Answer().AttemptsAsync(jobId, cancel);
    public ValueTask<IReadOnlyList<TestResult>> TestResultsAsync(string jobId, int attempt, CancellationToken cancel) => Answer().TestResultsAsync(jobId, attempt, cancel);
    public ValueTask<IReadOnlyList<TestsRow>> PastTestsAsync(string orgId, string testPath, int max, CancellationToken cancel) => Answer().PastTestsAsync(orgId, testPath, max, cancel);
    public ValueTask<IReadOnlyList<string>> TestPathsAsync(string orgId, string? after, int max, CancellationToken cancel) => Answer().TestPathsAsync(orgId, after, max, cancel);
    public ValueTask<IReadOnlyList<JobEvent>> EventsAsync(string runId, string? jobId, long after, int max, CancellationToken cancel) => Answer().EventsAsync(runId, jobId, after, max, cancel);
    public ValueTask<IReadOnlyList<Run>> FinishedRunsAsync(string? orgId, DateTimeOffset finishedBefore, int max, CancellationToken cancel) => Answer().FinishedRunsAsync(orgId, finishedBefore, max, cancel);
    public ValueTask PurgeRunsAsync(IReadOnlyList<string> runIds, CancellationToken cancel) => Answer().PurgeRunsAsync(runIds, cancel);
    public IAsyncEnumerable<RowChanges> ExportAsync(CancellationToken cancel) => Answer().ExportAsync(cancel);
    public ValueTask ImportAsync(IAsyncEnumerable<RowChanges> parts, CancellationToken cancel) => Answer().ImportAsync(parts, cancel);
    public ValueTask DisposeAsync() => inner.DisposeAsync();

    private ModelJournal Answer() => Away ? throw Lost() : inner;

    private static StoreUnavailableException Lost() => new("no answer", new TimeoutException());

    internal enum Fault
    {
        None,
        /// <summary>It does not happen.</summary>
        Fails,
        /// <summary>It happens; the answer is lost.</summary>
        ReplyLost,
        /// <summary>It does not happen yet.</summary>
        ArrivesLate,
        /// <summary>The late one arrives just before this one.</summary>
        AfterTheLateOne,
    }
}
