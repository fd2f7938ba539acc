using Qgjob.Core.Devices;
using Qgjob.Core.Groups;
using Qgjob.Core.Orgs;
using Qgjob.Core.Storage;

namespace Qgjob.Core.Scheduling;

/// <summary>One play of the rule on virtual time: counters change as a store would change them, and nothing fails.</summary>
internal sealed class ForecastPlay
{
    private readonly PoolView view = new();
    private readonly ForecastLimits limits;
    private readonly IReadOnlySet<string> draining;
    private readonly Dictionary<string, GroupForecast> forecasts;
    /// <summary>What happens next: a lease or a rest ends.</summary>
    private readonly PriorityQueue<string, (DateTimeOffset At, string Device)> next = new();
    private readonly SortedSet<string> idle = new(StringComparer.Ordinal);
    private readonly ForecastDevices devices;
    private readonly DateTimeOffset began;
    private DateTimeOffset now;
    /// <summary>Device seconds of all leases, up to their ends.</summary>
    private double leasedSeconds;
    private int claims;
    private int decisions;
    private int looks;

    public ForecastPlay(PoolDelta pool, DateTimeOffset now, ForecastLimits limits)
    {
        (began, this.now, this.limits, draining) = (now, now, limits, pool.DrainingAgents);
        view.Apply(pool);
        devices = new ForecastDevices(view);
        forecasts = pool.Groups.Where(g => g.Queued > 0).ToDictionary(g => g.Id, g => new GroupForecast(g.Queued, g.QueuedSeconds / g.Queued));
        foreach (var device in pool.Devices) Place(device);
    }

    public IReadOnlyDictionary<string, GroupForecast> Run()
    {
        while (view.Waiting.Orgs.Count > 0)
        {
            while (ServeOnce()) { }
            if (IsSpent) SpreadRest();
            var first = next.TryPeek(out _, out var soonest) ? soonest.At : (DateTimeOffset?)null;
            // A device that idles may find work when a group opens to it.
            if (idle.Count > 0 && view.Waiting.NextOpening is { } opens && !(first <= opens)) first = opens;
            if (IsSpent || first is not { } at) break;
            now = at;
            view.Waiting.Pass(now);
            while (next.TryPeek(out var id, out var event_) && event_.At == now)
            {
                next.Dequeue();
                End(view.FindDevice(id)!);
            }
        }
        return forecasts;
    }

    private bool IsSpent => claims >= limits.Claims || decisions >= limits.Decisions || looks >= limits.Looks;

    private void Place(Device device)
    {
        if (device.Lease is { } lease)
        {
            // A claim that is only a guess has no time yet.
            if (lease.ClaimedAt == DateTimeOffset.MinValue) Change(devices: [device = device with { Lease = lease = lease with { ClaimedAt = now } }]);
            var end = lease.ClaimedAt.AddSeconds(lease.ChargedSeconds);
            if (end < now) end = now;
            if (devices.IsOfUse(device)) leasedSeconds += (end - now).TotalSeconds;
            next.Enqueue(device.Id, (end, device.Id));
        }
        else if (!devices.IsOfUse(device)) return;
        else if (device.IsCooling(now)) next.Enqueue(device.Id, (device.Health.CoolingUntil!.Value, device.Id));
        else idle.Add(device.Id);
    }

    /// <summary>Asks every idle device once; true when one took a job, for then the others may decide anew.</summary>
    private bool ServeOnce()
    {
        var took = false;
        // Of devices that are alike, one that gets nothing speaks for the others until something changes.
        var refused = new HashSet<string>(StringComparer.Ordinal);
        foreach (var id in idle.ToList())
        {
            if (IsSpent) return false;
            looks++;
            var device = view.FindDevice(id)!;
            var likeness = devices.LikenessOf(device);
            if (refused.Contains(likeness)) continue;
            decisions++;
            if (Dispatch.Decide(view, device, now) is not Decision.Claim claim)
            {
                refused.Add(likeness);
                continue;
            }
            Start(device, view.FindGroup(claim.GroupId)!, claim.NeedsInstall);
            refused.Clear();
            took = true;
        }
        return took;
    }

    private void Start(Device device, Group group, bool install)
    {
        claims++;
        idle.Remove(device.Id);
        var seconds = group.QueuedSeconds / group.Queued;
        var installSeconds = install ? view.InstallSecondsOf(group) : 0;
        var before = installSeconds + (device.Offer.StartSeconds ?? 0);
        var charged = seconds + before;
        forecasts[group.Id].Start(now, before);
        var lease = new Lease(device.LastToken + 1, "", "", 0, group.Id, group.Key.OrgId, group.Key.AppVersionId, "", now, DateTimeOffset.MaxValue, ChargedSeconds: charged);
        var org = view.OrgOf(group.Key.OrgId);
        Change(
            groups: [group with { Queued = group.Queued - 1, QueuedSeconds = group.QueuedSeconds - seconds, Active = group.Active + 1 }],
            devices: [device with { LastToken = lease.Token, Lease = lease, Offer = (install ? ForecastDevices.With(device.Offer, group, view.VersionOf(group)) : device.Offer) with { StartSeconds = null } }],
            versions: view.VersionOf(group) is { } version ? [version with { Serving = version.Serving + 1 }] : [],
            orgs: [org with { Queued = org.Queued - 1, Active = org.Active + 1, VirtualTime = org.VirtualTime + (charged / org.Weight) }],
            resources: [.. group.Key.ResourceNames().Select(name => Hold(view.FindResource(group.Key.OrgId, name)!, new LeaseRef(device.Id, lease.Token)))]);
        leasedSeconds += charged;
        next.Enqueue(device.Id, (now.AddSeconds(charged), device.Id));
    }

    private static Resource Hold(Resource resource, LeaseRef holder)
    {
        var units = resource.Units.ToList();
        var free = units.FindIndex(u => u.Holder is null);
        units[free] = units[free] with { Holder = holder };
        return resource with { Units = units };
    }

    /// <summary>A lease ends, or a rest.</summary>
    private void End(Device device)
    {
        if (device.Lease is { } lease)
        {
            var holder = new LeaseRef(device.Id, lease.Token);
            var org = view.OrgOf(lease.OrgId);
            var used = (now - lease.ClaimedAt).TotalSeconds - lease.ChargedSeconds;
            var names = view.FindGroup(lease.GroupId)?.Key.ResourceNames() ?? [];
            Change(
                groups: view.FindGroup(lease.GroupId) is { } group ? [group with { Active = group.Active - 1 }] : [],
                devices: [device = device with { Lease = null }],
                versions: view.FindAppVersion(lease.OrgId, lease.AppVersionId) is { } version ? [version with { Serving = version.Serving - 1 }] : [],
                orgs: [org with { Active = org.Active - 1, VirtualTime = org.VirtualTime + (used / org.Weight) }],
                resources: [.. names.Select(name => view.FindResource(lease.OrgId, name)).OfType<Resource>().Select(r => Free(r, holder))]);
        }
        if (!devices.IsOfUse(device)) return;
        if (device.IsCooling(now)) next.Enqueue(device.Id, (device.Health.CoolingUntil!.Value, device.Id));
        else idle.Add(device.Id);
    }

    private static Resource Free(Resource resource, LeaseRef holder) => resource with
    {
        Units = [.. resource.Units.Where(u => u.Holder != holder || !u.Leaving).Select(u => u.Holder == holder ? u with { Holder = null } : u)],
    };

    private void Change(
        IReadOnlyList<Group>? groups = null, IReadOnlyList<Device>? devices = null, IReadOnlyList<AppVersion>? versions = null,
        IReadOnlyList<OrgShare>? orgs = null, IReadOnlyList<Resource>? resources = null) =>
        view.Apply(new PoolDelta(view.Revision, groups ?? [], devices ?? [], versions ?? [], orgs ?? [], resources ?? [], draining));

    private void SpreadRest()
    {
        var left = view.Groups.Where(g => g.Queued > 0).ToList();
        var begun = next.UnorderedItems.Sum(n => view.FindDevice(n.Element)! is { Lease: not null } device && devices.IsOfUse(device) ? (n.Priority.At - now).TotalSeconds : 0);
        var elapsed = (now - began).TotalSeconds;
        // What kept devices idle so far, a resource with few units for instance, will go on doing so.
        var atWork = Math.Max(1, elapsed > 0 ? Math.Min(devices.Count, (leasedSeconds - begun) / elapsed) : devices.Count);
        var seconds = left.Sum(g => g.QueuedSeconds) / atWork;
        foreach (var group in left)
            if (devices.AnyFor(group)) forecasts[group.Id].SpreadRest(now.AddSeconds(begun / atWork), seconds);
    }
}
