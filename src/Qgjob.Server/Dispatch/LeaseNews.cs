using Qgjob.Client.Wire;
using Qgjob.Core.Devices;
using Qgjob.Core.Storage;

namespace Qgjob.Server.Dispatch;

/// <summary>
/// What the dispatcher remembers of leases between polls: assignments whose agent was not heard of yet, cancels and
/// losses that were told, leases that their agent ended. All of it may be lost: renewals and expiry repair the rest.
/// </summary>
internal sealed class LeaseNews
{
    private const int MaxEnded = 10_000;
    // The agent may hear it at this moment, from another server.
    private static readonly TimeSpan AnswerOnItsWay = TimeSpan.FromSeconds(2);
    private readonly Dictionary<string, (Assignment Assignment, string AgentId)> unseen = [];
    private readonly Dictionary<string, HashSet<LeaseRef>> told = [];
    private readonly HashSet<LeaseRef> ended = [];
    private readonly Queue<LeaseRef> endedOrder = [];

    public void Assigned(Assignment assignment, string agentId) => unseen[assignment.Lease.DeviceId] = (assignment, agentId);

    /// <summary>The agent used the lease, so it knows of it.</summary>
    public void Seen(LeaseRef lease)
    {
        if (unseen.GetValueOrDefault(lease.DeviceId).Assignment?.Lease.Token == lease.Token) unseen.Remove(lease.DeviceId);
    }

    public void Ended(LeaseRef lease)
    {
        if (!ended.Add(lease)) return;
        endedOrder.Enqueue(lease);
        if (endedOrder.Count > MaxEnded) ended.Remove(endedOrder.Dequeue());
    }

    /// <summary>
    /// Devices that the agent calls free and that are leased to it all the same, so that the answer which said so never
    /// arrived, perhaps because the server that gave it died. Those of which this server knows itself are left out.
    /// </summary>
    public IEnumerable<(Device Device, Lease Lease)> Unheard(WorkPoll poll, PoolViews views, DateTimeOffset now)
    {
        foreach (var id in poll.FreeDevices)
            // A claim made on a guess has no job yet.
            if (views.FindDevice(id)?.Device is { Lease: { JobId.Length: > 0, CancelRequested: false } lease } device
                && device.AgentId == poll.AgentId && now - lease.ClaimedAt >= AnswerOnItsWay && !unseen.ContainsKey(id)
                && new LeaseRef(id, lease.Token) is var reference && !poll.Leases.Contains(reference) && !ended.Contains(reference))
                yield return (device, lease);
    }

    /// <summary>What a poll must hear at once; null when there is nothing.</summary>
    public WorkResponse? For(WorkPoll poll, PoolViews views)
    {
        if (!told.TryGetValue(poll.AgentId, out var known)) told[poll.AgentId] = known = [];
        known.IntersectWith(poll.Leases);
        var cancel = new List<LeaseRef>();
        var lost = new List<LeaseRef>();
        foreach (var lease in poll.Leases.Where(l => !known.Contains(l) && !ended.Contains(l)))
        {
            var held = views.FindDevice(lease.DeviceId)?.Device.Lease;
            if (held?.Token != lease.Token) lost.Add(lease);
            else if (held.CancelRequested) cancel.Add(lease);
        }
        var again = poll.FreeDevices.Select(d => StillUnseen(d, poll, views)).OfType<Assignment>().ToList();
        if (cancel.Count + lost.Count + again.Count == 0) return null;
        known.UnionWith(cancel);
        known.UnionWith(lost);
        return new WorkResponse(again, cancel, lost);
    }

    /// <summary>The agent calls a device free that was leased to it: the answer that said so never arrived.</summary>
    private Assignment? StillUnseen(string deviceId, WorkPoll poll, PoolViews views)
    {
        if (!unseen.TryGetValue(deviceId, out var told)) return null;
        var (assignment, agentId) = told;
        if (views.FindDevice(deviceId)?.Device is not { Lease: { CancelRequested: false } held } device || held.Token != assignment.Lease.Token)
        {
            unseen.Remove(deviceId);
            return null;
        }
        // A device that is with another agent now may still be driven by the one that got the lease.
        return agentId == poll.AgentId && !poll.Leases.Contains(assignment.Lease) ? assignment : null;
    }
}
