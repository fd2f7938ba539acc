using Qgjob.Core.Jobs;
using Qgjob.Core.Runs;
using Qgjob.Core.Storage.Journal;

namespace Qgjob.Stores.Redis;

/// <summary>Rows read one part after the other, over which come the commits that were made meanwhile.</summary>
internal sealed class LoadedRows
{
    private readonly Dictionary<string, Run> runs = [];
    private readonly Dictionary<string, Job> jobs = [];
    private readonly Dictionary<string, JobSpec> specs = [];
    private readonly Dictionary<(string Job, int Number), Attempt> attempts = [];
    private readonly SmallTables tables = new();
    private Head head = Head.Empty;

    /// <summary>Jobs that a device is leased to.</summary>
    public IEnumerable<string> HeldJobs => tables.HeldJobs;

    public void Take(RowChanges rows)
    {
        foreach (var run in rows.Runs) runs[run.Id] = run;
        foreach (var (job, spec) in rows.Jobs)
        {
            jobs[job.Id] = job;
            if (spec is not null) specs[job.Id] = spec;
        }
        foreach (var attempt in rows.Attempts) attempts[(attempt.JobId, attempt.Number)] = attempt;
        tables.Take(rows);
        head = rows.Head;
    }

    /// <summary>What is not over; null when some of it was not read, as it became unfinished, or held, at an unlucky moment.</summary>
    public RowChanges? TryGetUnfinished()
    {
        var held = HeldJobs.ToHashSet();
        if (held.Any(id => !jobs.ContainsKey(id))) return null;
        var live = jobs.Values.Where(j => !j.IsFinal || held.Contains(j.Id)).OrderBy(j => j.Id, StringComparer.Ordinal).ToList();
        if (live.Any(j => !specs.ContainsKey(j.Id) || !runs.ContainsKey(j.RunId) || Enumerable.Range(1, j.Attempt).Any(n => !attempts.ContainsKey((j.Id, n)))))
            return null;
        var runsOfLive = live.Select(j => j.RunId).ToHashSet();
        return Tables() with
        {
            Runs = [.. runs.Values.Where(r => !r.IsFinished || runsOfLive.Contains(r.Id))],
            Jobs = [.. live.Select(j => new JobRow(j, specs[j.Id]))],
            Attempts = [.. live.SelectMany(j => Enumerable.Range(1, j.Attempt).Select(n => attempts[(j.Id, n)]))],
        };
    }

    /// <summary>Every kind of row that does not grow with history.</summary>
    public RowChanges Tables() => tables.Under(head);
}
