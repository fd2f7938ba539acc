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
        var othersWait = pool.Waiting.Orgs.Count > 1;
        if (pool.Waiting.Orgs.Count == 0) return new Decision.Idle(IdleReason.NothingWaits);
        var choices = Choices(pool, device);
        if (choices.Count == 0) return new Decision.Idle(IdleReason.NothingFits);

        if (Stay(pool, choices, now, othersWait) is { } resident) return new Decision.Claim(resident.Id, NeedsInstall: false);
        // Where nobody else has a use for the device, what it is worth to others is no reason to idle.
        return Take(choices, othersWait)
            ?? (othersWait ? Take(Choices(pool, device), othersWait: false) : null)
            ?? (Decision)new Decision.Idle(IdleReason.NotWorthAnInstall);
    }

    /// <summary>The first choice of the first org that has one, window by window; null when nothing is worth an install.</summary>
    private static Decision.Claim? Take(List<OrgChoices> choices, bool othersWait)
    {
        foreach (var org in choices)
            do
            {
                if (org.Resident() is { } here) return new Decision.Claim(here.Id, NeedsInstall: false);
                if (org.WorthAnInstall(othersWait) is { } there) return new Decision.Claim(there.Id, NeedsInstall: true);
            }
            while (org.NextWindow());
        return null;
    }

    /// <summary>What the device may serve, by org; the org that used least first.</summary>
    private static List<OrgChoices> Choices(PoolView pool, Device device)
    {
        var resident = pool.ResidentGroups(device);
        var choices = new List<OrgChoices>();
        foreach (var org in pool.Waiting.Orgs)
            if (!org.Share.IsAtLimit && OrgChoices.Of(pool, device, org, resident) is { } some)
                choices.Add(some);
        return choices;
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
