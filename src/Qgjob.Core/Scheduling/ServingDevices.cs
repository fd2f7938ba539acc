using Qgjob.Core.Devices;

namespace Qgjob.Core.Scheduling;

/// <summary>
/// Devices at work by app version. Who serves a version is no help to a group of it that needs another device, or
/// whose jobs failed on just this one; else such a group would wait until all of the version's work elsewhere is done.
/// </summary>
internal sealed class ServingDevices
{
    private readonly Dictionary<(string Org, string Id), AtWork> versions = [];

    private sealed class AtWork
    {
        public readonly Dictionary<string, DeviceOffer> Devices = [];
        /// <summary>Counted once asked for, then kept right: devices that could not do such work.</summary>
        public readonly Dictionary<WorkKind, int> Unable = [];
    }

    /// <summary>Takes in a device's row; true when who serves what has changed.</summary>
    public bool Set(Device? before, Device device)
    {
        if (before is null ? device.Lease is null : VersionOf(before) == VersionOf(device) && ReferenceEquals(before.Offer, device.Offer)) return false;
        if (before is not null && VersionOf(before) is { } left && versions.TryGetValue(left, out var work) && work.Devices.Remove(device.Id))
        {
            if (work.Devices.Count == 0) versions.Remove(left);
            else Count(work, before.Offer, -1);
        }
        if (VersionOf(device) is not { } now) return true;
        if (!versions.TryGetValue(now, out work)) versions[now] = work = new AtWork();
        work.Devices[device.Id] = device.Offer;
        Count(work, device.Offer, +1);
        return true;
    }

    /// <summary>How many of those who serve the app version could not do such work.</summary>
    public int Unable((string Org, string Id) version, WorkKind kind)
    {
        if (!versions.TryGetValue(version, out var work)) return 0;
        if (!work.Unable.TryGetValue(kind, out var unable))
            work.Unable[kind] = unable = work.Devices.Values.Count(offer => !IsAble(kind, offer));
        return unable;
    }

    /// <summary>The app version that the device serves.</summary>
    public static (string Org, string Id)? VersionOf(Device device) => device.Lease is { } lease ? (lease.OrgId, lease.AppVersionId) : null;

    private static void Count(AtWork work, DeviceOffer offer, int change)
    {
        foreach (var kind in work.Unable.Keys)
            if (!IsAble(kind, offer)) work.Unable[kind] += change;
    }

    private static bool IsAble(WorkKind kind, DeviceOffer offer) =>
        Eligibility.Fits(kind, offer) && !kind.Bars(offer.Id);
}
