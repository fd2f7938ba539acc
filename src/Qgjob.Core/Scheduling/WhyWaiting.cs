using System.Globalization;
using Qgjob.Core.Devices;
using Qgjob.Core.Groups;

namespace Qgjob.Core.Scheduling;

/// <summary>Says why jobs wait: of all reasons the first that applies. Pure; one is made for each look at a pool.</summary>
/// <param name="pool">The pool.</param>
/// <param name="now">UTC, from the caller.</param>
public sealed class WhyWaiting(PoolView pool, DateTimeOffset now)
{
    /// <summary>Devices of one kind are alike: so many are asked what they would do, not thousands.</summary>
    private const int Asked = 32;
    private const int Named = 3;

    private readonly Dictionary<(WorkKind Kind, bool Cloud), FittingDevices> fleets = [];
    private readonly Dictionary<string, Decision> decisions = [];

    /// <summary>Why a job of the group waits; null when the group has none that does.</summary>
    /// <param name="pool">The pool.</param>
    /// <param name="group">The job's group.</param>
    /// <param name="ahead">Jobs of the group that go first.</param>
    /// <param name="now">UTC, from the caller.</param>
    public static WaitReason? Of(PoolView pool, Group group, int ahead, DateTimeOffset now) => new WhyWaiting(pool, now).Of(group, ahead);

    /// <summary>Why a job of the group waits; null when the group has none that does.</summary>
    /// <param name="group">The job's group.</param>
    /// <param name="ahead">Jobs of the group that go first; 0 for the group as a whole.</param>
    public WaitReason? Of(Group group, int ahead = 0)
    {
        if (group.Queued == 0) return null;
        var kind = pool.KindOf(group, now);
        var org = pool.OrgOf(group.Key.OrgId);
        var spent = org.IsCloudSpent(now);
        var fleet = Fleet(group, kind, cloud: !spent);
        if (spent && fleet.InService.Count == 0 && Fleet(group, kind, cloud: true).InService.Count > 0)
            return new WaitReason(WaitKind.OrgLimit, $"{org.OrgId} has used its {org.MaxCloudMinutes} cloud minutes of this month");
        return fleet.OutOfReach(group)
            ?? OrgLimit(group)
            ?? NoFreeUnit(group)
            ?? Spared(group, ahead == 0 ? Turn(group, fleet) : Behind(ahead, Turn(group, fleet)));
    }

    private FittingDevices Fleet(Group group, WorkKind kind, bool cloud)
    {
        if (!fleets.TryGetValue((kind, cloud), out var fleet)) fleets[(kind, cloud)] = fleet = FittingDevices.Of(pool, group.Key, kind, cloud, now);
        return fleet;
    }

    /// <summary>Until when the group keeps off the devices that it spares.</summary>
    private WaitReason Spared(Group group, WaitReason reason)
    {
        if (reason.Kind is WaitKind.Starting || pool.OpensAt(group, now) is not { } at) return reason;
        var target = Overflow.Of(group.Key)!.Target;
        var none = pool.Devices.Any(d => d.Offer.Target == target && Eligibility.Matches(group.Key, d.Offer)) ? "" : " (none that fits was seen yet)";
        return reason with
        {
            Text = $"{reason.Text}; it waits for own devices until {at.UtcDateTime.ToString("HH:mm:ss", CultureInfo.InvariantCulture)} UTC, then {NameOf(target)} too{none}",
        };
    }

    private static string NameOf(Jobs.Target target) => target switch
    {
        Jobs.Target.Browserstack => "BrowserStack",
        Jobs.Target.Emulator => "emulators",
        _ => "phones",
    };

    private static WaitReason Behind(int ahead, WaitReason first) => new(
        WaitKind.BehindGroup, $"{ahead} {(ahead == 1 ? "job of its group goes" : "jobs of its group go")} first; {first.Text}");

    private WaitReason? OrgLimit(Group group)
    {
        var org = pool.OrgOf(group.Key.OrgId);
        if (!org.IsAtLimit) return null;
        return new WaitReason(WaitKind.OrgLimit, org.MaxDevices switch
        {
            0 => $"{org.OrgId} may use no device",
            1 => $"{org.OrgId} may use 1 device at once, and does",
            var most => $"{org.OrgId} may use {most} devices at once, and does",
        });
    }

    private WaitReason? NoFreeUnit(Group group)
    {
        foreach (var name in group.Key.ResourceNames())
        {
            var resource = pool.FindResource(group.Key.OrgId, name);
            if (resource?.Free > 0) continue;
            var holders = resource?.Units.Select(u => u.Holder?.DeviceId).OfType<string>().Order(StringComparer.Ordinal).ToList() ?? [];
            return new WaitReason(WaitKind.Resource, holders.Count switch
            {
                0 when resource is null => $"{group.Key.OrgId} has no resource {name}",
                0 => $"{name} has no units",
                1 => $"{name} has 1 unit, and {holders[0]} holds it",
                _ => $"{name} has {holders.Count} units, and all are held: by {FittingDevices.List(holders, Named)}",
            });
        }
        return null;
    }

    /// <summary>Nothing hinders the group's first job but that its turn has not come.</summary>
    private WaitReason Turn(Group group, FittingDevices fleet)
    {
        var next = fleet.Free.Take(Asked).Select(NextOf).ToList();
        if (next.Any(d => d is Decision.Claim claim && claim.GroupId == group.Id))
            return new WaitReason(WaitKind.Starting, "a device that fits is free; it starts as soon as its agent asks for work");
        if (next.Any(d => d is Decision.Idle { Reason: IdleReason.NotWorthAnInstall })) return NotWorthIt(group);
        return OrgShare(group, fleet) ?? fleet.Busy();
    }

    private Decision NextOf(Device device)
    {
        if (!decisions.TryGetValue(device.Id, out var decision)) decisions[device.Id] = decision = Dispatch.Decide(pool, device, now);
        return decision;
    }

    private WaitReason NotWorthIt(Group group)
    {
        var serving = pool.Serving(group);
        var install = Math.Max(1, pool.InstallSecondsOf(group)).ToString("0", CultureInfo.InvariantCulture);
        return new WaitReason(WaitKind.InstallNotWorthIt,
            $"{(serving == 1 ? "the device that has the app serves" : $"the {serving} devices that have the app serve")} it sooner than one more install of {install} s would");
    }

    private WaitReason? OrgShare(Group group, FittingDevices fleet)
    {
        var used = pool.OrgOf(group.Key.OrgId).VirtualTime;
        var before = pool.Waiting.Orgs.TakeWhile(o => o.Share.VirtualTime < used)
            .Where(o => o.Kinds.Keys.Any(k => fleet.InService.Take(Asked).Any(d => o.Share.MayTake(d.Offer.Target, now) && Eligibility.MayServe(pool, d, o.Share.OrgId, k))))
            .Select(o => o.Share).ToList();
        if (before.Count == 0) return null;
        // Devices that have the app stay on it, until their org is ahead by too much.
        if (used - before[0].VirtualTime <= Fairness.LagSecondsPerDevice * pool.OnlineDevices && fleet.InService.Any(d => pool.IsResident(d, group))) return null;
        return new WaitReason(WaitKind.OrgShare,
            $"{group.Key.OrgId} is over its share of the devices; {(before.Count == 1 ? "an org that" : $"{before.Count} orgs that")} used less {(before.Count == 1 ? "goes" : "go")} first: {FittingDevices.List(before.Select(o => o.OrgId), Named)}");
    }
}
