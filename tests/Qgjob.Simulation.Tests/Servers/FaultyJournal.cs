using Qgjob.Core.Events;
using Qgjob.Core.Jobs;
using Qgjob.Core.Runs;
using Qgjob.Core.Storage;
using Qgjob.Core.Storage.Journal;
using Qgjob.Simulation.Tests.World;
using Qgjob.Stores.Tests.Journal;
using TestResult = Qgjob.Core.Results.TestResult;

namespace Qgjob.Simulation.Tests.Servers;

/// <summary>A server's way to the journal that all share: calls are slow, fail before or after their work, come late or twice.</summary>
internal sealed class FaultyJournal(SimWorld world, SimServer server, SimProcess process) : IJournal
{
    private TaskCompletionSource hint = new();

    private ModelJournal Inner => world.Journal;
    public string Name => "the simulated journal";

    public async ValueTask<RowChanges> LoadAsync(CancellationToken cancel) => Seen(await AskAsync(() => Inner.LoadAsync(cancel), cancel));

    public async ValueTask<IReadOnlyList<RowChanges>?> ReadSinceAsync(long commit, CancellationToken cancel)
    {
        var commits = await AskAsync(() => Inner.ReadSinceAsync(commit, cancel), cancel);
        // An oldest part of them will do.
        if (commits is { Count: > 1 } && world.Chance(0.1)) commits = [.. commits.Take(1 + world.Random.Next(commits.Count))];
        return commits is null ? null : [.. commits.Select(Seen)];
    }

    public async ValueTask<bool> CommitAsync(RowChanges changes, CancellationToken cancel)
    {
        var rates = world.Rates;
        if (IsCutOff || world.Chance(rates.JournalBefore)) throw await FailureAsync(cancel);
        var answer = new TaskCompletionSource<bool>();
        using var limit = cancel.UnsafeRegister(_ => answer.TrySetCanceled(cancel), null);
        if (world.Chance(rates.JournalLate))
        {
            world.History.Note(server.Name, $"commit {changes.Head.Commit} {changes.Head.CommitId} comes late");
            world.After(world.Between(0.001, 1), () => answer.TrySetException(Failure()));
            world.After(world.Between(0.001, 8), () => Write(changes));
            return await answer.Task;
        }
        world.After(Delay(), () =>
        {
            var written = Write(changes);
            if (world.Chance(rates.JournalTwice)) world.After(world.Between(0.001, 8), () => Write(changes));
            if (world.Chance(rates.JournalAfter))
            {
                world.History.Note(server.Name, $"commit {changes.Head.Commit} {changes.Head.CommitId}: the answer ({written}) is lost");
                world.After(world.Between(0.001, 1), () => answer.TrySetException(Failure()));
            }
            else world.After(Delay(), () => answer.TrySetResult(written));
        });
        return await answer.Task;
    }

    public async Task WaitForHintAsync(CancellationToken cancel)
    {
        if (hint.Task.IsCompleted) hint = new TaskCompletionSource();
        var wait = hint;
        using var over = cancel.UnsafeRegister(_ => wait.TrySetCanceled(cancel), null);
        await wait.Task;
    }

    public void Hint() => hint.TrySetResult();

    public ValueTask<DateTimeOffset?> ReadClockAsync(CancellationToken cancel) =>
        AskAsync(() => new ValueTask<DateTimeOffset?>(world.Scheduler.Outside.Time.GetUtcNow()), cancel);

    public ValueTask<Run?> FindRunAsync(string runId, CancellationToken cancel) => AskAsync(() => Inner.FindRunAsync(runId, cancel), cancel);
    public ValueTask<IReadOnlyList<Run>> FindRunsByKeyAsync(IReadOnlyList<RunKey> keys, CancellationToken cancel) => AskAsync(() => Inner.FindRunsByKeyAsync(keys, cancel), cancel);
    public ValueTask<IReadOnlyList<AttemptAndJob>> FindAttemptsAsync(IReadOnlyList<LeaseRef> leases, CancellationToken cancel) => AskAsync(() => Inner.FindAttemptsAsync(leases, cancel), cancel);
    public ValueTask<Page<Run>> ListRunsAsync(string? orgId, PageRequest page, CancellationToken cancel) => AskAsync(() => Inner.ListRunsAsync(orgId, page, cancel), cancel);
    public ValueTask<JobAndSpec?> FindJobAsync(string jobId, CancellationToken cancel) => AskAsync(() => Inner.FindJobAsync(jobId, cancel), cancel);
    public ValueTask<Page<JobAndSpec>> ListJobsAsync(JobFilter filter, PageRequest page, CancellationToken cancel) => AskAsync(() => Inner.ListJobsAsync(filter, page, cancel), cancel);
    public ValueTask<IReadOnlyList<Attempt>> AttemptsAsync(string jobId, CancellationToken cancel) => AskAsync(() => Inner.AttemptsAsync(jobId, cancel), cancel);
    public ValueTask<IReadOnlyList<TestResult>> TestResultsAsync(string jobId, int attempt, CancellationToken cancel) => AskAsync(() => Inner.TestResultsAsync(jobId, attempt, cancel), cancel);
    public ValueTask<IReadOnlyList<TestsRow>> PastTestsAsync(string orgId, string testPath, int max, CancellationToken cancel) => AskAsync(() => Inner.PastTestsAsync(orgId, testPath, max, cancel), cancel);
    public ValueTask<IReadOnlyList<string>> TestPathsAsync(string orgId, string? after, int max, CancellationToken cancel) => AskAsync(() => Inner.TestPathsAsync(orgId, after, max, cancel), cancel);
    public ValueTask<IReadOnlyList<JobEvent>> EventsAsync(string runId, string? jobId, long after, int max, CancellationToken cancel) => AskAsync(() => Inner.EventsAsync(runId, jobId, after, max, cancel), cancel);
    public ValueTask<IReadOnlyList<Run>> FinishedRunsAsync(string? orgId, DateTimeOffset finishedBefore, int max, CancellationToken cancel) => AskAsync(() => Inner.FinishedRunsAsync(orgId, finishedBefore, max, cancel), cancel);
    public ValueTask PurgeRunsAsync(IReadOnlyList<string> runIds, CancellationToken cancel) => Inner.PurgeRunsAsync(runIds, cancel);
    public IAsyncEnumerable<RowChanges> ExportAsync(CancellationToken cancel) => Inner.ExportAsync(cancel);
    public ValueTask ImportAsync(IAsyncEnumerable<RowChanges> parts, CancellationToken cancel) => Inner.ImportAsync(parts, cancel);
    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private bool IsCutOff => world.Scheduler.Elapsed < server.CutOffUntil;

    /// <summary>Writes what arrived, whoever sent it and whether or not they still live.</summary>
    private bool Write(RowChanges changes)
    {
        var before = Inner.Head;
        // The model answers at once.
        _ = Inner.CommitAsync(changes, CancellationToken.None).AsTask();
        var written = !ReferenceEquals(Inner.Head, before);
        world.History.Note(server.Name, $"commit {changes.Head.Commit} {changes.Head.CommitId}: {(written ? "written" : "refused")}");
        if (!written) return false;
        world.Commits.Written(changes);
        foreach (var other in world.Servers)
            if (other.Journal is { } journal && !world.Chance(world.Rates.LostHint)) world.After(Delay(), journal.Hint);
        return true;
    }

    private async ValueTask<T> AskAsync<T>(Func<ValueTask<T>> read, CancellationToken cancel)
    {
        if (IsCutOff || world.Chance(world.Rates.JournalBefore)) throw await FailureAsync(cancel);
        if (world.Chance(0.5)) await Task.Delay(Delay(), process.Time, cancel);
        var rows = await read();
        if (world.Chance(0.5)) await Task.Delay(Delay(), process.Time, cancel);
        if (world.Chance(world.Rates.JournalAfter)) throw await FailureAsync(cancel);
        return rows;
    }

    private async Task<StoreUnavailableException> FailureAsync(CancellationToken cancel)
    {
        await Task.Delay(Delay(), process.Time, cancel);
        return Failure();
    }

    private StoreUnavailableException Failure() => new($"{Name} did not answer", new TimeoutException());

    private TimeSpan Delay() => world.Chance(world.Rates.JournalSlow) ? world.Between(0.1, 8) : world.Between(0.0002, 0.01);

    /// <summary>What a mutation makes of the rows that are read.</summary>
    private RowChanges Seen(RowChanges rows) => world.Mutation switch
    {
        Mutation.NoDoubtfulCommits => rows with { Head = rows.Head with { CommitId = "" } },
        Mutation.NoUniqueLease => rows with { Devices = [.. rows.Devices.Select(d => d with { Lease = null })] },
        _ => rows,
    };
}
