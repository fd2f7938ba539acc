using Qgjob.Core.Groups;

namespace Qgjob.Core.Scheduling;

/// <summary>A group with waiting jobs and the numbers that the rule compares.</summary>
/// <param name="Group">The group.</param>
/// <param name="Kind">Which devices can serve it.</param>
/// <param name="Serving">k: devices that serve its app version.</param>
/// <param name="InstallSeconds">s: what an install is expected to take.</param>
internal sealed record PlacedGroup(Group Group, WorkKind Kind, int Serving, double InstallSeconds)
{
    /// <summary>Longest waiting first, then most work.</summary>
    public static readonly IComparer<PlacedGroup> OldestFirst = Comparer<PlacedGroup>.Create(static (a, b) =>
    {
        var order = a.Group.HeadReadyAt.CompareTo(b.Group.HeadReadyAt);
        if (order == 0) order = b.Group.QueuedSeconds.CompareTo(a.Group.QueuedSeconds);
        return order != 0 ? order : string.CompareOrdinal(a.Group.Id, b.Group.Id);
    });

    /// <summary>Largest gain first, while no other org waits.</summary>
    public static readonly IComparer<PlacedGroup> GainFirst = ByGain(crowd: 0);

    /// <summary>Largest gain first, while other orgs wait.</summary>
    public static readonly IComparer<PlacedGroup> CrowdedGainFirst = ByGain(Fairness.CrowdWeight);

    /// <summary>The group's place.</summary>
    public static PlacedGroup Of(Group group, AppVersion? version) => new(
        group, WorkKind.Of(group, version), version?.Serving ?? 0, version?.InstallSeconds ?? Estimates.UnknownInstallSeconds);

    /// <summary>
    /// W/k − s·(1 + λ(k+1)): what one more device would save. One more shortens the group exactly when
    /// (W + s)/(k + 1) &lt; W/k, that is W/k &gt; s.
    /// </summary>
    /// <param name="crowd">λ: what the device is worth to others.</param>
    public double Gain(double crowd) => (Group.QueuedSeconds / Serving) - (InstallSeconds * (1 + (crowd * (Serving + 1))));

    private static Comparer<PlacedGroup> ByGain(double crowd) => Comparer<PlacedGroup>.Create((a, b) =>
    {
        var order = b.Gain(crowd).CompareTo(a.Gain(crowd));
        return order != 0 ? order : string.CompareOrdinal(a.Group.Id, b.Group.Id);
    });
}
