using Qgjob.Core.Devices;
using Qgjob.Core.Groups;
using Qgjob.Core.Orgs;
using Qgjob.Core.Runs;
using Qgjob.Core.Storage;
using Qgjob.Core.Storage.Journal;

namespace Qgjob.Core.Scheduling;

/// <summary>A pool's counters as one reader knows them: groups with work, devices, app versions, orgs, resources. Not thread-safe.</summary>
/// <remarks>What waits is kept sorted (<see cref="WaitingWork"/>), so that a decision need not look at every group.</remarks>
public sealed class PoolView
{
    private readonly Dictionary<string, Group> groups = [];
    private readonly Dictionary<string, Device> devices = [];
    private readonly Dictionary<string, OrgShare> orgs = [];
    private readonly Dictionary<(string Org, string Name), Resource> resources = [];
    // What the guesses replaced; null: nothing.
    private readonly Dictionary<string, Group?> groupsBeforeGuess = [];
    private readonly Dictionary<string, Device?> devicesBeforeGuess = [];
    private readonly Dictionary<(string Org, string Id), AppVersion?> versionsBeforeGuess = [];
    private readonly Dictionary<string, OrgShare?> orgsBeforeGuess = [];
    private readonly Dictionary<(string Org, string Name), Resource?> resourcesBeforeGuess = [];
    private readonly Dictionary<WorkKind, bool> barsHold = [];
    private readonly Dictionary<WorkKind, int> crews = [];
    private IReadOnlySet<string> draining = new HashSet<string>();
    private int online;

    /// <summary>A view that knows nothing yet.</summary>
    public PoolView() => Waiting = new WaitingWork(InService);

    /// <summary>The revision that the view has seen.</summary>
    public long Revision { get; private set; }
    /// <summary>Groups that have jobs waiting or on devices.</summary>
    public IReadOnlyCollection<Group> Groups => groups.Values;
    /// <summary>Every device ever offered and not forgotten.</summary>
    public IReadOnlyCollection<Device> Devices => devices.Values;
    /// <summary>Devices whose agent is there.</summary>
    public int OnlineDevices => online;
    /// <summary>What waits, sorted for the rule.</summary>
    internal WaitingWork Waiting { get; private set; }

    /// <summary>The device, or null.</summary>
    public Device? FindDevice(string id) => devices.GetValueOrDefault(id);
    /// <summary>The group, or null when it has neither waiting nor active jobs.</summary>
    public Group? FindGroup(string id) => groups.GetValueOrDefault(id);
    /// <summary>The app version, or null when nobody named it yet.</summary>
    public AppVersion? FindAppVersion(string orgId, string id) => Waiting.FindAppVersion(orgId, id);
    /// <summary>The org's share; one that was never heard of has the default one.</summary>
    public OrgShare OrgOf(string orgId) => orgs.GetValueOrDefault(orgId) ?? new OrgShare { Pool = Run.DefaultPool, OrgId = orgId };
    /// <summary>The named resource, or null when nobody defined it.</summary>
    public Resource? FindResource(string orgId, string name) => resources.GetValueOrDefault((orgId, name));
    /// <summary>The agent gets no new work.</summary>
    public bool IsDraining(string agentId) => draining.Contains(agentId);
    /// <summary>Devices that serve the group's app version now.</summary>
    public int Serving(Group group) => VersionOf(group)?.Serving ?? 0;
    /// <summary>The app version that the group tests, or null when nobody named it yet.</summary>
    public AppVersion? VersionOf(Group group) => FindAppVersion(group.Key.OrgId, group.Key.AppVersionId);

    /// <summary>The kind of the group's work at a time: devices that it spares may not take it yet.</summary>
    /// <param name="group">The group.</param>
    /// <param name="now">UTC, from the caller.</param>
    public WorkKind KindOf(Group group, DateTimeOffset now) =>
        WorkKind.Of(group, VersionOf(group)) with { NotYet = OpensAt(group, now) is null ? null : Overflow.Of(group.Key)!.Target };

    /// <summary>When the waiting group opens to the devices that it spares; null when it has, or spares none.</summary>
    /// <param name="group">The group.</param>
    /// <param name="now">UTC, from the caller.</param>
    public DateTimeOffset? OpensAt(Group group, DateTimeOffset now)
    {
        if (group.Key.Overflow.Length == 0) return null;
        Waiting.Pass(now);
        return Waiting.OpensAt(group.Id);
    }

    /// <summary>Takes in what a store says has changed, and drops every guess.</summary>
    public void Apply(PoolDelta delta)
    {
        DropGuesses();
        if (delta.IsWhole) ForgetAll();
        foreach (var gone in delta.Gone) Remove(gone);
        foreach (var version in delta.AppVersions) Waiting.Set(version);
        foreach (var org in delta.Orgs) Set(org);
        foreach (var resource in delta.Resources) resources[(resource.OrgId, resource.Name)] = resource;
        foreach (var group in delta.Groups) Set(group);
        foreach (var device in delta.Devices) Set(device);
        var othersDrain = !draining.SetEquals(delta.DrainingAgents);
        draining = delta.DrainingAgents;
        if (othersDrain) DevicesChanged();
        Revision = delta.Revision;
    }

    /// <summary>
    /// Reckons with changes that are not committed yet, as a guess: the next <see cref="Apply"/> drops it. False, and nothing
    /// done, when they are of a kind that only a commit shows: rows that go, agents that drain.
    /// </summary>
    public bool Suppose(PoolDelta delta)
    {
        if (delta.IsWhole || delta.Gone.Count > 0 || !draining.SetEquals(delta.DrainingAgents)) return false;
        foreach (var version in delta.AppVersions)
        {
            versionsBeforeGuess.TryAdd((version.OrgId, version.Id), FindAppVersion(version.OrgId, version.Id));
            Waiting.Set(version);
        }
        foreach (var org in delta.Orgs)
        {
            orgsBeforeGuess.TryAdd(org.OrgId, orgs.GetValueOrDefault(org.OrgId));
            Set(org);
        }
        foreach (var resource in delta.Resources)
        {
            var key = (resource.OrgId, resource.Name);
            resourcesBeforeGuess.TryAdd(key, resources.GetValueOrDefault(key));
            resources[key] = resource;
        }
        foreach (var group in delta.Groups)
        {
            groupsBeforeGuess.TryAdd(group.Id, groups.GetValueOrDefault(group.Id));
            Set(group);
        }
        foreach (var device in delta.Devices)
        {
            devicesBeforeGuess.TryAdd(device.Id, devices.GetValueOrDefault(device.Id));
            Set(device);
        }
        return true;
    }

    /// <summary>Forgets what was only guessed.</summary>
    public void DropGuesses()
    {
        foreach (var (id, device) in devicesBeforeGuess)
            if (device is not null) Set(device);
            else Remove(new GoneRow(RowKind.Device, id));
        foreach (var (id, group) in groupsBeforeGuess)
            if (group is not null) Set(group);
            else Remove(new GoneRow(RowKind.Group, id));
        foreach (var (key, version) in versionsBeforeGuess)
            if (version is not null) Waiting.Set(version);
            else Waiting.RemoveAppVersion(key.Org, key.Id);
        foreach (var (id, org) in orgsBeforeGuess)
            if (org is not null) Set(org);
            // As one that nothing is known of it has the default share.
            else if (orgs.Remove(id, out var guessed)) Waiting.Set(new OrgShare { Pool = guessed.Pool, OrgId = id });
        foreach (var (key, resource) in resourcesBeforeGuess)
            if (resource is not null) resources[key] = resource;
            else resources.Remove(key);
        versionsBeforeGuess.Clear();
        orgsBeforeGuess.Clear();
        groupsBeforeGuess.Clear();
        devicesBeforeGuess.Clear();
        resourcesBeforeGuess.Clear();
    }

    /// <summary>
    /// All that a decision on the work at hand needs, guesses included: applied to a new view it makes a copy. Rows are
    /// shared, so it takes no longer than to list them. App versions of which nothing waits or runs are left out.
    /// </summary>
    public PoolDelta Snapshot() => new(
        Revision, [.. groups.Values], [.. devices.Values], [.. groups.Values.Select(VersionOf).OfType<AppVersion>()],
        [.. orgs.Values], [.. resources.Values], draining);

    /// <summary>
    /// Reckons with a claim that was decided and not yet committed, so that the next decision does not repeat it.
    /// The next <see cref="Apply"/> drops the guess: a claim that the store refused changed no row, so no delta would
    /// ever correct it.
    /// </summary>
    public void Assume(string deviceId, string groupId)
    {
        var group = groups[groupId];
        var device = devices[deviceId];
        var share = group.QueuedSeconds / Math.Max(1, group.Queued);
        var charged = share + (IsResident(device, group) ? 0 : InstallSecondsOf(group)) + (device.Offer.StartSeconds ?? 0);
        groupsBeforeGuess.TryAdd(groupId, group);
        Set(group with { Queued = group.Queued - 1, QueuedSeconds = group.QueuedSeconds - share, Active = group.Active + 1 });
        devicesBeforeGuess.TryAdd(deviceId, device);
        Set(device with
        {
            Lease = new Lease(device.LastToken + 1, "", "", 0, groupId, group.Key.OrgId, group.Key.AppVersionId, "",
                DateTimeOffset.MinValue, DateTimeOffset.MaxValue, ChargedSeconds: charged),
        });
        foreach (var name in group.Key.ResourceNames()) AssumeUnit(device, group.Key.OrgId, name);
        var org = OrgOf(group.Key.OrgId);
        orgsBeforeGuess.TryAdd(org.OrgId, org);
        Set(org with { Queued = org.Queued - 1, Active = org.Active + 1, VirtualTime = org.VirtualTime + (charged / org.Weight) });
        if (VersionOf(group) is not { } version) return;
        versionsBeforeGuess.TryAdd((version.OrgId, version.Id), version);
        // The open version rises with the claim, so that the next one of the same batch names the one it will meet.
        Waiting.Set(version with { Serving = version.Serving + 1, OpenVersion = version.OpenVersion + 1 });
    }

    /// <summary>The command that makes a decision come true, with the versions on which it rests.</summary>
    /// <param name="device">The device that the decision was made for.</param>
    /// <param name="decision">The decision, made on this view as it is.</param>
    /// <param name="claimId">Identifies the command, so that it can be repeated safely.</param>
    /// <param name="ttl">How long the lease lasts without renewal.</param>
    /// <param name="now">UTC.</param>
    public Claim ClaimFor(Device device, Decision.Claim decision, string claimId, TimeSpan ttl, DateTimeOffset now) => new(
        device.Id, device.Version, decision.GroupId,
        decision.NeedsInstall ? VersionOf(groups[decision.GroupId])?.OpenVersion : null, claimId, ttl, now);

    /// <summary>Seconds that installing the group's app version is expected to take.</summary>
    public double InstallSecondsOf(Group group) => Estimates.InstallSecondsOf(VersionOf(group));

    /// <summary>True when the device already has the app version that the group tests.</summary>
    public bool IsResident(Device device, Group group) =>
        Residency.HoldsAll(device) || (device.Offer.Residents.Count > 0 && Residency.Holds(device, group, VersionOf(group)));

    /// <summary>Groups with waiting jobs whose app version is on the device.</summary>
    internal IReadOnlyList<Group> ResidentGroups(Device device)
    {
        // Most devices have nothing on them that waits: then nothing is allocated.
        List<Group>? found = null;
        foreach (var resident in device.Offer.Residents) Waiting.AddGroupsWith(resident, ref found);
        return found is null ? [] : [.. found.Where(g => IsResident(device, g)).DistinctBy(g => g.Id)];
    }

    /// <summary>A unit of everything that the jobs need is free.</summary>
    internal bool HasUnits(string orgId, WorkKind kind) =>
        kind.ResourceNames().All(name => FindResource(orgId, name)?.Free > 0);

    /// <summary>True while another device in service could do the work, so that the devices it failed on need not.</summary>
    internal bool BarHolds(WorkKind kind)
    {
        if (barsHold.TryGetValue(kind, out var holds)) return holds;
        return barsHold[kind] = devices.Values.Any(d =>
            d is { Online: true, Paused: false } && !IsDraining(d.AgentId) && !kind.Bars(d.Id) && Eligibility.Fits(kind, d.Offer));
    }

    private void AssumeUnit(Device device, string orgId, string name)
    {
        if (FindResource(orgId, name) is not { } resource) return;
        resourcesBeforeGuess.TryAdd((orgId, name), resource);
        var taken = resource.Units.ToList();
        var free = taken.FindIndex(u => u.Holder is null);
        if (free >= 0) taken[free] = taken[free] with { Holder = new LeaseRef(device.Id, device.LastToken + 1) };
        resources[(orgId, name)] = resource with { Units = taken };
    }

    private void ForgetAll()
    {
        groups.Clear();
        devices.Clear();
        orgs.Clear();
        resources.Clear();
        barsHold.Clear();
        crews.Clear();
        online = 0;
        Waiting = new WaitingWork(InService);
    }

    private void Remove(GoneRow gone)
    {
        switch (gone.Kind)
        {
            case RowKind.Group when groups.GetValueOrDefault(gone.Key) is { } group:
                Set(group with { Queued = 0, Active = 0 });
                break;
            case RowKind.AppVersion:
                Waiting.RemoveAppVersion(gone.OrgId!, gone.Key);
                break;
            case RowKind.Device when devices.GetValueOrDefault(gone.Key) is { } device:
                // As one without a lease that is offline it counts nowhere any more.
                Set(device with { Online = false, Lease = null });
                devices.Remove(gone.Key);
                break;
        }
    }

    private void Set(Group group)
    {
        if (group.Queued + group.Active > 0) groups[group.Id] = group;
        else groups.Remove(group.Id);
        Waiting.Set(group);
    }

    private void Set(OrgShare org)
    {
        orgs[org.OrgId] = org;
        Waiting.Set(org);
    }

    private void Set(Device device)
    {
        var known = devices.GetValueOrDefault(device.Id);
        devices[device.Id] = device;
        Waiting.Set(known, device);
        online += (device.Online ? 1 : 0) - (known?.Online is true ? 1 : 0);
        if (known is null || known.Online != device.Online || known.Paused != device.Paused || !ReferenceEquals(known.Offer, device.Offer))
            DevicesChanged();
    }

    private void DevicesChanged()
    {
        barsHold.Clear();
        crews.Clear();
        Waiting.DevicesChanged();
    }

    /// <summary>How many devices in service could do such work.</summary>
    private int InService(WorkKind kind)
    {
        if (!crews.TryGetValue(kind, out var crew))
            crews[kind] = crew = devices.Values.Count(d => d is { Online: true, Paused: false } && !IsDraining(d.AgentId) && !kind.Bars(d.Id) && Eligibility.Fits(kind, d.Offer));
        return crew;
    }
}
