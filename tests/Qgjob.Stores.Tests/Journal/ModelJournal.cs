using System.Runtime.CompilerServices;
using Qgjob.Core.Events;
using Qgjob.Core.Jobs;
using Qgjob.Core.Runs;
using Qgjob.Core.Storage;
using Qgjob.Core.Storage.Journal;
using TestResult = Qgjob.Core.Results.TestResult;

namespace Qgjob.Stores.Tests.Journal;

/// <summary>What a journal promises, in the fewest lines: the specification of the real ones, and what simulations write to.</summary>
/// <remarks>Several stores may share one; each then is a server.</remarks>
public sealed class ModelJournal : IJournal
{
    private readonly Lock gate = new();
    private readonly List<RowChanges> commits = [];
    private readonly Dictionary<string, Run> runs = [];
    private readonly Dictionary<string, JobAndSpec> jobs = [];
    private readonly Dictionary<(string Job, int Number), Attempt> attempts = [];
    private readonly Dictionary<(string Job, int Attempt), TestsRow> tests = [];
    private readonly List<JobEvent> events = [];
    private readonly SmallTables tables = new();
    private TaskCompletionSource hint = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public string Name => "the model journal";
    public Head Head { get; private set; } = Head.Empty;
    /// <summary>Every commit, oldest first.</summary>
    public IReadOnlyList<RowChanges> Commits => commits;
    /// <summary>How many of the latest commits are kept for those who follow.</summary>
    public int Kept { get; set; } = int.MaxValue;
    /// <summary>False drops the guard that a commit follows the latest one: for the test that shows what it is for.</summary>
    public bool ChecksHead { get; set; } = true;

    public ValueTask<RowChanges> LoadAsync(CancellationToken cancel) => Read(() =>
    {
        var held = tables.HeldJobs.ToHashSet();
        var live = jobs.Values.Where(j => !j.Job.IsFinal || held.Contains(j.Job.Id)).OrderBy(j => j.Job.Id, StringComparer.Ordinal).ToList();
        var runIds = live.Select(j => j.Job.RunId).ToHashSet();
        var jobIds = live.Select(j => j.Job.Id).ToHashSet();
        return All() with
        {
            Runs = [.. runs.Values.Where(r => !r.IsFinished || runIds.Contains(r.Id))],
            Jobs = [.. live.Select(j => new JobRow(j.Job, j.Spec))],
            Attempts = [.. attempts.Values.Where(a => jobIds.Contains(a.JobId))],
            Tests = [],
            Events = [],
        };
    });

    public ValueTask<bool> CommitAsync(RowChanges changes, CancellationToken cancel) => Read(() =>
    {
        if (ChecksHead && changes.Head.Commit != Head.Commit + 1) return false;
        Write(changes);
        commits.Add(changes);
        Interlocked.Exchange(ref hint, new(TaskCreationOptions.RunContinuationsAsynchronously)).TrySetResult();
        return true;
    });

    public ValueTask<IReadOnlyList<RowChanges>?> ReadSinceAsync(long commit, CancellationToken cancel) => Read<IReadOnlyList<RowChanges>?>(() =>
        commit > Head.Commit || Head.Commit - commit > Math.Min(Kept, commits.Count) ? null : commits[^(int)(Head.Commit - commit)..]);

    public Task WaitForHintAsync(CancellationToken cancel) => hint.Task.WaitAsync(cancel);

    public ValueTask<DateTimeOffset?> ReadClockAsync(CancellationToken cancel) => new((DateTimeOffset?)null);

    public ValueTask<Run?> FindRunAsync(string runId, CancellationToken cancel) => Read(() => runs.GetValueOrDefault(runId));

    public ValueTask<IReadOnlyList<Run>> FindRunsByKeyAsync(IReadOnlyList<RunKey> keys, CancellationToken cancel) =>
        Read<IReadOnlyList<Run>>(() => [.. runs.Values.Where(r => r.IdempotencyKey is { } key && keys.Contains(new RunKey(r.OrgId, key)))]);

    public ValueTask<IReadOnlyList<AttemptAndJob>> FindAttemptsAsync(IReadOnlyList<LeaseRef> leases, CancellationToken cancel) =>
        Read<IReadOnlyList<AttemptAndJob>>(() => [.. attempts.Values.Where(a => leases.Contains(new LeaseRef(a.DeviceId, a.Token))).Select(a => new AttemptAndJob(a, jobs[a.JobId]))]);

    public ValueTask<Page<Run>> ListRunsAsync(string? orgId, PageRequest page, CancellationToken cancel) =>
        Read(() => Cursor.PageOf([.. runs.Values
            .Where(r => (orgId is null || r.OrgId == orgId) && (page.Cursor is null || string.CompareOrdinal(r.Id, page.Cursor) < 0))
            .OrderByDescending(r => r.Id, StringComparer.Ordinal).Take(page.Limit + 1)], r => r.Id, page.Limit));

    public ValueTask<JobAndSpec?> FindJobAsync(string jobId, CancellationToken cancel) => Read(() => jobs.GetValueOrDefault(jobId));

    public ValueTask<Page<JobAndSpec>> ListJobsAsync(JobFilter filter, PageRequest page, CancellationToken cancel) => Read(() =>
    {
        var after = page.Cursor is null || filter.RunId is null ? -1 : Cursor.OrdinalOf(page.Cursor);
        var matching = jobs.Values.Where(j =>
            (filter.OrgId is null || j.Job.OrgId == filter.OrgId)
            && (filter.RunId is null || j.Job.RunId == filter.RunId)
            && (filter.Status is null || j.Job.Status == filter.Status)
            && (filter.AppVersionId is null || j.Spec.AppVersionId == filter.AppVersionId)
            && (filter.RunId is not null ? j.Job.Ordinal > after : page.Cursor is null || string.CompareOrdinal(j.Job.Id, page.Cursor) < 0));
        var ordered = filter.RunId is null ? matching.OrderByDescending(j => j.Job.Id, StringComparer.Ordinal) : matching.OrderBy(j => j.Job.Ordinal);
        return Cursor.PageOf([.. ordered.Take(page.Limit + 1)], j => filter.RunId is null ? j.Job.Id : Cursor.Of(j.Job.Ordinal), page.Limit);
    });

    public ValueTask<IReadOnlyList<Attempt>> AttemptsAsync(string jobId, CancellationToken cancel) =>
        Read<IReadOnlyList<Attempt>>(() => [.. attempts.Values.Where(a => a.JobId == jobId).OrderBy(a => a.Number)]);

    public ValueTask<IReadOnlyList<TestResult>> TestResultsAsync(string jobId, int attempt, CancellationToken cancel) =>
        Read(() => tests.GetValueOrDefault((jobId, attempt))?.Tests ?? []);

    public ValueTask<IReadOnlyList<TestsRow>> PastTestsAsync(string orgId, string testPath, int max, CancellationToken cancel) =>
        Read(() => PastTests.Latest(tests.Values, orgId, testPath, max));

    public ValueTask<IReadOnlyList<string>> TestPathsAsync(string orgId, string? after, int max, CancellationToken cancel) =>
        Read(() => PastTests.Paths(tests.Values, orgId, after, max));

    public ValueTask<IReadOnlyList<JobEvent>> EventsAsync(string runId, string? jobId, long after, int max, CancellationToken cancel) =>
        Read<IReadOnlyList<JobEvent>>(() => [.. events.Where(e => e.RunId == runId && (jobId is null || e.JobId == jobId) && e.Sequence > after).Take(max)]);

    public ValueTask<IReadOnlyList<Run>> FinishedRunsAsync(string? orgId, DateTimeOffset finishedBefore, int max, CancellationToken cancel) =>
        Read<IReadOnlyList<Run>>(() => [.. runs.Values.Where(r => r.FinishedAt < finishedBefore && (orgId is null || r.OrgId == orgId))
            .OrderBy(r => r.FinishedAt).ThenBy(r => r.Id, StringComparer.Ordinal).Take(max)]);

    public ValueTask PurgeRunsAsync(IReadOnlyList<string> runIds, CancellationToken cancel)
    {
        using var held = gate.EnterScope();
        foreach (var id in runIds.Where(id => runs.TryGetValue(id, out var run) && run.IsFinished && tables.Devices.Values.All(d => d.Lease?.RunId != id)))
        {
            foreach (var job in jobs.Values.Where(j => j.Job.RunId == id).ToList())
            {
                foreach (var key in attempts.Keys.Where(k => k.Job == job.Job.Id).ToList()) attempts.Remove(key);
                foreach (var key in tests.Keys.Where(k => k.Job == job.Job.Id).ToList()) tests.Remove(key);
                jobs.Remove(job.Job.Id);
            }
            events.RemoveAll(e => e.RunId == id);
            runs.Remove(id);
        }
        return ValueTask.CompletedTask;
    }

    public async IAsyncEnumerable<RowChanges> ExportAsync([EnumeratorCancellation] CancellationToken cancel)
    {
        yield return await Read(All);
    }

    public async ValueTask ImportAsync(IAsyncEnumerable<RowChanges> parts, CancellationToken cancel)
    {
        if (Head != Head.Empty) throw new StoreNotEmptyException($"{Name} is not empty.");
        await foreach (var part in parts.WithCancellation(cancel)) Write(part);
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private ValueTask<T> Read<T>(Func<T> read)
    {
        lock (gate) return new(read());
    }

    private RowChanges All() => tables.Under(Head) with
    {
        Runs = [.. runs.Values],
        Jobs = [.. jobs.Values.Select(j => new JobRow(j.Job, j.Spec))],
        Attempts = [.. attempts.Values],
        Tests = [.. tests.Values],
        Events = [.. events],
    };

    private void Write(RowChanges rows)
    {
        foreach (var run in rows.Runs) runs[run.Id] = run;
        foreach (var (job, spec) in rows.Jobs) jobs[job.Id] = new JobAndSpec(job, spec ?? jobs[job.Id].Spec);
        foreach (var attempt in rows.Attempts) attempts[(attempt.JobId, attempt.Number)] = attempt;
        foreach (var row in rows.Tests) tests[(row.JobId, row.Attempt)] = row;
        events.AddRange(rows.Events);
        // A heartbeat is of a device that is there.
        if (rows.LeaseEnds.FirstOrDefault(e => !tables.Devices.ContainsKey(e.DeviceId) && rows.Devices.All(d => d.Id != e.DeviceId)) is { } stray)
            throw new KeyNotFoundException(stray.DeviceId);
        tables.Take(rows);
        Head = rows.Head;
    }
}
