using Qgjob.Core.Devices;
using Qgjob.Core.Groups;

namespace Qgjob.Core.Scheduling;

/// <summary>Why a device gets no work now.</summary>
public enum IdleReason
{
    /// <summary>No group has jobs waiting.</summary>
    NothingWaits,
    /// <summary>Jobs wait, and none of them may run on this device.</summary>
    NothingFits,
    /// <summary>The device is offline, paused or leased, or its agent is draining.</summary>
    NotFree,
}

/// <summary>What a free device should do.</summary>
public abstract record Decision
{
    private Decision() { }

    /// <summary>Take the group's first job.</summary>
    /// <param name="GroupId">The group.</param>
    /// <param name="NeedsInstall">The device does not have the app version yet.</param>
    public sealed record Claim(string GroupId, bool NeedsInstall) : Decision;

    /// <summary>Wait.</summary>
    public sealed record Idle(IdleReason Reason) : Decision;
}

/// <summary>The dispatch rule: chooses the group that a free device serves next. The only policy there is.</summary>
public static class Dispatch
{
    /// <summary>Decides for one device. Pure: the same arguments give the same decision.</summary>
    /// <param name="pool">Counters of groups, devices and app versions.</param>
    /// <param name="device">The device that is free.</param>
    /// <param name="now">UTC, from the caller.</param>
    /// <param name="seed">Breaks ties, so that replicas that decide at once do not all choose alike.</param>
    public static Decision Decide(PoolView pool, Device device, DateTimeOffset now, int seed)
    {
        if (!device.IsFree || pool.IsDraining(device.AgentId)) return new Decision.Idle(IdleReason.NotFree);

        var waiting = pool.Groups.Where(g => g.Queued > 0).ToList();
        if (waiting.Count == 0) return new Decision.Idle(IdleReason.NothingWaits);

        var candidates = waiting
            .Where(g => Eligibility.Fits(g, device.Offer) && Eligibility.HasBuild(pool.VersionOf(g), device.Offer)
                && !Eligibility.IsBarred(pool, g, device))
            .ToList();
        if (candidates.Count == 0) return new Decision.Idle(IdleReason.NothingFits);

        var resident = candidates.Where(g => pool.IsResident(device, g)).ToList();
        if (resident.Count > 0) return new Decision.Claim(Oldest(resident, seed).Id, NeedsInstall: false);

        var unserved = candidates.Where(g => pool.Serving(g) == 0).ToList();
        if (unserved.Count > 0) return new Decision.Claim(Oldest(unserved, seed).Id, NeedsInstall: true);

        return new Decision.Claim(MostWorkPerDevice(pool, candidates, seed).Id, NeedsInstall: true);
    }

    /// <summary>The group whose first job goes first: by tier, then by the time it has waited.</summary>
    private static Group Oldest(List<Group> groups, int seed) =>
        groups.MinBy(g => (g.HeadTier, g.HeadReadyAt, TieBreak(g, seed)))!;

    /// <summary>W/k: estimated seconds that wait, shared by the devices that already serve the app version.</summary>
    private static Group MostWorkPerDevice(PoolView pool, List<Group> groups, int seed) =>
        groups.MaxBy(g => (g.QueuedSeconds / Math.Max(1, pool.Serving(g)), TieBreak(g, seed)))!;

    private static int TieBreak(Group group, int seed)
    {
        // string.GetHashCode differs from process to process; a decision must replay.
        var hash = seed;
        foreach (var c in group.Id) hash = unchecked((hash * 31) + c);
        return hash;
    }
}
