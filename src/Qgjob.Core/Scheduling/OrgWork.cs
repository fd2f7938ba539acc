using Qgjob.Core.Orgs;

namespace Qgjob.Core.Scheduling;

/// <summary>An org's waiting groups, by kind of work, priority and tier.</summary>
internal sealed class OrgWork(OrgShare share)
{
    private readonly Dictionary<WorkKind, Dictionary<int, SortedList<long, TierWork>>> kinds = [];

    /// <summary>Least used first.</summary>
    public static readonly IComparer<OrgWork> ByVirtualTime = Comparer<OrgWork>.Create(static (a, b) =>
    {
        var order = a.Share.VirtualTime.CompareTo(b.Share.VirtualTime);
        return order != 0 ? order : string.CompareOrdinal(a.Share.OrgId, b.Share.OrgId);
    });

    /// <summary>What the org may use and has used.</summary>
    public OrgShare Share { get; set; } = share;

    public bool IsEmpty => kinds.Count == 0;

    /// <summary>For each kind of work, by priority: tiers, first one first.</summary>
    public Dictionary<WorkKind, Dictionary<int, SortedList<long, TierWork>>> Kinds => kinds;

    public void Add(PlacedGroup group)
    {
        if (!kinds.TryGetValue(group.Kind, out var priorities)) kinds[group.Kind] = priorities = [];
        if (!priorities.TryGetValue(group.Priority, out var tiers)) priorities[group.Priority] = tiers = [];
        if (!tiers.TryGetValue(group.Group.HeadTier, out var tier)) tiers[group.Group.HeadTier] = tier = new TierWork();
        tier.Add(group);
    }

    public void Remove(PlacedGroup group)
    {
        var priorities = kinds[group.Kind];
        var tiers = priorities[group.Priority];
        var tier = tiers[group.Group.HeadTier];
        tier.Remove(group);
        if (!tier.IsEmpty) return;
        tiers.Remove(group.Group.HeadTier);
        if (tiers.Count > 0) return;
        priorities.Remove(group.Priority);
        if (priorities.Count == 0) kinds.Remove(group.Kind);
    }
}
