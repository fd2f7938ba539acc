using Qgjob.Core.Jobs;
using Qgjob.Core.Runs;
using Qgjob.Core.Storage.Journal;

namespace Qgjob.Core.Storage.Memory;

/// <summary>Jobs with their attempts, those that wait in the orders that the engine asks for.</summary>
internal sealed partial class MemoryRows
{
    private readonly Dictionary<string, StoredJob> jobs = [];
    private readonly Dictionary<string, List<string>> jobsOfRun = [];
    private readonly Dictionary<string, SortedSet<Job>> ready = [];
    /// <summary>Queued jobs by queue deadline; jobs of one submission share theirs.</summary>
    private readonly SortedDictionary<DateTimeOffset, Deadline> deadlines = [];
    private readonly Dictionary<(string Job, int Number), Attempt> attempts = [];
    private readonly Dictionary<LeaseRef, (string Job, int Number)> attemptsByLease = [];
    /// <summary>Jobs that became final, when no history is kept.</summary>
    private readonly List<Job> ended = [];
    private readonly List<string> endedRuns = [];
    private readonly EndedRuns forgotten = new();
    private PastRows past = PastRows.None;

    public IEnumerable<Job> Jobs => jobs.Values.Select(j => j.Job);
    public Dictionary<(string Job, int Attempt), TestsRow> Tests { get; } = [];

    public Job? FindJob(string jobId) => jobs.GetValueOrDefault(jobId)?.Job ?? past.Job(jobId);

    public JobSpec SpecOf(string jobId) => jobs[jobId].Spec;

    public void Add(Job job, JobSpec spec)
    {
        // First what may be refused: a job that is there already is not to be taken back as new.
        jobs.Add(job.Id, new StoredJob(job, spec));
        changed?.Jobs.TryAdd(job.Id, null);
        if (!jobsOfRun.TryGetValue(job.RunId, out var ids)) jobsOfRun[job.RunId] = ids = [];
        ids.Add(job.Id);
        if (job.Status is JobStatus.Queued) Enter(job);
    }

    public void Save(Job job)
    {
        var stored = jobs[job.Id];
        var old = stored.Job;
        changed?.Jobs.TryAdd(job.Id, old);
        stored.Job = job;
        if (old.Status is JobStatus.Queued) Leave(old);
        if (job.Status is JobStatus.Queued) Enter(job);
        if (job.IsFinal && !keepHistory) ended.Add(job);
    }

    private void Enter(Job job)
    {
        if (!ready.TryGetValue(job.GroupId, out var waiting)) ready[job.GroupId] = waiting = new SortedSet<Job>(DispatchOrder.Instance);
        waiting.Add(job);
        if (!deadlines.TryGetValue(job.QueueDeadline, out var together)) deadlines[job.QueueDeadline] = together = new Deadline();
        together.JobIds.Add(job.Id);
        together.Waiting++;
    }

    private void Leave(Job job)
    {
        var waiting = ready[job.GroupId];
        waiting.Remove(job);
        if (waiting.Count == 0) ready.Remove(job.GroupId);
        if (--deadlines[job.QueueDeadline].Waiting == 0) deadlines.Remove(job.QueueDeadline);
    }

    public Job? FirstReady(string groupId) => ready.GetValueOrDefault(groupId)?.Min;

    public int? PositionInGroup(string jobId) =>
        FindJob(jobId) is { Status: JobStatus.Queued } job ? ready[job.GroupId].TakeWhile(j => j.Id != job.Id).Count() : null;

    // Without history, jobs that are over are not there any more.
    public IReadOnlyList<Job> JobsOfRun(string runId) => [.. jobsOfRun.GetValueOrDefault(runId, []).Select(FindJob).OfType<Job>()];

    public IReadOnlyList<Job> UnfinishedJobs(string runId) => [.. JobsOfRun(runId).Where(j => !j.IsFinal)];

    public IReadOnlyList<Job> QueuedPast(DateTimeOffset now, int max) =>
        [.. deadlines.TakeWhile(d => d.Key <= now)
            .SelectMany(d => d.Value.JobIds.Distinct().Select(FindJob).OfType<Job>()
                .Where(j => j.Status is JobStatus.Queued && j.QueueDeadline == d.Key).OrderBy(j => j.Id, StringComparer.Ordinal))
            .Take(max)];

    public Attempt? FindAttempt(string jobId, int number) => attempts.GetValueOrDefault((jobId, number));

    public Attempt? FindAttempt(LeaseRef lease) => attemptsByLease.TryGetValue(lease, out var key) ? attempts[key] : past.Attempt(lease);

    public void Save(Attempt attempt)
    {
        changed?.Attempts.TryAdd((attempt.JobId, attempt.Number), FindAttempt(attempt.JobId, attempt.Number));
        attempts[(attempt.JobId, attempt.Number)] = attempt;
        attemptsByLease[new LeaseRef(attempt.DeviceId, attempt.Token)] = (attempt.JobId, attempt.Number);
    }

    public IReadOnlyList<Attempt> AttemptsOf(string jobId)
    {
        var found = new List<Attempt>();
        while (attempts.TryGetValue((jobId, found.Count + 1), out var attempt)) found.Add(attempt);
        return found;
    }

    public void Save(TestsRow tests)
    {
        changed?.Tests.Add(tests);
        if (keepHistory) Tests[(tests.JobId, tests.Attempt)] = tests;
    }

    /// <summary>Without history, forgets the jobs that ended in the batch that is over, and runs all of whose jobs are forgotten.</summary>
    public void ForgetEnded()
    {
        ended.RemoveAll(job =>
        {
            // A canceled job's attempt goes on until its agent lets go of the device.
            if (job.DeviceId is { } device && FindDevice(device)?.Lease?.JobId == job.Id) return false;
            Remove(job);
            return true;
        });
        endedRuns.RemoveAll(id =>
        {
            if (jobsOfRun.GetValueOrDefault(id, []).Exists(jobs.ContainsKey)) return false;
            if (!Runs.TryGetValue(id, out var run)) return true;
            forgotten.Note(run);
            Remove(run);
            return true;
        });
    }

    /// <summary>Removes a run and what leads to it; its jobs are gone, or go with it.</summary>
    private void Remove(Run run)
    {
        Runs.Remove(run.Id);
        jobsOfRun.Remove(run.Id);
        if (run.IdempotencyKey is { } key && runsByKey.GetValueOrDefault((run.OrgId, key)) == run.Id) runsByKey.Remove((run.OrgId, key));
        if (run.SupersedeKey is { } supersede && runsBySupersedeKey.GetValueOrDefault((run.OrgId, supersede)) is { } same && same.Remove(run.Id) && same.Count == 0)
            runsBySupersedeKey.Remove((run.OrgId, supersede));
    }

    /// <summary>Removes a job whatever its state.</summary>
    private void TakeOut(Job job)
    {
        if (job.Status is JobStatus.Queued) Leave(job);
        Remove(job);
    }

    private void Remove(Job job)
    {
        foreach (var attempt in AttemptsOf(job.Id)) Remove(attempt);
        jobs.Remove(job.Id);
    }

    /// <summary>Removes a finished run with all that belongs to it, unless a device still is leased to it.</summary>
    public void Purge(string runId)
    {
        if (FindRun(runId) is not { IsFinished: true } run || devices.Values.Any(d => d.Lease?.RunId == runId)) return;
        foreach (var job in JobsOfRun(runId))
        {
            foreach (var attempt in AttemptsOf(job.Id)) Tests.Remove((job.Id, attempt.Number));
            Remove(job);
        }
        events.Remove(runId);
        Remove(run);
    }

    private void Remove(Attempt attempt)
    {
        attempts.Remove((attempt.JobId, attempt.Number));
        attemptsByLease.Remove(new LeaseRef(attempt.DeviceId, attempt.Token));
    }

    /// <summary>Jobs with one queue deadline. Those that do not wait any more are still listed, until none of them does.</summary>
    private sealed class Deadline
    {
        public List<string> JobIds { get; } = [];
        public int Waiting { get; set; }
    }

    /// <summary>One entry per job: what was asked for never changes, the rest does.</summary>
    private sealed class StoredJob(Job job, JobSpec spec)
    {
        public Job Job { get; set; } = job;
        public JobSpec Spec => spec;
    }

    private sealed class DispatchOrder : IComparer<Job>
    {
        public static readonly DispatchOrder Instance = new();

        public int Compare(Job? x, Job? y)
        {
            var byTier = x!.Tier.CompareTo(y!.Tier);
            if (byTier != 0) return byTier;
            var byLength = y.EstimateSeconds.CompareTo(x.EstimateSeconds);
            return byLength != 0 ? byLength : string.CompareOrdinal(x.Id, y.Id);
        }
    }
}
