using Qgjob.Core.Groups;

namespace Qgjob.Core.Scheduling;

/// <summary>A group with waiting jobs and the numbers that the rule compares.</summary>
internal sealed class PlacedGroup
{
    /// <summary>Lowest tier first, then the longest waiting, then most work.</summary>
    public static readonly IComparer<PlacedGroup> OldestFirst = Comparer<PlacedGroup>.Create(static (a, b) =>
    {
        var order = a.Group.HeadTier.CompareTo(b.Group.HeadTier);
        if (order == 0) order = a.Group.HeadSubmittedAt.CompareTo(b.Group.HeadSubmittedAt);
        if (order == 0) order = b.Group.QueuedSeconds.CompareTo(a.Group.QueuedSeconds);
        return order != 0 ? order : string.CompareOrdinal(a.Group.Id, b.Group.Id);
    });

    /// <summary>Largest gain first, while no other org waits.</summary>
    public static readonly IComparer<PlacedGroup> GainFirst = Comparer<PlacedGroup>.Create(static (a, b) =>
        b.gain.CompareTo(a.gain) is not 0 and var order ? order : string.CompareOrdinal(a.Group.Id, b.Group.Id));

    /// <summary>Largest gain first, while other orgs wait.</summary>
    public static readonly IComparer<PlacedGroup> CrowdedGainFirst = Comparer<PlacedGroup>.Create(static (a, b) =>
        b.crowdedGain.CompareTo(a.crowdedGain) is not 0 and var order ? order : string.CompareOrdinal(a.Group.Id, b.Group.Id));

    /// <summary>
    /// What one more device must save for each second of its install. At 1 the group is done sooner, since
    /// (W + s)/(k + 1) &lt; W/k exactly when W/k &gt; s, but by next to nothing; at 2 the last few installs, which hardly
    /// help, are left out.
    /// </summary>
    public const double InstallWorth = 2;

    private readonly double gain;
    private readonly double crowdedGain;

    private PlacedGroup(Group group, WorkKind kind, int serving, double installSeconds)
    {
        (Group, Kind, IsServed) = (group, kind, serving > 0);
        Priority = Estimates.PriorityOf(group.HeadSubmittedAt, group.HeadTier);
        gain = (group.QueuedSeconds / serving) - (installSeconds * InstallWorth);
        crowdedGain = gain - (installSeconds * Fairness.CrowdWeight * (serving + 1));
    }

    /// <summary>The group.</summary>
    public Group Group { get; }
    /// <summary>Which devices can serve it.</summary>
    public WorkKind Kind { get; }
    /// <summary>Some device that could serve it, too, serves its app version.</summary>
    public bool IsServed { get; }
    /// <summary>Priority of the first job that waits.</summary>
    public int Priority { get; }

    /// <summary>The group's place.</summary>
    /// <param name="group">The group.</param>
    /// <param name="version">Its app version.</param>
    /// <param name="notYet">Kind of device that may not take it yet; null: all may.</param>
    /// <param name="unable">How many of those who serve the app version could not serve such work.</param>
    public static PlacedGroup Of(Group group, AppVersion? version, Jobs.Target? notYet, Func<WorkKind, int> unable)
    {
        var kind = WorkKind.Of(group, version) with { NotYet = notYet };
        var serving = version is { Serving: > 0 and var all } ? Math.Max(0, all - unable(kind)) : 0;
        return new PlacedGroup(group, kind, serving, Estimates.InstallSecondsOf(version));
    }

    /// <summary>
    /// W/k − s·(worth + λ(k+1)): what one more device saves, in seconds; a served group only.
    /// </summary>
    /// <param name="othersWait">Other orgs have jobs waiting, so a device is worth something to them too (λ).</param>
    public double Gain(bool othersWait) => othersWait ? crowdedGain : gain;
}
