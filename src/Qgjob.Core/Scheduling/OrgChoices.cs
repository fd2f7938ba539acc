using Qgjob.Core.Devices;
using Qgjob.Core.Groups;

namespace Qgjob.Core.Scheduling;

/// <summary>The part of an org's waiting work that one device may serve, a window of tiers after the other.</summary>
/// <remarks>
/// A group goes before another when it has the higher priority and is of an earlier tier, or whatever its priority when
/// its tier is earlier by more than <see cref="Patience"/>. The groups before which no other goes are the window: among
/// them installs decide, not age.
/// </remarks>
internal sealed class OrgChoices
{
    /// <summary>Tiers by which a group may be older than the one that a device has installed before the device leaves for it.</summary>
    public const int Patience = 6;

    private readonly OrgWork org;
    private readonly List<Lane> lanes;
    private readonly List<PlacedGroup> resident;

    private OrgChoices(OrgWork org, List<Lane> lanes, List<PlacedGroup> resident)
    {
        (this.org, this.lanes, this.resident) = (org, lanes, resident);
        OpenWindow();
    }

    /// <summary>Tiers of one priority and kind of work; those from <c>From</c> up to before <c>To</c> are in the window.</summary>
    private sealed class Lane(int priority, SortedList<long, TierWork> tiers)
    {
        public readonly int Priority = priority;
        public readonly SortedList<long, TierWork> Tiers = tiers;
        public int From;
        public int To;
        public long? First => From < Tiers.Count ? Tiers.Keys[From] : null;
    }

    public double VirtualTime => org.Share.VirtualTime;

    /// <summary>The choices, or null when the device may serve nothing of the org.</summary>
    public static OrgChoices? Of(PoolView pool, Device device, OrgWork org, IReadOnlyList<Group> resident)
    {
        List<Lane>? lanes = null;
        foreach (var (kind, priorities) in org.Kinds)
        {
            if (!Eligibility.MayServe(pool, device, org.Share.OrgId, kind)) continue;
            lanes ??= [];
            foreach (var (priority, tiers) in priorities) lanes.Add(new Lane(priority, tiers));
        }
        if (lanes is null) return null;
        var here = new List<PlacedGroup>();
        foreach (var group in resident)
            if (group.Key.OrgId == org.Share.OrgId && pool.Waiting.PlaceOf(group) is var place
                && Eligibility.MayServe(pool, device, org.Share.OrgId, place.Kind))
                here.Add(place);
        return new OrgChoices(org, lanes, here);
    }

    /// <summary>Goes on to the groups that come after the window; false when there are none.</summary>
    public bool NextWindow()
    {
        foreach (var lane in lanes) lane.From = lane.To;
        return OpenWindow();
    }

    /// <summary>The oldest group of the window whose app version is on the device, or null.</summary>
    public Group? Resident()
    {
        PlacedGroup? oldest = null;
        foreach (var place in resident)
            if (InWindow(place)) oldest = First(oldest, place, PlacedGroup.OldestFirst);
        return oldest?.Group;
    }

    /// <summary>The oldest group of the window that no device serves, or null.</summary>
    private Group? Oldest()
    {
        PlacedGroup? oldest = null;
        foreach (var lane in lanes)
            for (var i = lane.From; i < lane.To; i++) oldest = First(oldest, lane.Tiers.Values[i].Oldest, PlacedGroup.OldestFirst);
        return oldest?.Group;
    }

    /// <summary>The group of the window that one more device helps most, or null when it helps none.</summary>
    private Group? Neediest(bool othersWait, double startSeconds)
    {
        var order = othersWait ? PlacedGroup.CrowdedGainFirst : PlacedGroup.GainFirst;
        PlacedGroup? neediest = null;
        foreach (var lane in lanes)
            for (var i = lane.From; i < lane.To; i++) neediest = First(neediest, lane.Tiers.Values[i].Neediest(othersWait), order);
        return neediest?.Gain(othersWait) > startSeconds * PlacedGroup.InstallWorth ? neediest.Group : null;
    }

    /// <summary>The group of the window for which an install is worth it: the oldest that no device serves, else the neediest.</summary>
    /// <param name="othersWait">Other orgs have jobs waiting.</param>
    /// <param name="startSeconds">What the device itself needs before it can be used: it weighs as an install does. Negative infinity: nothing costs it anything, installs included.</param>
    public Group? WorthAnInstall(bool othersWait, double startSeconds = 0) => Oldest() ?? Neediest(othersWait, startSeconds);

    /// <summary>What is worth an install has waited longer than courtesy demands.</summary>
    public bool IsKeptWaiting(DateTimeOffset now, bool othersWait) =>
        WorthAnInstall(othersWait) is { } group && now - group.HeadSubmittedAt >= Fairness.Courtesy;

    private bool OpenWindow()
    {
        long? first = null;
        foreach (var lane in lanes)
            if (lane.First is { } tier && !(tier >= first)) first = tier;
        if (first is null) return false;
        foreach (var lane in lanes)
        {
            var last = first.Value + Patience;
            foreach (var other in lanes)
                if (other.Priority > lane.Priority && other.First is { } above) last = Math.Min(last, above);
            lane.To = lane.From;
            while (lane.To < lane.Tiers.Count && lane.Tiers.Keys[lane.To] <= last) lane.To++;
        }
        return true;
    }

    private bool InWindow(PlacedGroup place)
    {
        foreach (var lane in lanes)
            if (lane.Priority == place.Priority && lane.From < lane.To
                && lane.Tiers.Keys[lane.From] <= place.Group.HeadTier && place.Group.HeadTier <= lane.Tiers.Keys[lane.To - 1])
                return true;
        return false;
    }

    private static PlacedGroup? First(PlacedGroup? a, PlacedGroup? b, IComparer<PlacedGroup> order) =>
        a is null ? b : b is null ? a : order.Compare(a, b) <= 0 ? a : b;
}
