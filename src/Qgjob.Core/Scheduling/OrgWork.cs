using Qgjob.Core.Orgs;

namespace Qgjob.Core.Scheduling;

/// <summary>An org's waiting groups, by kind of work and tier.</summary>
internal sealed class OrgWork(OrgShare share)
{
    private readonly Dictionary<WorkKind, SortedList<long, TierWork>> kinds = [];

    /// <summary>Least used first.</summary>
    public static readonly IComparer<OrgWork> ByVirtualTime = Comparer<OrgWork>.Create(static (a, b) =>
    {
        var order = a.Share.VirtualTime.CompareTo(b.Share.VirtualTime);
        return order != 0 ? order : string.CompareOrdinal(a.Share.OrgId, b.Share.OrgId);
    });

    /// <summary>What the org may use and has used.</summary>
    public OrgShare Share { get; set; } = share;

    public bool IsEmpty => kinds.Count == 0;

    public IReadOnlyDictionary<WorkKind, SortedList<long, TierWork>> Kinds => kinds;

    public void Add(PlacedGroup group)
    {
        if (!kinds.TryGetValue(group.Kind, out var tiers)) kinds[group.Kind] = tiers = [];
        if (!tiers.TryGetValue(group.Group.HeadTier, out var tier)) tiers[group.Group.HeadTier] = tier = new TierWork();
        tier.Add(group);
    }

    public void Remove(PlacedGroup group)
    {
        var tiers = kinds[group.Kind];
        var tier = tiers[group.Group.HeadTier];
        tier.Remove(group);
        if (!tier.IsEmpty) return;
        tiers.Remove(group.Group.HeadTier);
        if (tiers.Count == 0) kinds.Remove(group.Kind);
    }
}

/// <summary>Waiting groups of one org, kind and tier.</summary>
internal sealed class TierWork
{
    private readonly SortedSet<PlacedGroup> gain = new(PlacedGroup.GainFirst);
    private readonly SortedSet<PlacedGroup> crowdedGain = new(PlacedGroup.CrowdedGainFirst);
    private readonly SortedSet<PlacedGroup> unserved = new(PlacedGroup.OldestFirst);

    public bool IsEmpty => unserved.Count + gain.Count == 0;

    /// <summary>The oldest group that no device serves, or null.</summary>
    public PlacedGroup? Oldest => unserved.Min;

    /// <summary>The served group that one more device helps most, or null.</summary>
    /// <param name="othersWait">Other orgs have jobs waiting.</param>
    public PlacedGroup? Neediest(bool othersWait) => (othersWait ? crowdedGain : gain).Min;

    public void Add(PlacedGroup group)
    {
        if (group.Serving == 0)
        {
            unserved.Add(group);
            return;
        }
        gain.Add(group);
        crowdedGain.Add(group);
    }

    public void Remove(PlacedGroup group)
    {
        if (group.Serving == 0)
        {
            unserved.Remove(group);
            return;
        }
        gain.Remove(group);
        crowdedGain.Remove(group);
    }
}
