using System.Runtime.CompilerServices;
using Qgjob.Core.Devices;
using Qgjob.Core.Events;
using Qgjob.Core.Groups;
using Qgjob.Core.Jobs;
using Qgjob.Core.Orgs;
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
    private readonly Dictionary<(string Job, int Attempt), IReadOnlyList<TestResult>> tests = [];
    private readonly List<JobEvent> events = [];
    private readonly Dictionary<string, Group> groups = [];
    private readonly Dictionary<(string, string), AppVersion> versions = [];
    private readonly Dictionary<(string, string), OrgShare> orgs = [];
    private readonly Dictionary<(string, string), Resource> resources = [];
    private readonly Dictionary<string, Device> devices = [];
    private readonly Dictionary<string, Agent> agents = [];
    private readonly Dictionary<string, Term> terms = [];
    private readonly Dictionary<string, EstimateRow> estimates = [];
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
        var held = devices.Values.Select(d => d.Lease?.JobId).ToHashSet();
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
        Read(() => tests.GetValueOrDefault((jobId, attempt), []));

    public ValueTask<IReadOnlyList<JobEvent>> EventsAsync(string runId, string? jobId, long after, int max, CancellationToken cancel) =>
        Read<IReadOnlyList<JobEvent>>(() => [.. events.Where(e => e.RunId == runId && (jobId is null || e.JobId == jobId) && e.Sequence > after).Take(max)]);

    public ValueTask<IReadOnlyList<Run>> FinishedRunsAsync(string? orgId, DateTimeOffset finishedBefore, int max, CancellationToken cancel) =>
        Read<IReadOnlyList<Run>>(() => [.. runs.Values.Where(r => r.FinishedAt < finishedBefore && (orgId is null || r.OrgId == orgId))
            .OrderBy(r => r.FinishedAt).ThenBy(r => r.Id, StringComparer.Ordinal).Take(max)]);

    public ValueTask PurgeRunsAsync(IReadOnlyList<string> runIds, CancellationToken cancel)
    {
        using var held = gate.EnterScope();
        foreach (var id in runIds.Where(id => runs.TryGetValue(id, out var run) && run.IsFinished && devices.Values.All(d => d.Lease?.RunId != id)))
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

    private RowChanges All() => new()
    {
        Head = Head,
        Runs = [.. runs.Values],
        Jobs = [.. jobs.Values.Select(j => new JobRow(j.Job, j.Spec))],
        Attempts = [.. attempts.Values],
        Tests = [.. tests.Select(t => new TestsRow(t.Key.Job, t.Key.Attempt, t.Value))],
        Events = [.. events],
        Groups = [.. groups.Values],
        AppVersions = [.. versions.Values],
        Orgs = [.. orgs.Values],
        Resources = [.. resources.Values],
        Devices = [.. devices.Values],
        Agents = [.. agents.Values],
        Terms = [.. terms.Values],
        Estimates = [.. estimates.Values],
    };

    private void Write(RowChanges rows)
    {
        foreach (var run in rows.Runs) runs[run.Id] = run;
        foreach (var (job, spec) in rows.Jobs) jobs[job.Id] = new JobAndSpec(job, spec ?? jobs[job.Id].Spec);
        foreach (var attempt in rows.Attempts) attempts[(attempt.JobId, attempt.Number)] = attempt;
        foreach (var (job, number, results) in rows.Tests) tests[(job, number)] = results;
        events.AddRange(rows.Events);
        foreach (var group in rows.Groups) groups[group.Id] = group;
        foreach (var version in rows.AppVersions) versions[(version.OrgId, version.Id)] = version;
        foreach (var org in rows.Orgs) orgs[(org.Pool, org.OrgId)] = org;
        foreach (var resource in rows.Resources) resources[(resource.OrgId, resource.Name)] = resource;
        foreach (var device in rows.Devices) devices[device.Id] = device;
        foreach (var (id, until) in rows.LeaseEnds)
            if (devices[id] is { Lease: { } lease } device) devices[id] = device with { Lease = lease with { Until = until } };
        foreach (var term in rows.Terms) terms[term.Name] = term;
        foreach (var agent in rows.Agents) agents[agent.Id] = agent;
        foreach (var estimate in rows.Estimates) estimates[estimate.Key] = estimate;
        foreach (var gone in rows.Gone)
            switch (gone.Kind)
            {
                case RowKind.Group: groups.Remove(gone.Key); break;
                case RowKind.AppVersion: versions.Remove((gone.OrgId!, gone.Key)); break;
                case RowKind.Device: devices.Remove(gone.Key); break;
                case RowKind.Agent: agents.Remove(gone.Key); break;
                case RowKind.Estimate: estimates.Remove(gone.Key); break;
            }
        Head = rows.Head;
    }
}
