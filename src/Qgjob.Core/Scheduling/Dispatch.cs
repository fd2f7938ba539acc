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
        if (pool.Waiting.Orgs.Count == 0) return new Decision.Idle(IdleReason.NothingWaits);

        var choices = Choices(pool, device);
        if (choices.Count == 0) return new Decision.Idle(IdleReason.NothingFits);

        if (Stay(pool, device, choices) is { } resident) return new Decision.Claim(resident.Id, NeedsInstall: false);
        var othersWait = pool.Waiting.Orgs.Count > 1;
        foreach (var org in choices)
            foreach (var tier in org.Tiers())
            {
                if (org.ResidentIn(tier) is { } here) return new Decision.Claim(here.Id, NeedsInstall: false);
                if ((org.Oldest(tier) ?? org.Neediest(tier, othersWait)) is { } there) return new Decision.Claim(there.Id, NeedsInstall: true);
            }
        return new Decision.Idle(IdleReason.NotWorthAnInstall);
    }

    /// <summary>What the device may serve, by org; the org that used least first.</summary>
    private static List<OrgChoices> Choices(PoolView pool, Device device)
    {
        var resident = pool.ResidentGroups(device).ToList();
        var choices = new List<OrgChoices>();
        foreach (var org in pool.Waiting.Orgs)
            if (!org.Share.IsAtLimit && OrgChoices.Of(pool, device, org, resident) is { } some)
                choices.Add(some);
        return choices;
    }

    /// <summary>
    /// What is installed already, as long as it is of its org's first tier and the org is not too far ahead of the one
    /// that used least. Between several: the org that used least, the oldest tier, the oldest group.
    /// </summary>
    private static Group? Stay(PoolView pool, Device device, List<OrgChoices> choices)
    {
        var furthest = choices[0].VirtualTime + (Fairness.LagSecondsPerDevice * pool.OnlineDevices);
        foreach (var org in choices.TakeWhile(o => o.VirtualTime <= furthest))
            if (org.ResidentIn(org.FirstTier) is { } group)
                return group;
        return null;
    }
}
