using Qgjob.Core;
using Qgjob.Core.Devices;
using Qgjob.Core.Groups;
using Qgjob.Core.Scheduling;

namespace Qgjob.Server.Jobs;

/// <summary>Why a group's jobs wait, and how long they are expected to. Pure.</summary>
internal static class Waiting
{
    /// <summary>A sentence for people; null when nothing waits.</summary>
    public static string? ReasonOf(PoolView pool, Group group)
    {
        if (group.Queued == 0) return null;
        var work = WorkKind.Of(group, pool.VersionOf(group));
        var kind = pool.Devices.Where(d => Eligibility.Matches(group.Key, d.Offer)).ToList();
        if (kind.Count == 0)
            return $"no device of this kind was seen yet (target {Words.Of(group.Key.Target)}{(group.Key.Needs.Length > 0 ? $", {group.Key.Needs}" : "")})";
        var fitting = kind.Where(d => Eligibility.Fits(work, d.Offer)).ToList();
        if (fitting.Count == 0)
            return $"no build of {group.Key.AppVersionId} for {string.Join(" or ", kind.Select(d => Words.Of(d.Offer.Platform)).Distinct())} was uploaded";
        fitting = [.. fitting.Where(d => !Eligibility.IsBarred(pool, work, d))];
        var states = fitting.CountBy(d => StateOf(pool, d)).ToDictionary();
        var count = fitting.Count == 1 ? "the only device that fits" : $"all {fitting.Count} devices that fit";
        return states switch
        {
            _ when fitting.Count == 0 => "the job failed on every device that fits",
            _ when states.ContainsKey("free") => "a device that fits is free; it starts as soon as its agent asks for work",
            { Count: 1 } => $"{count} {(fitting.Count == 1 ? "is" : "are")} {states.Keys.First()}",
            _ => $"{count}: {string.Join(", ", states.OrderBy(s => s.Key, StringComparer.Ordinal).Select(s => $"{s.Value} {s.Key}"))}",
        };
    }

    /// <summary><c>offline</c>, <c>paused</c>, <c>busy</c>, <c>draining</c> or <c>free</c>.</summary>
    public static string StateOf(PoolView pool, Device device) => device switch
    {
        { Online: false } => "offline",
        { Paused: true } => "paused",
        { Lease: not null } => "busy",
        _ when pool.IsDraining(device.AgentId) => "draining",
        _ => "free",
    };

    /// <summary>
    /// When a job is expected to start: the work before it, shared by the devices that fit and are in service. Null when
    /// there is none.
    /// </summary>
    /// <param name="pool">The pool.</param>
    /// <param name="group">The job's group.</param>
    /// <param name="ahead">Jobs of the group that go first.</param>
    /// <param name="now">UTC.</param>
    public static DateTimeOffset? StartOf(PoolView pool, Group group, int ahead, DateTimeOffset now)
    {
        var serving = InService(pool, group);
        if (serving.Count == 0) return null;
        if (ahead == 0 && serving.Any(d => d.IsFree(now))) return now;
        var mean = group.Queued > 0 ? group.QueuedSeconds / group.Queued : Estimates.UnknownTestSeconds;
        // Whoever runs now is, on average, half done.
        var busy = serving.Count(d => d.Lease is not null) * mean / 2;
        return now.AddSeconds((busy + (ahead * mean)) / serving.Count);
    }

    /// <summary>When the group's last job is expected to end; null when no device in service fits.</summary>
    public static DateTimeOffset? EndOf(PoolView pool, Group group, DateTimeOffset now)
    {
        var serving = InService(pool, group).Count;
        var mean = group.Queued > 0 ? group.QueuedSeconds / group.Queued : Estimates.UnknownTestSeconds;
        return serving == 0 ? null : now.AddSeconds(Math.Max(mean / 2, (group.QueuedSeconds + (group.Active * mean / 2)) / serving));
    }

    private static List<Device> InService(PoolView pool, Group group)
    {
        var work = WorkKind.Of(group, pool.VersionOf(group));
        return [.. pool.Devices.Where(d => d is { Online: true, Paused: false } && !pool.IsDraining(d.AgentId) && Eligibility.Fits(work, d.Offer) && !Eligibility.IsBarred(pool, work, d))];
    }
}
