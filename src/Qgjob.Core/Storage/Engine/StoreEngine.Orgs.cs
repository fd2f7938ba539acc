using Qgjob.Core.Devices;
using Qgjob.Core.Groups;
using Qgjob.Core.Orgs;
using Qgjob.Core.Scheduling;

namespace Qgjob.Core.Storage.Engine;

/// <summary>Orgs' shares and named resources.</summary>
public sealed partial class StoreEngine
{
    private SetOrgAnswer Apply(SetOrg command)
    {
        var org = OrgOf(command.Pool, command.OrgId);
        org = org with
        {
            // What running attempts were charged is corrected at their end by the new weight, so it must count by it now.
            VirtualTime = command.Weight == org.Weight || org.Active == 0
                ? org.VirtualTime
                : org.VirtualTime + (OutstandingSeconds(org) * ((1 / command.Weight) - (1 / org.Weight))),
            Weight = command.Weight,
            MaxDevices = command.MaxDevices,
            MaxPriority = command.MaxPriority,
            KeepDays = command.KeepDays,
            MaxDiskGb = command.MaxDiskGb,
            MaxCloudMinutes = command.MaxCloudMinutes,
            Revision = rows.NextRevision(),
        };
        rows.Save(org);
        return new SetOrgAnswer(org);
    }

    private double OutstandingSeconds(OrgShare org) =>
        rows.DevicesOfPool(org.Pool).Sum(d => d.Lease is { } lease && lease.OrgId == org.OrgId ? lease.ChargedSeconds : 0);

    private OrgShare OrgOf(string pool, string orgId) => rows.FindOrg(pool, orgId) ?? new OrgShare { Pool = pool, OrgId = orgId };

    /// <summary>Counts an org's jobs and charges its device seconds.</summary>
    private void CountOrg(string pool, string orgId, int queued, int active, double deviceSeconds = 0)
    {
        var org = OrgOf(pool, orgId);
        // Who was away has no claim to the time that the others used meanwhile.
        var used = queued > 0 && !org.IsPresent
            ? Fairness.Rejoin(org.VirtualTime, rows.OrgsOf(pool).Where(o => o.IsPresent))
            : org.VirtualTime;
        rows.Save(org with
        {
            Queued = org.Queued + queued,
            Active = org.Active + active,
            VirtualTime = used + (deviceSeconds / org.Weight),
            Revision = rows.NextRevision(),
        });
    }

    private SetResourceAnswer Apply(SetResource command)
    {
        var defined = command.Units.Distinct().ToList();
        var held = rows.FindResource(command.OrgId, command.Name)?.Units.Where(u => u.Holder is not null).ToDictionary(u => u.Value) ?? [];
        var resource = new Resource
        {
            OrgId = command.OrgId,
            Name = command.Name,
            Units =
            [
                .. defined.Select(v => new ResourceUnit(v, held.GetValueOrDefault(v)?.Holder)),
                // Defined again before its holder let go, it would be given to a second one.
                .. held.Values.Where(u => !defined.Contains(u.Value)).Select(u => u with { Leaving = true }),
            ],
            Revision = rows.NextRevision(),
        };
        rows.Save(resource);
        return new SetResourceAnswer(defined.Count == 0 ? null : resource);
    }

    /// <summary>A free unit of each resource that the group's jobs need; null when one has none.</summary>
    private List<HeldUnit>? FreeUnits(GroupKey key)
    {
        var units = new List<HeldUnit>();
        foreach (var name in key.ResourceNames())
        {
            if (rows.FindResource(key.OrgId, name)?.Units.FirstOrDefault(u => u.Holder is null) is not { } free) return null;
            units.Add(new HeldUnit(name, free.Value));
        }
        return units;
    }

    private void Hold(string orgId, IEnumerable<HeldUnit> units, LeaseRef holder)
    {
        foreach (var unit in units) Change(orgId, unit.Resource, u => u.Value == unit.Value ? u with { Holder = holder } : u);
    }

    /// <summary>Frees what the lease holds; a unit that was removed meanwhile goes.</summary>
    private void Free(Lease lease, LeaseRef holder)
    {
        foreach (var unit in lease.Units)
            Change(lease.OrgId, unit.Resource, u => u.Holder != holder ? u : u.Leaving ? null : u with { Holder = null });
    }

    private void Change(string orgId, string name, Func<ResourceUnit, ResourceUnit?> change)
    {
        if (rows.FindResource(orgId, name) is not { } resource) return;
        rows.Save(resource with
        {
            Units = [.. resource.Units.Select(change).OfType<ResourceUnit>()],
            Revision = rows.NextRevision(),
        });
    }

    private SetEstimateAnswer Apply(SetEstimate command)
    {
        rows.SaveEstimate(command.Key, command.Seconds, default);
        return new SetEstimateAnswer();
    }
}
