namespace Qgjob.Core.Scheduling;

/// <summary>Waiting groups of one org, kind, priority and tier.</summary>
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
        if (!group.IsServed)
        {
            unserved.Add(group);
            return;
        }
        gain.Add(group);
        crowdedGain.Add(group);
    }

    public void Remove(PlacedGroup group)
    {
        if (!group.IsServed)
        {
            unserved.Remove(group);
            return;
        }
        gain.Remove(group);
        crowdedGain.Remove(group);
    }
}
