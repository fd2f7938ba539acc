using Qgjob.Core.Orgs;

namespace Qgjob.Core.Scheduling;

/// <summary>How orgs share a pool: each has a virtual time, its used device seconds divided by its weight; the lowest goes first.</summary>
public static class Fairness
{
    /// <summary>
    /// Seconds per device of the pool that an org may be ahead of another before its devices leave work that needs no
    /// install for the other's. The larger, the fewer installs and the coarser the shares.
    /// </summary>
    public const double LagSecondsPerDevice = 250;

    /// <summary>
    /// How long work waits before devices leave their own for it. Meanwhile those whose group is done come by
    /// themselves, which costs one install instead of two.
    /// </summary>
    public static TimeSpan Courtesy { get; } = TimeSpan.FromMinutes(1);

    /// <summary>What an install more weighs for each device that a group already has, while other orgs wait.</summary>
    public const double CrowdWeight = 0.5;

    /// <summary>The virtual time of an org that comes back: it saved nothing while it was away.</summary>
    /// <param name="own">Its virtual time when it left.</param>
    /// <param name="present">Orgs that have jobs now.</param>
    public static double Rejoin(double own, IEnumerable<OrgShare> present)
    {
        double? lowest = null;
        foreach (var org in present) lowest = lowest is { } l ? Math.Min(l, org.VirtualTime) : org.VirtualTime;
        return lowest is { } least ? Math.Max(own, least) : own;
    }
}
