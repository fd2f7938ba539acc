using Qgjob.Core.Devices;
using Qgjob.Core.Groups;
using Qgjob.Core.Notifications;
using Qgjob.Core.Orgs;

namespace Qgjob.Core.Storage.Journal;

/// <summary>Every kind of row that does not grow with history, by key: as commits leave them one after the other.</summary>
public sealed class SmallTables
{
    private readonly Dictionary<string, Group> groups = [];
    private readonly Dictionary<(string Org, string Id), AppVersion> versions = [];
    private readonly Dictionary<(string Pool, string Org), OrgShare> orgs = [];
    private readonly Dictionary<(string Org, string Name), Resource> resources = [];
    private readonly Dictionary<string, Device> devices = [];
    private readonly Dictionary<string, Agent> agents = [];
    private readonly Dictionary<string, EstimateRow> estimates = [];
    private readonly Dictionary<string, Quarantine> quarantines = [];
    private readonly Dictionary<string, Term> terms = [];
    private readonly Dictionary<string, HookRow> hookRows = [];

    /// <summary>Devices by id, their leases with the end that the latest heartbeat gave them.</summary>
    public IReadOnlyDictionary<string, Device> Devices => devices;

    /// <summary>Jobs that a device is leased to.</summary>
    public IEnumerable<string> HeldJobs => devices.Values.Select(d => d.Lease?.JobId).OfType<string>();

    /// <summary>Takes over what a commit changed. A heartbeat of a device that is not there, or holds no lease, is passed over.</summary>
    public void Take(RowChanges rows)
    {
        foreach (var group in rows.Groups) groups[group.Id] = group;
        foreach (var version in rows.AppVersions) versions[(version.OrgId, version.Id)] = version;
        foreach (var org in rows.Orgs) orgs[(org.Pool, org.OrgId)] = org;
        foreach (var resource in rows.Resources) resources[(resource.OrgId, resource.Name)] = resource;
        foreach (var device in rows.Devices) devices[device.Id] = device;
        foreach (var (id, until) in rows.LeaseEnds)
            if (devices.GetValueOrDefault(id) is { Lease: { } lease } device) devices[id] = device with { Lease = lease with { Until = until } };
        foreach (var agent in rows.Agents) agents[agent.Id] = agent;
        foreach (var estimate in rows.Estimates) estimates[estimate.Key] = estimate;
        foreach (var quarantine in rows.Quarantines) quarantines[quarantine.OrgId] = quarantine;
        foreach (var term in rows.Terms) terms[term.Name] = term;
        foreach (var row in rows.HookRows) hookRows[row.Key] = row;
        foreach (var gone in rows.Gone)
            switch (gone.Kind)
            {
                case RowKind.Group: groups.Remove(gone.Key); break;
                case RowKind.AppVersion: versions.Remove((gone.OrgId!, gone.Key)); break;
                case RowKind.Device: devices.Remove(gone.Key); break;
                case RowKind.Agent: agents.Remove(gone.Key); break;
                case RowKind.Estimate: estimates.Remove(gone.Key); break;
                case RowKind.HookRow: hookRows.Remove(gone.Key); break;
            }
    }

    /// <summary>All rows, under a head.</summary>
    public RowChanges Under(Head head) => new()
    {
        Head = head,
        Groups = [.. groups.Values],
        AppVersions = [.. versions.Values],
        Orgs = [.. orgs.Values],
        Resources = [.. resources.Values],
        Devices = [.. devices.Values],
        Agents = [.. agents.Values],
        Estimates = [.. estimates.Values],
        Quarantines = [.. quarantines.Values],
        Terms = [.. terms.Values],
        HookRows = [.. hookRows.Values],
    };
}
