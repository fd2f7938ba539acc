using Qgjob.Core.Devices;
using Qgjob.Core.Groups;

namespace Qgjob.Core.Scheduling;

/// <summary>The devices that take part in a forecast, and which of them are alike.</summary>
internal sealed class ForecastDevices
{
    private static readonly string[] IdConditions = ["id=", "id!=", "name=", "name!="];
    private readonly PoolView view;
    private readonly Dictionary<string, string> likeness = [];
    private readonly HashSet<WorkKind> kinds;
    private readonly Dictionary<WorkKind, bool> takers = [];

    public ForecastDevices(PoolView view)
    {
        this.view = view;
        var waiting = view.Groups.Where(g => g.Queued > 0).ToList();
        var idsMatter = waiting.Any(g => IdConditions.Any(c => g.Key.Needs.Contains(c, StringComparison.Ordinal)));
        var named = waiting.SelectMany(g => g.Key.BarredDevices()).ToHashSet(StringComparer.Ordinal);
        kinds = [.. waiting.Select(g => WorkKind.Of(g, view.VersionOf(g)) with { Barred = "", Resources = "" })];
        foreach (var device in view.Devices)
            if (device is { Online: true, Paused: false } && !view.IsDraining(device.AgentId) && kinds.Any(k => Eligibility.Fits(k, device.Offer)))
                likeness[device.Id] = idsMatter || named.Contains(device.Id) ? device.Id : LikenessOf(device.Offer);
    }

    /// <summary>Devices that take work in the forecast.</summary>
    public int Count => likeness.Count;

    /// <summary>It is in service, and something waits that it fits.</summary>
    public bool IsOfUse(Device device) => likeness.ContainsKey(device.Id);

    /// <summary>Free devices with equal answers get equal decisions.</summary>
    public string LikenessOf(Device device) => view.ResidentGroups(device).Count > 0 ? device.Id : likeness[device.Id];

    /// <summary>Some device that takes work could serve the group.</summary>
    public bool AnyFor(Group group)
    {
        var kind = WorkKind.Of(group, view.VersionOf(group));
        if (takers.TryGetValue(kind, out var any)) return any;
        return takers[kind] = view.Devices.Any(d => IsOfUse(d) && Eligibility.Fits(kind, d.Offer) && !Eligibility.IsBarred(view, kind, d));
    }

    /// <summary>What is on the device after an install.</summary>
    public static DeviceOffer With(DeviceOffer offer, Group group, AppVersion? version)
    {
        var build = version?.Builds.FirstOrDefault(b => b.Platform == offer.Platform);
        // A build that the project brings has no name here; most likely it replaces what the org has there already.
        var package = build?.PackageId ?? offer.Residents.FirstOrDefault(r => r.OrgId == group.Key.OrgId)?.PackageId ?? "";
        var resident = new ResidentBuild(package, build?.Sha256 ?? "", group.Key.OrgId, group.Key.AppVersionId);
        return offer with { Residents = [.. offer.Residents.Where(r => r.PackageId != package), resident] };
    }

    private static string LikenessOf(DeviceOffer offer) =>
        $"{offer.Target}\n{offer.Platform}\n{offer.OsVersion}\n{offer.Model}\n{offer.Manufacturer}\n{offer.ApiLevel}\n{offer.StartSeconds}\n{offer.Agent}\n{string.Join('\n', offer.Tags)}\n\n{string.Join('\n', offer.Models ?? [])}";
}
