using Qgjob.Core.Devices;
using Qgjob.Core.Groups;
using Qgjob.Core.Storage.Journal;

namespace Qgjob.Core.Storage.Memory;

/// <summary>Rows that nobody uses any more.</summary>
internal sealed partial class MemoryRows
{
    public IEnumerable<Group> AllGroups() => groups.Values;

    public IEnumerable<AppVersion> AllAppVersions() => appVersions.Values;

    public IEnumerable<Device> AllDevices() => devices.Values;

    public IEnumerable<Agent> AllAgents() => Agents.Values;

    public IEnumerable<EstimateRow> AllEstimates() => estimates.Values;

    /// <summary>Entries of everything that could grow, by name: for the test that shows that nothing does.</summary>
    public IReadOnlyDictionary<string, int> Sizes => new Dictionary<string, int>
    {
        ["runs"] = Runs.Count,
        ["runs by key"] = runsByKey.Count,
        ["runs by supersede key"] = runsBySupersedeKey.Count,
        ["jobs"] = jobs.Count,
        ["jobs of run"] = jobsOfRun.Sum(r => 1 + r.Value.Count),
        ["ready"] = ready.Sum(g => 1 + g.Value.Count),
        ["deadlines"] = deadlines.Sum(d => 1 + d.Value.JobIds.Count),
        ["attempts"] = attempts.Count,
        ["attempts by lease"] = attemptsByLease.Count,
        ["ended"] = ended.Count + endedRuns.Count,
        ["tests"] = Tests.Count,
        ["events"] = events.Sum(r => 1 + r.Value.Count),
        ["groups"] = groups.Count,
        ["app versions"] = appVersions.Count,
        ["orgs"] = orgs.Count,
        ["resources"] = resources.Count,
        ["devices"] = devices.Count,
        ["agents"] = Agents.Count,
        ["estimates"] = estimates.Count,
        ["terms"] = terms.Count,
        ["hook rows"] = hookRows.Count,
        ["changes"] = changes.Count,
    };

    /// <summary>Removes a row; what still refers to it is gone first.</summary>
    public void Remove(GoneRow gone)
    {
        changed?.Gone.Add(gone);
        switch (gone.Kind)
        {
            case RowKind.Group when groups.GetValueOrDefault(gone.Key) is { } group:
                changed?.Groups.TryAdd(gone.Key, group);
                groups.Remove(gone.Key);
                Gone(gone, group.Revision);
                break;
            case RowKind.AppVersion when appVersions.GetValueOrDefault((gone.OrgId!, gone.Key)) is { } version:
                changed?.AppVersions.TryAdd((gone.OrgId!, gone.Key), version);
                appVersions.Remove((gone.OrgId!, gone.Key));
                Gone(gone, version.Revision);
                break;
            case RowKind.Device when FindDevice(gone.Key) is { } device:
                changed?.Devices.TryAdd(gone.Key, device);
                changed?.WholeDevices.Add(gone.Key);
                devices.Remove(gone.Key);
                Gone(gone, device.Revision);
                break;
            case RowKind.Agent when FindAgent(gone.Key) is { } agent:
                changed?.Agents.TryAdd(gone.Key, agent);
                Agents.Remove(gone.Key);
                break;
            case RowKind.Estimate when estimates.GetValueOrDefault(gone.Key) is { } estimate:
                changed?.Estimates.TryAdd(gone.Key, estimate);
                estimates.Remove(gone.Key);
                break;
            case RowKind.HookRow when FindHookRow(gone.Key) is { } row:
                changed?.HookRows.TryAdd(gone.Key, row);
                hookRows.Set(gone.Key, null);
                break;
        }
    }

    private bool IsThere(GoneRow row) => row.Kind switch
    {
        RowKind.Group => groups.ContainsKey(row.Key),
        RowKind.AppVersion => appVersions.ContainsKey((row.OrgId!, row.Key)),
        RowKind.Device => devices.ContainsKey(row.Key),
        RowKind.Agent => Agents.ContainsKey(row.Key),
        RowKind.HookRow => FindHookRow(row.Key) is not null,
        _ => estimates.ContainsKey(row.Key),
    };

    private void Gone(GoneRow gone, long revisionOfRow)
    {
        changes.Forget(revisionOfRow);
        changes.Note(gone.Revision, gone);
    }
}
