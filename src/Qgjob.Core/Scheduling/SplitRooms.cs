using Qgjob.Core.Groups;
using Qgjob.Core.Jobs;

namespace Qgjob.Core.Scheduling;

/// <summary>Which phones the parts of a divided file could run on.</summary>
public static class SplitRooms
{
    /// <summary>Devices in service that fit, at most as many as the org may use and as there are units of what each job needs.</summary>
    /// <param name="pool">The pool.</param>
    /// <param name="spec">What the jobs ask for.</param>
    /// <param name="version">Their app version; null: nobody named it yet.</param>
    public static SplitRoom Of(PoolView pool, JobSpec spec, AppVersion? version)
    {
        ArgumentNullException.ThrowIfNull(pool);
        var group = new Group { Id = "", Key = GroupKey.Of(spec, []), Pool = Runs.Run.DefaultPool };
        var kind = WorkKind.Of(group, version);
        var fitting = pool.Devices.Where(d => d is { Online: true, Paused: false } && !pool.IsDraining(d.AgentId) && Eligibility.Fits(kind, d.Offer)).ToList();
        var most = kind.ResourceNames().Select(name => pool.FindResource(spec.OrgId, name)?.Units.Count(u => !u.Leaving) ?? 0)
            .Append(pool.OrgOf(spec.OrgId).MaxDevices ?? int.MaxValue).Append(fitting.Count).Min();
        return new SplitRoom(most, Math.Min(most, fitting.Count(d => Residency.Holds(d, group, version))), Estimates.InstallSecondsOf(version));
    }
}
