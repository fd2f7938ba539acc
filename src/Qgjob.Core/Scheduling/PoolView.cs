using Qgjob.Core.Devices;
using Qgjob.Core.Groups;

namespace Qgjob.Core.Scheduling;

/// <summary>What changed in a pool since a revision.</summary>
/// <param name="Revision">The revision up to which the delta is complete.</param>
/// <param name="Groups">Groups that changed, whole.</param>
/// <param name="Devices">Devices that changed, whole.</param>
/// <param name="AppVersions">App versions that changed, whole.</param>
/// <param name="DrainingAgents">All agents that get no new work.</param>
public sealed record PoolDelta(
    long Revision,
    IReadOnlyList<Group> Groups,
    IReadOnlyList<Device> Devices,
    IReadOnlyList<AppVersion> AppVersions,
    IReadOnlySet<string> DrainingAgents);

/// <summary>A pool's counters as one reader knows them: groups with work, devices, app versions. Not thread-safe.</summary>
public sealed class PoolView
{
    private readonly Dictionary<string, Group> groups = [];
    private readonly Dictionary<string, Device> devices = [];
    private readonly Dictionary<(string Org, string Id), AppVersion> appVersions = [];
    // What the guesses replaced.
    private readonly Dictionary<string, Group> groupsBeforeGuess = [];
    private readonly Dictionary<string, Device> devicesBeforeGuess = [];
    private readonly Dictionary<(string Org, string Id), AppVersion> versionsBeforeGuess = [];
    private IReadOnlySet<string> draining = new HashSet<string>();

    /// <summary>The revision that the view has seen.</summary>
    public long Revision { get; private set; }
    /// <summary>Groups that have jobs waiting or on devices.</summary>
    public IReadOnlyCollection<Group> Groups => groups.Values;
    /// <summary>Every device ever offered and not forgotten.</summary>
    public IReadOnlyCollection<Device> Devices => devices.Values;

    /// <summary>The device, or null.</summary>
    public Device? FindDevice(string id) => devices.GetValueOrDefault(id);
    /// <summary>The group, or null when it has neither waiting nor active jobs.</summary>
    public Group? FindGroup(string id) => groups.GetValueOrDefault(id);
    /// <summary>The app version, or null when nobody named it yet.</summary>
    public AppVersion? FindAppVersion(string orgId, string id) => appVersions.GetValueOrDefault((orgId, id));
    /// <summary>The agent gets no new work.</summary>
    public bool IsDraining(string agentId) => draining.Contains(agentId);

    /// <summary>Takes in what a store says has changed, and drops every guess.</summary>
    public void Apply(PoolDelta delta)
    {
        DropGuesses();
        foreach (var group in delta.Groups)
            if (group.Queued + group.Active > 0) groups[group.Id] = group;
            else groups.Remove(group.Id);
        foreach (var device in delta.Devices) devices[device.Id] = device;
        foreach (var version in delta.AppVersions) appVersions[(version.OrgId, version.Id)] = version;
        draining = delta.DrainingAgents;
        Revision = delta.Revision;
    }

    /// <summary>
    /// Reckons with a claim that was decided and not yet committed, so that the next decision does not repeat it.
    /// The next <see cref="Apply"/> drops the guess: a claim that the store refused changed no row, so no delta would
    /// ever correct it.
    /// </summary>
    public void Assume(string deviceId, string groupId)
    {
        var group = groups[groupId];
        groupsBeforeGuess.TryAdd(groupId, group);
        var share = group.QueuedSeconds / Math.Max(1, group.Queued);
        groups[groupId] = group with { Queued = group.Queued - 1, QueuedSeconds = group.QueuedSeconds - share, Active = group.Active + 1 };
        var device = devices[deviceId];
        devicesBeforeGuess.TryAdd(deviceId, device);
        devices[deviceId] = device with
        {
            Lease = new Lease(device.LastToken + 1, "", "", 0, groupId, group.Key.OrgId, group.Key.AppVersionId, "", DateTimeOffset.MinValue, DateTimeOffset.MaxValue),
        };
        if (VersionOf(group) is not { } version) return;
        versionsBeforeGuess.TryAdd((version.OrgId, version.Id), version);
        // The open version rises with the claim, so that the next one of the same batch names the one it will meet.
        appVersions[(version.OrgId, version.Id)] = version with { Serving = version.Serving + 1, OpenVersion = version.OpenVersion + 1 };
    }

    private void DropGuesses()
    {
        foreach (var (id, group) in groupsBeforeGuess) groups[id] = group;
        foreach (var (id, device) in devicesBeforeGuess) devices[id] = device;
        foreach (var (id, version) in versionsBeforeGuess) appVersions[id] = version;
        groupsBeforeGuess.Clear();
        devicesBeforeGuess.Clear();
        versionsBeforeGuess.Clear();
    }

    /// <summary>Devices that serve the group's app version now.</summary>
    public int Serving(Group group) => VersionOf(group)?.Serving ?? 0;

    /// <summary>The app version that the group tests, or null when nobody named it yet.</summary>
    public AppVersion? VersionOf(Group group) => FindAppVersion(group.Key.OrgId, group.Key.AppVersionId);

    /// <summary>True when the device already has the app version that the group tests.</summary>
    public bool IsResident(Device device, Group group)
    {
        var builds = VersionOf(group)?.Builds ?? [];
        return device.Offer.Residents.Any(r => builds.Count > 0
            ? builds.Any(b => b.Sha256 == r.Sha256)
            // Nothing was uploaded: the project brings its own build, and only the name tells.
            : r.OrgId == group.Key.OrgId && r.AppVersionId == group.Key.AppVersionId);
    }
}
