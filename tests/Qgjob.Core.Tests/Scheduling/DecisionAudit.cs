using System.Globalization;
using Qgjob.Core.Devices;
using Qgjob.Core.Groups;
using Qgjob.Core.Jobs;
using Qgjob.Core.Scheduling;

namespace Qgjob.Core.Tests.Scheduling;

/// <summary>What every single decision must fulfil, reckoned from rows alone, with none of the rule's own indexes.</summary>
internal static class DecisionAudit
{
    private const int Patience = 6;

    public static void Check(PoolView pool, Device device, Decision decision, DateTimeOffset now)
    {
        if (!device.Online || device.Paused || pool.IsDraining(device.AgentId) || device.Lease is not null || device.Health.CoolingUntil > now)
        {
            Assert.Equal(new Decision.Idle(IdleReason.NotFree), decision);
            return;
        }
        var orgs = pool.Groups.Where(g => g.Queued > 0).Select(g => g.Key.OrgId).Distinct().Count();
        var open = pool.Groups.Where(g => g.Queued > 0 && MayServe(pool, device, g)).ToList();
        if (decision is not Decision.Claim(var id, var needsInstall))
        {
            foreach (var group in open) Assert.False(IsWanted(pool, device, group, othersWait: false), $"{device.Id} idles: {Text(pool, group)}");
            return;
        }
        // What a device is worth to others counts as long as somebody has a use for it that is worth more.
        var othersWait = orgs > 1 && open.Any(g => IsWanted(pool, device, g, othersWait: true));
        var taken = pool.FindGroup(id)!;
        Assert.True(open.Contains(taken), $"{device.Id} takes what it may not: {Text(pool, taken)}");
        Assert.Equal(needsInstall, !IsResident(device, taken));
        Assert.True(IsWanted(pool, device, taken, othersWait), $"{device.Id} installs for nothing: {Text(pool, taken)}");
        foreach (var group in open)
            if (group.Key.OrgId == taken.Key.OrgId && Outranks(group, taken))
                Assert.False(IsWanted(pool, device, group, othersWait), $"{device.Id} takes {Text(pool, taken)} before {Text(pool, group)}");
        if (orgs == 1 && needsInstall)
            foreach (var group in open.Where(g => IsResident(device, g)))
                Assert.True(open.Any(g => Outranks(g, group)), $"{device.Id} leaves {Text(pool, group)} for {Text(pool, taken)}");
    }

    /// <summary>Higher priority and earlier tier, or earlier by more than patience.</summary>
    public static bool Outranks(Group a, Group b) =>
        (PriorityOf(a) > PriorityOf(b) && a.HeadTier < b.HeadTier) || a.HeadTier + Patience < b.HeadTier;

    public static string Text(PoolView pool, Group g) => string.Create(CultureInfo.InvariantCulture,
        $"[{g.Key.OrgId}/{g.Key.AppVersionId} needs '{g.Key.Needs}' {g.Key.Target} barred '{g.Key.Barred.Replace('\n', ' ')}' resources '{g.Key.Resources}': {g.Queued} jobs, {g.QueuedSeconds} s, priority {PriorityOf(g)}, tier {g.HeadTier}, {Serving(pool, g)} serve]");

    /// <summary>The device need not install, or nobody who could serves it, or one more device is worth its install.</summary>
    private static bool IsWanted(PoolView pool, Device device, Group group, bool othersWait)
    {
        var k = Serving(pool, group);
        if (IsResident(device, group) || k == 0) return true;
        var install = pool.VersionOf(group)!.InstallSeconds!.Value;
        return (group.QueuedSeconds / k) - (install * (2 + (othersWait ? 0.5 * (k + 1) : 0))) > 1e-6;
    }

    private static int Serving(PoolView pool, Group group) => pool.Devices.Count(d =>
        d.Lease is { } lease && lease.OrgId == group.Key.OrgId && lease.AppVersionId == group.Key.AppVersionId
        // Who serves the version on a device that is no good for this group is no help to it.
        && Fits(d, group) && !Barred(group).Contains(d.Id));

    private static bool MayServe(PoolView pool, Device device, Group group) =>
        pool.Devices.Count(d => d.Lease?.OrgId == group.Key.OrgId) < (pool.OrgOf(group.Key.OrgId).MaxDevices ?? int.MaxValue)
        && CouldServe(pool, device, group)
        && group.Key.ResourceNames().All(name => pool.FindResource(group.Key.OrgId, name)!.Units.Any(u => u.Holder is null));

    private static bool CouldServe(PoolView pool, Device device, Group group) =>
        Fits(device, group) && (!Barred(group).Contains(device.Id)
            || !pool.Devices.Any(d => d is { Online: true, Paused: false } && !pool.IsDraining(d.AgentId) && Fits(d, group) && !Barred(group).Contains(d.Id)));

    private static bool Fits(Device device, Group group) =>
        (group.Key.Target is Target.Any || group.Key.Target == device.Offer.Target)
        && (group.Key.Needs.Length == 0 || device.Offer.Tags.Contains(group.Key.Needs["tag=".Length..]));

    private static string[] Barred(Group group) => group.Key.Barred.Length == 0 ? [] : group.Key.Barred.Split('\n');

    private static bool IsResident(Device device, Group group) =>
        device.Offer.Residents.Any(r => r.OrgId == group.Key.OrgId && r.AppVersionId == group.Key.AppVersionId);

    private static long PriorityOf(Group group) => (group.HeadSubmittedAt.ToUnixTimeSeconds() / 600) - group.HeadTier;
}
