using Qgjob.Core.Devices;
using Qgjob.Core.Groups;
using Qgjob.Core.Jobs;
using Qgjob.Core.Scheduling;

namespace Qgjob.Core.Simulation;

/// <summary>Who decides in a simulated lab.</summary>
internal interface ISimulatedPolicy
{
    /// <summary>Priorities and estimates count; otherwise jobs of a group go in the order of submission.</summary>
    bool OrdersJobs { get; }

    /// <summary>A job of the app version is about to wait.</summary>
    void Submitted((string OrgId, string Id) version);

    /// <summary>The device may be told something else than one with nothing on it.</summary>
    bool LooksAtResidents(PoolView pool, Device device);

    /// <summary>Decides for a free device; a claim that is decided will be made.</summary>
    Decision Decide(PoolView pool, Device device, DateTimeOffset now);
}

/// <summary>The rule that the server uses.</summary>
internal sealed class ProductionPolicy : ISimulatedPolicy
{
    public bool OrdersJobs => true;

    public void Submitted((string OrgId, string Id) version) { }

    public bool LooksAtResidents(PoolView pool, Device device) => pool.ResidentGroups(device).Count > 0;

    public Decision Decide(PoolView pool, Device device, DateTimeOffset now) => Dispatch.Decide(pool, device, now);
}

/// <summary>The job that was submitted first, whatever is installed.</summary>
internal sealed class FifoPolicy : ISimulatedPolicy
{
    private readonly Queue<string> groups = new();
    private readonly Dictionary<(string Org, string Version), string> groupIds = [];

    public bool OrdersJobs => false;

    public void Submitted((string OrgId, string Id) version)
    {
        if (!groupIds.TryGetValue(version, out var id)) groupIds[version] = id = new GroupKey(version.OrgId, version.Id, Target.Any, "", "").ToId();
        groups.Enqueue(id);
    }

    public bool LooksAtResidents(PoolView pool, Device device) => false;

    public Decision Decide(PoolView pool, Device device, DateTimeOffset now) => groups.TryDequeue(out var id)
        ? new Decision.Claim(id, NeedsInstall: !pool.IsResident(device, pool.FindGroup(id)!))
        : new Decision.Idle(IdleReason.NothingWaits);
}

/// <summary>The app version that the fewest devices serve; among equals the installed one, then the oldest.</summary>
internal sealed class StickyPolicy : ISimulatedPolicy
{
    public bool OrdersJobs => false;

    public void Submitted((string OrgId, string Id) version) { }

    public bool LooksAtResidents(PoolView pool, Device device) => false;

    public Decision Decide(PoolView pool, Device device, DateTimeOffset now)
    {
        var group = pool.Groups.Where(g => g.Queued > 0)
            .MinBy(g => (pool.Serving(g), pool.IsResident(device, g) ? 0 : 1, g.HeadSubmittedAt, g.Id));
        return group is null
            ? new Decision.Idle(IdleReason.NothingWaits)
            : new Decision.Claim(group.Id, NeedsInstall: !pool.IsResident(device, group));
    }
}
