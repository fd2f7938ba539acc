using Qgjob.Core.Devices;
using Qgjob.Core.Groups;
using Qgjob.Core.Orgs;

namespace Qgjob.Core.Scheduling;

/// <summary>Groups with waiting jobs, sorted as the rule asks for them: by org, kind of work, tier, then age or gain.</summary>
/// <remarks>A group that changed is sorted in anew when the next decision looks, once, however often it changed.</remarks>
/// <param name="inService">How many devices in service could do such work.</param>
internal sealed class WaitingWork(Func<WorkKind, int> inService)
{
    private readonly Dictionary<string, Group> groups = [];
    /// <summary>All that were ever named: a group of any of them may come.</summary>
    private readonly Dictionary<(string Org, string Id), AppVersion> versions = [];
    private readonly Dictionary<(string Org, string Id), HashSet<string>> groupsOfVersion = [];
    private readonly Dictionary<string, HashSet<(string Org, string Id)>> versionsWithBuild = [];
    private readonly Dictionary<string, PlacedGroup> placed = [];
    private readonly HashSet<string> unsettled = [];
    private readonly ServingDevices serving = new();
    private readonly OverflowGates gates = new();
    /// <summary>Waiting groups that spare a kind of device.</summary>
    private readonly HashSet<string> sparing = [];
    private readonly Dictionary<string, OrgWork> orgs = [];
    private readonly SortedSet<OrgWork> byVirtualTime = new(OrgWork.ByVirtualTime);

    /// <summary>Orgs with waiting jobs, the one that used least first.</summary>
    public IReadOnlyCollection<OrgWork> Orgs
    {
        get
        {
            Settle();
            return byVirtualTime;
        }
    }

    /// <summary>When the next group opens to the devices that it spares; null when there is none.</summary>
    public DateTimeOffset? NextOpening
    {
        get
        {
            Settle();
            return gates.Next;
        }
    }

    /// <summary>When the waiting group opens to the devices that it spares; null when it has, or spares none.</summary>
    public DateTimeOffset? OpensAt(string groupId)
    {
        Settle();
        return gates.Of(groupId);
    }

    /// <summary>Time passes: it alone opens groups to the devices that they spare.</summary>
    public void Pass(DateTimeOffset now) => gates.Pass(now, unsettled);

    /// <summary>Devices came, went, or are of another kind now.</summary>
    public void DevicesChanged() => unsettled.UnionWith(sparing);

    /// <summary>Adds the groups with waiting jobs for which the resident build may do; the caller checks whether it does.</summary>
    public void AddGroupsWith(ResidentBuild resident, ref List<Group>? found)
    {
        var named = (resident.OrgId, resident.AppVersionId);
        AddGroupsOf(named, ref found);
        if (!versionsWithBuild.TryGetValue(resident.Sha256, out var same)) return;
        foreach (var version in same)
            if (version != named)
                AddGroupsOf(version, ref found);
    }

    private void AddGroupsOf((string Org, string Id) version, ref List<Group>? found)
    {
        if (!groupsOfVersion.TryGetValue(version, out var ids)) return;
        found ??= [];
        foreach (var id in ids) found.Add(groups[id]);
    }

    /// <summary>Where the waiting group stands.</summary>
    public PlacedGroup PlaceOf(Group group)
    {
        Settle();
        return placed[group.Id];
    }

    public AppVersion? FindAppVersion(string orgId, string id) => versions.GetValueOrDefault((orgId, id));

    public void Set(Group group)
    {
        var key = (group.Key.OrgId, group.Key.AppVersionId);
        unsettled.Add(group.Id);
        if (group.Queued > 0)
        {
            groups[group.Id] = group;
            if (!groupsOfVersion.TryGetValue(key, out var ids)) groupsOfVersion[key] = ids = [];
            ids.Add(group.Id);
            if (group.Key.Overflow.Length > 0) sparing.Add(group.Id);
        }
        else if (groups.Remove(group.Id) && groupsOfVersion.TryGetValue(key, out var ids))
        {
            ids.Remove(group.Id);
            if (ids.Count == 0) groupsOfVersion.Remove(key);
        }
    }

    public void Set(AppVersion version)
    {
        var key = (version.OrgId, version.Id);
        var known = versions.GetValueOrDefault(key);
        versions[key] = version;
        if (known is null || !ReferenceEquals(known.Builds, version.Builds))
            foreach (var build in version.Builds)
            {
                if (!versionsWithBuild.TryGetValue(build.Sha256, out var same)) versionsWithBuild[build.Sha256] = same = [];
                same.Add(key);
            }
        if (groupsOfVersion.TryGetValue(key, out var ids)) unsettled.UnionWith(ids);
    }

    public void RemoveAppVersion(string orgId, string id)
    {
        var key = (orgId, id);
        if (!versions.Remove(key, out var version)) return;
        foreach (var build in version.Builds)
            if (versionsWithBuild.TryGetValue(build.Sha256, out var same) && same.Remove(key) && same.Count == 0)
                versionsWithBuild.Remove(build.Sha256);
        if (groupsOfVersion.TryGetValue(key, out var ids)) unsettled.UnionWith(ids);
    }

    public void Set(OrgShare share)
    {
        if (!orgs.TryGetValue(share.OrgId, out var org)) orgs[share.OrgId] = org = new OrgWork(share);
        var waits = byVirtualTime.Remove(org);
        org.Share = share;
        if (waits) byVirtualTime.Add(org);
    }

    public void Set(Device? before, Device device)
    {
        if (!serving.Set(before, device)) return;
        if (before is not null) Unsettle(ServingDevices.VersionOf(before));
        Unsettle(ServingDevices.VersionOf(device));
    }

    private void Unsettle((string Org, string Id)? version)
    {
        if (version is { } key && groupsOfVersion.TryGetValue(key, out var ids)) unsettled.UnionWith(ids);
    }

    private void Settle()
    {
        foreach (var id in unsettled)
        {
            if (placed.Remove(id, out var before))
            {
                var left = orgs[before.Group.Key.OrgId];
                left.Remove(before);
                if (left.IsEmpty) byVirtualTime.Remove(left);
            }
            if (!groups.TryGetValue(id, out var group))
            {
                if (sparing.Remove(id)) gates.Forget(id);
                continue;
            }
            var key = (group.Key.OrgId, group.Key.AppVersionId);
            var place = PlacedGroup.Of(group, versions.GetValueOrDefault(key), gates.Set(group, versions.GetValueOrDefault(key), inService), kind => serving.Unable(key, kind));
            placed[id] = place;
            if (!orgs.TryGetValue(group.Key.OrgId, out var org))
                orgs[group.Key.OrgId] = org = new OrgWork(new OrgShare { Pool = group.Pool, OrgId = group.Key.OrgId });
            org.Add(place);
            byVirtualTime.Add(org);
        }
        unsettled.Clear();
    }
}
