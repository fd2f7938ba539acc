using Qgjob.Core.Scheduling;

namespace Qgjob.Server.Dispatch;

/// <summary>
/// Devices whose job has just ended, until their agent asks for the next one: a matter of milliseconds, in which they
/// seem to serve nothing. Without them in mind, a phone that idles beside would install an app to take that next job.
/// </summary>
internal sealed class JustFreed
{
    /// <summary>An agent that has not asked after so long has something else to do with the device.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    private readonly Dictionary<string, DateTimeOffset> endedAt = [];

    public void Ended(string device, DateTimeOffset now) => endedAt[device] = now;

    /// <summary>The agent asks for work for these.</summary>
    public void Asks(IReadOnlyList<string> devices)
    {
        if (endedAt.Count == 0) return;
        foreach (var id in devices) endedAt.Remove(id);
    }

    /// <summary>Groups that nothing serves at the moment, and that such a device would go on with as soon as it is asked for.</summary>
    public HashSet<string> GroupsToLeave(PoolViews views, DateTimeOffset now)
    {
        var groups = new HashSet<string>();
        foreach (var (id, ended) in endedAt.ToList())
            if (now - ended >= Patience) endedAt.Remove(id);
            else if (views.FindDevice(id) is var (pool, device) && device.Offer.Residents.Count > 0
                && Core.Scheduling.Dispatch.Decide(pool, device, now) is Decision.Claim(var groupId, NeedsInstall: false)
                && pool.VersionOf(pool.FindGroup(groupId)!) is { Serving: 0 })
                groups.Add(groupId);
        return groups;
    }
}
