using Qgjob.Client.Wire;
using Qgjob.Core;
using Qgjob.Core.Groups;
using Qgjob.Core.Scheduling;

namespace Qgjob.Server.Jobs;

/// <summary>What the API says of work that waits, from what the rule knows.</summary>
internal static class Waiting
{
    public static WaitingView? View(WaitReason? reason) => reason is null ? null : new WaitingView(Words.Of(reason.Kind), reason.Text);

    /// <summary>
    /// The forecast's word; where it was made before the job came, a rough reckoning. Null when no device will take the job as things are.
    /// </summary>
    /// <param name="forecast">The pool's forecast, if there is one.</param>
    /// <param name="rough">What <see cref="RoughOf"/> said of it.</param>
    /// <param name="groupId">The job's group.</param>
    /// <param name="ahead">Jobs of the group that go first.</param>
    /// <param name="estimateSeconds">What the job is expected to take.</param>
    /// <param name="now">UTC.</param>
    public static Expected? Of(Forecast? forecast, Expected? rough, string groupId, int ahead, double estimateSeconds, DateTimeOffset now)
    {
        if (forecast?.Covers(groupId, ahead) is not true) return rough is { } r ? r with { End = r.Start.AddSeconds(estimateSeconds) } : null;
        if (forecast.OfJob(groupId, ahead, estimateSeconds) is not { } expected) return null;
        // The forecast is a moment old.
        var late = now - expected.Start;
        return late <= TimeSpan.Zero ? expected : expected with { Start = now, End = expected.End + late };
    }

    /// <summary>From the start of the job to the end of its group: the work before, shared by the devices that fit and are in service; null when there is none.</summary>
    /// <param name="pool">The pool.</param>
    /// <param name="group">The job's group.</param>
    /// <param name="ahead">Jobs of the group that go first.</param>
    /// <param name="now">UTC.</param>
    public static Expected? RoughOf(PoolView pool, Group group, int ahead, DateTimeOffset now)
    {
        var work = WorkKind.Of(group, pool.VersionOf(group));
        var serving = pool.Devices.Where(d => d is { Online: true, Paused: false } && !pool.IsDraining(d.AgentId)
            && Eligibility.Fits(work, d.Offer) && !Eligibility.IsBarred(pool, work, d)).ToList();
        if (serving.Count == 0) return null;
        var mean = group.Queued > 0 ? group.QueuedSeconds / group.Queued : Estimates.UnknownTestSeconds;
        // Whoever runs now is, on average, half done.
        var busy = serving.Count(d => d.Lease is not null) * mean / 2;
        var start = ahead == 0 && serving.Any(d => d.IsFree(now)) ? 0 : (busy + (ahead * mean)) / serving.Count;
        var end = Math.Max(mean / 2, (group.QueuedSeconds + (group.Active * mean / 2)) / serving.Count);
        return new Expected(now.AddSeconds(start), now.AddSeconds(end), IsRough: true);
    }
}
