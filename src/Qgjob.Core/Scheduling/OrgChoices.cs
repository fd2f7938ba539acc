using Qgjob.Core.Devices;
using Qgjob.Core.Groups;

namespace Qgjob.Core.Scheduling;

/// <summary>The part of an org's waiting work that one device may serve.</summary>
internal sealed class OrgChoices
{
    private readonly OrgWork org;
    private readonly List<SortedList<long, TierWork>> kinds;
    private readonly List<PlacedGroup> resident;

    private OrgChoices(OrgWork org, List<SortedList<long, TierWork>> kinds, List<PlacedGroup> resident) =>
        (this.org, this.kinds, this.resident) = (org, kinds, resident);

    public double VirtualTime => org.Share.VirtualTime;

    public long FirstTier => kinds.Min(k => k.Keys[0]);

    /// <summary>The choices, or null when the device may serve nothing of the org.</summary>
    public static OrgChoices? Of(PoolView pool, Device device, OrgWork org, List<Group> resident)
    {
        List<SortedList<long, TierWork>>? kinds = null;
        foreach (var (kind, tiers) in org.Kinds)
            if (Eligibility.MayServe(pool, device, org.Share.OrgId, kind))
                (kinds ??= []).Add(tiers);
        if (kinds is null) return null;
        var here = new List<PlacedGroup>();
        foreach (var group in resident)
            if (group.Key.OrgId == org.Share.OrgId && pool.Waiting.PlaceOf(group) is var place
                && Eligibility.MayServe(pool, device, org.Share.OrgId, place.Kind))
                here.Add(place);
        return new OrgChoices(org, kinds, here);
    }

    /// <summary>Tiers with work, first one first.</summary>
    public IEnumerable<long> Tiers() => kinds.Count == 1 ? kinds[0].Keys : kinds.SelectMany(k => k.Keys).Distinct().Order();

    /// <summary>The oldest group of the tier whose app version is on the device, or null.</summary>
    public Group? ResidentIn(long tier)
    {
        PlacedGroup? oldest = null;
        foreach (var place in resident)
            if (place.Group.HeadTier == tier) oldest = First(oldest, place, PlacedGroup.OldestFirst);
        return oldest?.Group;
    }

    /// <summary>The oldest group of the tier that no device serves, or null.</summary>
    public Group? Oldest(long tier)
    {
        PlacedGroup? oldest = null;
        foreach (var kind in kinds)
            if (kind.TryGetValue(tier, out var work)) oldest = First(oldest, work.Oldest, PlacedGroup.OldestFirst);
        return oldest?.Group;
    }

    /// <summary>The group of the tier that one more device helps most, or null when it helps none.</summary>
    public Group? Neediest(long tier, bool othersWait)
    {
        var order = othersWait ? PlacedGroup.CrowdedGainFirst : PlacedGroup.GainFirst;
        PlacedGroup? neediest = null;
        foreach (var kind in kinds)
            if (kind.TryGetValue(tier, out var work)) neediest = First(neediest, work.Neediest(othersWait), order);
        return neediest?.Gain(othersWait ? Fairness.CrowdWeight : 0) > 0 ? neediest.Group : null;
    }

    private static PlacedGroup? First(PlacedGroup? a, PlacedGroup? b, IComparer<PlacedGroup> order) =>
        a is null ? b : b is null ? a : order.Compare(a, b) <= 0 ? a : b;
}
