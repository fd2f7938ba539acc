using Qgjob.Core.Groups;
using Qgjob.Core.Jobs;

namespace Qgjob.Core.Scheduling;

/// <summary>
/// When the spared devices may take which waiting group (see <see cref="Overflow"/>): as soon as a job of it has waited, or is
/// expected to wait, longer than was asked for, and at once when no other device that fits is in service.
/// </summary>
/// <remarks>
/// The expected wait is that of the group's last job, if all devices that fit did nothing but this group: no other work can
/// make it shorter, so nothing goes to the spared devices too early. What they take shortens it, so they take only what is
/// too much. A group whose gate opens by time alone is found when time passes, without a look at the others.
/// </remarks>
internal sealed class OverflowGates
{
    private readonly Dictionary<string, DateTimeOffset> opensAt = [];
    private readonly SortedSet<(DateTimeOffset At, string Group)> next = new();
    private DateTimeOffset now;

    /// <summary>When the next gate opens; null when none is closed.</summary>
    public DateTimeOffset? Next => next.Count > 0 ? next.Min.At : null;

    /// <summary>When the group's gate opens; null when it is open, or the group spares nothing.</summary>
    public DateTimeOffset? Of(string groupId) => opensAt.TryGetValue(groupId, out var at) ? at : null;

    /// <summary>Time passes.</summary>
    /// <param name="to">UTC.</param>
    /// <param name="opened">Gets the groups whose gates are open now.</param>
    public void Pass(DateTimeOffset to, HashSet<string> opened)
    {
        now = to;
        while (next.Count > 0 && next.Min is var (at, group) && at <= now)
        {
            Forget(group);
            opened.Add(group);
        }
    }

    /// <summary>Sets a waiting group's gate anew.</summary>
    /// <param name="group">The group.</param>
    /// <param name="version">Its app version.</param>
    /// <param name="inService">How many devices in service could do such work.</param>
    /// <returns>The kind of device that may not take it yet; null: all may.</returns>
    public Target? Set(Group group, AppVersion? version, Func<WorkKind, int> inService)
    {
        Forget(group.Id);
        if (Overflow.Of(group.Key) is not { } overflow) return null;
        var others = inService(WorkKind.Of(group, version) with { NotYet = overflow.Target });
        if (others == 0) return null;
        var lastStarts = group.QueuedSeconds * (group.Queued - 1) / group.Queued / others;
        // A forecast of years is none.
        var at = group.HeadSubmittedAt + overflow.After - TimeSpan.FromSeconds(Math.Min(lastStarts, 1e8));
        if (at <= now) return null;
        opensAt[group.Id] = at;
        next.Add((at, group.Id));
        return overflow.Target;
    }

    public void Forget(string groupId)
    {
        if (opensAt.Remove(groupId, out var at)) next.Remove((at, groupId));
    }
}
