using Qgjob.Core.Devices;
using Qgjob.Core.Groups;
using Qgjob.Core.Jobs;
using Qgjob.Core.Orgs;
using Qgjob.Core.Runs;
using Qgjob.Core.Storage;
using Qgjob.Core.Storage.Journal;

namespace Qgjob.Stores.Redis;

/// <summary>Rows read one part after the other, over which come the commits that were made meanwhile.</summary>
internal sealed class LoadedRows
{
    private readonly Dictionary<string, Run> runs = [];
    private readonly Dictionary<string, Job> jobs = [];
    private readonly Dictionary<string, JobSpec> specs = [];
    private readonly Dictionary<(string Job, int Number), Attempt> attempts = [];
    private readonly Dictionary<string, Group> groups = [];
    private readonly Dictionary<(string, string), AppVersion> versions = [];
    private readonly Dictionary<(string, string), OrgShare> orgs = [];
    private readonly Dictionary<(string, string), Resource> resources = [];
    private readonly Dictionary<string, Device> devices = [];
    private readonly Dictionary<string, Agent> agents = [];
    private readonly Dictionary<string, EstimateRow> estimates = [];
    private readonly Dictionary<string, Term> terms = [];
    private Head head = Head.Empty;

    /// <summary>Jobs that a device is leased to.</summary>
    public IEnumerable<string> HeldJobs => devices.Values.Select(d => d.Lease?.JobId).OfType<string>();

    public void Take(RowChanges rows)
    {
        foreach (var run in rows.Runs) runs[run.Id] = run;
        foreach (var (job, spec) in rows.Jobs)
        {
            jobs[job.Id] = job;
            if (spec is not null) specs[job.Id] = spec;
        }
        foreach (var attempt in rows.Attempts) attempts[(attempt.JobId, attempt.Number)] = attempt;
        foreach (var group in rows.Groups) groups[group.Id] = group;
        foreach (var version in rows.AppVersions) versions[(version.OrgId, version.Id)] = version;
        foreach (var org in rows.Orgs) orgs[(org.Pool, org.OrgId)] = org;
        foreach (var resource in rows.Resources) resources[(resource.OrgId, resource.Name)] = resource;
        foreach (var device in rows.Devices) devices[device.Id] = device;
        foreach (var (id, until) in rows.LeaseEnds)
            if (devices.GetValueOrDefault(id) is { Lease: { } lease } device) devices[id] = device with { Lease = lease with { Until = until } };
        foreach (var agent in rows.Agents) agents[agent.Id] = agent;
        foreach (var estimate in rows.Estimates) estimates[estimate.Key] = estimate;
        foreach (var term in rows.Terms) terms[term.Name] = term;
        foreach (var gone in rows.Gone)
            switch (gone.Kind)
            {
                case RowKind.Group: groups.Remove(gone.Key); break;
                case RowKind.AppVersion: versions.Remove((gone.OrgId!, gone.Key)); break;
                case RowKind.Device: devices.Remove(gone.Key); break;
                case RowKind.Agent: agents.Remove(gone.Key); break;
                case RowKind.Estimate: estimates.Remove(gone.Key); break;
            }
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
    public RowChanges Tables() => new()
    {
        Head = head,
        Groups = [.. groups.Values],
        AppVersions = [.. versions.Values],
        Orgs = [.. orgs.Values],
        Resources = [.. resources.Values],
        Devices = [.. devices.Values],
        Agents = [.. agents.Values],
        Estimates = [.. estimates.Values],
        Terms = [.. terms.Values],
    };
}
