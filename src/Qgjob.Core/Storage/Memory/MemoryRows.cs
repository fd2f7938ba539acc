using Qgjob.Core.Devices;
using Qgjob.Core.Events;
using Qgjob.Core.Groups;
using Qgjob.Core.Notifications;
using Qgjob.Core.Orgs;
using Qgjob.Core.Runs;
using Qgjob.Core.Storage.Engine;
using Qgjob.Core.Storage.Journal;

namespace Qgjob.Core.Storage.Memory;

/// <summary>Rows in dictionaries, with the orders that the engine asks for kept sorted.</summary>
/// <param name="keepHistory">False: events, and runs and jobs that are over, are forgotten.</param>
/// <param name="changed">Is told of every change; null: nobody asks.</param>
internal sealed partial class MemoryRows(bool keepHistory, ChangeRecorder? changed = null) : IStoreRows
{
    private readonly Dictionary<(string Org, string Key), string> runsByKey = [];
    private readonly Dictionary<string, Group> groups = [];
    private readonly Dictionary<(string Org, string Id), AppVersion> appVersions = [];
    private readonly Dictionary<string, Device> devices = [];
    private readonly Dictionary<(string Org, string Key), List<string>> runsBySupersedeKey = [];
    private readonly Dictionary<(string Pool, string Org), OrgShare> orgs = [];
    private readonly Dictionary<(string Org, string Name), Resource> resources = [];
    private readonly Dictionary<string, Quarantine> quarantines = [];
    private readonly Dictionary<string, Term> terms = [];
    private readonly Dictionary<string, EstimateRow> estimates = [];
    private readonly HookTable hookRows = new();
    private readonly Dictionary<string, List<JobEvent>> events = [];
    private readonly ChangeLog changes = new();
    private long lastEvent;

    public Dictionary<string, Run> Runs { get; } = [];
    public Dictionary<string, Agent> Agents { get; } = [];
    public long Revision { get; private set; }

    public Run? FindRun(string runId) => Runs.GetValueOrDefault(runId) ?? past.Run(runId);

    public Run? FindRunByKey(string orgId, string idempotencyKey) =>
        runsByKey.TryGetValue((orgId, idempotencyKey), out var id) ? Runs[id] : past.RunByKey(orgId, idempotencyKey);

    public void Save(Run run)
    {
        changed?.Runs.TryAdd(run.Id, Runs.GetValueOrDefault(run.Id));
        Runs[run.Id] = run;
        if (run.IsFinished && !keepHistory) endedRuns.Add(run.Id);
        if (run.IdempotencyKey is { } key) runsByKey[(run.OrgId, key)] = run.Id;
        if (run.SupersedeKey is { } supersede) NoteSupersedeKey(run, (run.OrgId, supersede));
    }

    public IReadOnlyList<Run> UnfinishedRunsBySupersedeKey(string orgId, string supersedeKey) =>
        [.. runsBySupersedeKey.GetValueOrDefault((orgId, supersedeKey), []).Order(StringComparer.Ordinal).Select(id => Runs[id])];

    private void NoteSupersedeKey(Run run, (string, string) key)
    {
        if (!runsBySupersedeKey.TryGetValue(key, out var ids)) runsBySupersedeKey[key] = ids = [];
        if (!run.IsFinished && !ids.Contains(run.Id)) ids.Add(run.Id);
        if (run.IsFinished) ids.Remove(run.Id);
        if (ids.Count == 0) runsBySupersedeKey.Remove(key);
    }

    public Group? FindGroup(string groupId) => groups.GetValueOrDefault(groupId);

    public void Save(Group group)
    {
        if (groups.TryGetValue(group.Id, out var old)) changes.Forget(old.Revision);
        changed?.Groups.TryAdd(group.Id, old);
        groups[group.Id] = group;
        changes.Note(group.Revision, group);
    }

    public AppVersion? FindAppVersion(string orgId, string appVersionId) => appVersions.GetValueOrDefault((orgId, appVersionId));

    public void Save(AppVersion version)
    {
        if (appVersions.TryGetValue((version.OrgId, version.Id), out var old)) changes.Forget(old.Revision);
        changed?.AppVersions.TryAdd((version.OrgId, version.Id), old);
        appVersions[(version.OrgId, version.Id)] = version;
        changes.Note(version.Revision, version);
    }

    public OrgShare? FindOrg(string pool, string orgId) => orgs.GetValueOrDefault((pool, orgId));

    public IReadOnlyList<OrgShare> OrgsOf(string pool) =>
        [.. orgs.Values.Where(o => o.Pool == pool).OrderBy(o => o.OrgId, StringComparer.Ordinal)];

    public void Save(OrgShare org)
    {
        if (orgs.TryGetValue((org.Pool, org.OrgId), out var old)) changes.Forget(old.Revision);
        changed?.Orgs.TryAdd((org.Pool, org.OrgId), old);
        orgs[(org.Pool, org.OrgId)] = org;
        changes.Note(org.Revision, org);
    }

    public Resource? FindResource(string orgId, string name) => resources.GetValueOrDefault((orgId, name));

    public void Save(Resource resource)
    {
        if (resources.TryGetValue((resource.OrgId, resource.Name), out var old)) changes.Forget(old.Revision);
        changed?.Resources.TryAdd((resource.OrgId, resource.Name), old);
        resources[(resource.OrgId, resource.Name)] = resource;
        changes.Note(resource.Revision, resource);
    }

    public Device? FindDevice(string deviceId) => devices.GetValueOrDefault(deviceId);

    public IReadOnlyList<Device> DevicesOfPool(string pool) => [.. devices.Values.Where(d => d.Pool == pool)];

    public IReadOnlyList<Device> DevicesOf(string agentId) =>
        [.. devices.Values.Where(d => d.AgentId == agentId).OrderBy(d => d.Id, StringComparer.Ordinal)];

    public IReadOnlyList<Device> LeasesPast(DateTimeOffset now, int max) =>
        [.. devices.Values.Where(d => d.Lease?.Until <= now).OrderBy(d => d.Id, StringComparer.Ordinal).Take(max)];

    public void Save(Device device)
    {
        if (devices.TryGetValue(device.Id, out var old)) changes.Forget(old.Revision);
        changed?.Devices.TryAdd(device.Id, old);
        changed?.WholeDevices.Add(device.Id);
        devices[device.Id] = device;
        changes.Note(device.Revision, device);
    }

    public void SaveLeaseEnd(Device device)
    {
        changed?.Devices.TryAdd(device.Id, devices[device.Id]);
        devices[device.Id] = device;
        changes.Note(device.Revision, device);
    }

    public Agent? FindAgent(string agentId) => Agents.GetValueOrDefault(agentId);

    public IReadOnlyList<Agent> AgentsSilentSince(DateTimeOffset since) =>
        [.. Agents.Values.Where(a => a.Online && a.LastSeen < since).OrderBy(a => a.Id, StringComparer.Ordinal)];

    public void Save(Agent agent)
    {
        changed?.Agents.TryAdd(agent.Id, Agents.GetValueOrDefault(agent.Id));
        Agents[agent.Id] = agent;
    }

    public IEnumerable<Quarantine> AllQuarantines() => quarantines.Values;

    public Quarantine? FindQuarantine(string orgId) => quarantines.GetValueOrDefault(orgId);

    public void Save(Quarantine quarantine)
    {
        changed?.Quarantines.TryAdd(quarantine.OrgId, FindQuarantine(quarantine.OrgId));
        quarantines[quarantine.OrgId] = quarantine;
    }

    public Term? FindTerm(string name) => terms.GetValueOrDefault(name);

    public void Save(Term term)
    {
        changed?.Terms.TryAdd(term.Name, FindTerm(term.Name));
        terms[term.Name] = term;
    }

    public HookRow? FindHookRow(string key) => hookRows.Find(key);

    public IEnumerable<HookRow> HookRows(string prefix) => hookRows.BeginningWith(prefix);

    public void Save(HookRow row)
    {
        changed?.HookRows.TryAdd(row.Key, FindHookRow(row.Key));
        hookRows.Set(row.Key, row);
    }

    public double? FindEstimate(string key) => estimates.GetValueOrDefault(key)?.Seconds;

    public void SaveEstimate(string key, double seconds, DateTimeOffset learnedAt) => Save(new EstimateRow(key, seconds, learnedAt));

    private void Save(EstimateRow estimate)
    {
        changed?.Estimates.TryAdd(estimate.Key, estimates.GetValueOrDefault(estimate.Key));
        estimates[estimate.Key] = estimate;
    }

    public void Append(JobEvent happened)
    {
        if (changed is null && !keepHistory) return;
        happened = happened with { Sequence = ++lastEvent };
        changed?.Events.Add(happened);
        if (!keepHistory) return;
        if (!events.TryGetValue(happened.RunId, out var list)) events[happened.RunId] = list = [];
        list.Add(happened);
    }

    public IReadOnlyList<JobEvent> EventsOf(string runId, string? jobId, long after, int max)
    {
        if (!events.TryGetValue(runId, out var list)) return [];
        var low = 0;
        var high = list.Count;
        while (low < high)
        {
            var middle = (low + high) / 2;
            if (list[middle].Sequence <= after) low = middle + 1;
            else high = middle;
        }
        return [.. list.Skip(low).Where(e => jobId is null || e.JobId == jobId).Take(max)];
    }

    public long NextRevision() => ++Revision;
}
