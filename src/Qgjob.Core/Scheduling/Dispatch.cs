using Qgjob.Core.Devices;
using Qgjob.Core.Groups;

namespace Qgjob.Core.Scheduling;

/// <summary>The dispatch rule: chooses the group that a free device serves next. The only policy there is.</summary>
public static class Dispatch
{
    /// <summary>Decides for one device. Pure: the same arguments give the same decision.</summary>
    /// <param name="pool">Counters of groups, devices, app versions, orgs and resources.</param>
    /// <param name="device">The device that is free.</param>
    /// <param name="now">UTC, from the caller.</param>
    public static Decision Decide(PoolView pool, Device device, DateTimeOffset now)
    {
        if (!device.IsFree(now) || pool.IsDraining(device.AgentId)) return new Decision.Idle(IdleReason.NotFree);
        pool.Waiting.Pass(now);
        var orgs = pool.Waiting.Orgs;
        if (orgs.Count == 0) return new Decision.Idle(IdleReason.NothingWaits);
        var othersWait = orgs.Count > 1;
        var resident = pool.ResidentGroups(device);
        // Only what is installed already is weighed against every org. Otherwise the first that has a choice is taken, and with
        // many orgs the others need not even be looked at.
        if (resident.Count > 0 && Stay(pool, [.. Choices(pool, device, resident, now)], now, othersWait) is { } here)
            return new Decision.Claim(here.Id, NeedsInstall: false);
        if (Take(device, Choices(pool, device, resident, now), othersWait, out var any) is { } claim) return claim;
        if (!any) return new Decision.Idle(IdleReason.NothingFits);
        // Where nobody else has a use for the device, what it is worth to others is no reason to idle.
        return (othersWait ? Take(device, Choices(pool, device, resident, now), othersWait: false, out _) : null)
            ?? (Decision)new Decision.Idle(IdleReason.NotWorthAnInstall);
    }

    /// <summary>The first choice of the first org that has one, window by window; null when nothing is worth an install.</summary>
    private static Decision.Claim? Take(Device device, IEnumerable<OrgChoices> choices, bool othersWait, out bool any)
    {
        any = false;
        var free = Residency.HoldsAll(device);
        var start = free ? double.NegativeInfinity : device.Offer.StartSeconds ?? 0;
        foreach (var org in choices)
        {
            any = true;
            do
            {
                if (org.Resident() is { } here) return new Decision.Claim(here.Id, NeedsInstall: false);
                if (org.WorthAnInstall(othersWait, start) is { } there) return new Decision.Claim(there.Id, NeedsInstall: !free);
            }
            while (org.NextWindow());
        }
        return null;
    }

    /// <summary>What the device may serve, by org; the org that used least first.</summary>
    private static IEnumerable<OrgChoices> Choices(PoolView pool, Device device, IReadOnlyList<Group> resident, DateTimeOffset now)
    {
        foreach (var org in pool.Waiting.Orgs)
            if (org.Share.MayTake(device.Offer.Target, now) && OrgChoices.Of(pool, device, org, resident) is { } some)
                yield return some;
    }

    /// <summary>What is installed already, unless an org that has used far less is kept waiting.</summary>
    private static Group? Stay(PoolView pool, List<OrgChoices> choices, DateTimeOffset now, bool othersWait)
    {
        var lag = Fairness.LagSecondsPerDevice * pool.OnlineDevices;
        foreach (var org in choices)
            if (org.Resident() is { } group)
                return choices.Any(o => o.VirtualTime + lag < org.VirtualTime && o.IsKeptWaiting(now, othersWait)) ? null : group;
        return null;
    }
}
