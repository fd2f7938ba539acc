using Qgjob.Core.Groups;
using Qgjob.Core.Scheduling;

namespace Qgjob.Server.Jobs;

/// <summary>When work is expected, from the work before it, where no forecast knows it. One is made for each look at a pool.</summary>
/// <param name="pool">The pool.</param>
/// <param name="now">UTC.</param>
internal sealed class RoughReckoning(PoolView pool, DateTimeOffset now)
{
    /// <summary>The dispatcher waits meanwhile, so a page of groups of one kind must not look through all devices for each.</summary>
    private readonly Dictionary<WorkKind, Crew> crews = [];

    /// <summary>Devices that fit and are in service.</summary>
    private readonly record struct Crew(int Size, int Busy, bool AnyFree);

    /// <summary>From the start of the job to the end of its group: the work before, shared by the devices that fit and are in service; null when there is none.</summary>
    /// <param name="group">The job's group.</param>
    /// <param name="ahead">Jobs of the group that go first.</param>
    public Expected? Of(Group group, int ahead)
    {
        var work = pool.KindOf(group, now);
        if (!crews.TryGetValue(work, out var crew)) crews[work] = crew = CrewOf(work);
        if (crew.Size == 0) return null;
        var mean = group.Queued > 0 ? group.QueuedSeconds / group.Queued : Estimates.UnknownTestSeconds;
        // Whoever runs now is, on average, half done.
        var busy = crew.Busy * mean / 2;
        var start = ahead == 0 && crew.AnyFree ? 0 : (busy + (ahead * mean)) / crew.Size;
        var end = Math.Max(mean / 2, (group.QueuedSeconds + (group.Active * mean / 2)) / crew.Size);
        return new Expected(now.AddSeconds(start), now.AddSeconds(end), IsRough: true);
    }

    private Crew CrewOf(WorkKind work)
    {
        var serving = pool.Devices.Where(d => d is { Online: true, Paused: false } && !pool.IsDraining(d.AgentId)
            && Eligibility.Fits(work, d.Offer) && !Eligibility.IsBarred(pool, work, d)).ToList();
        return new Crew(serving.Count, serving.Count(d => d.Lease is not null), serving.Any(d => d.IsFree(now)));
    }
}
