using Qgjob.Core.Devices;
using Qgjob.Core.Groups;
using Qgjob.Core.Jobs;

namespace Qgjob.Core.Scheduling;

/// <summary>A device, or a model that a slot can become, to which a job is bound.</summary>
/// <param name="Name">For people: the device's id, or the model with its version.</param>
/// <param name="Target">Its kind.</param>
/// <param name="Platform">Its operating system.</param>
/// <param name="Device">The selector that nothing else meets.</param>
public sealed record BoundDevice(string Name, Target Target, Platform Platform, string Device);

/// <summary>All devices that could run a test now: each runs it once. Pure.</summary>
/// <param name="Devices">In the order of their names.</param>
/// <param name="LeftOut">Those that fit and take no work now, each with the reason.</param>
public sealed record DeviceMatrix(IReadOnlyList<BoundDevice> Devices, IReadOnlyList<string> LeftOut)
{
    /// <summary>The matrix of a submission.</summary>
    /// <param name="pool">The pool.</param>
    /// <param name="specs">What is asked for, once for each platform.</param>
    /// <param name="now">UTC, from the caller.</param>
    public static DeviceMatrix Of(PoolView pool, IReadOnlyList<JobSpec> specs, DateTimeOffset now)
    {
        var kinds = specs.Select(s => GroupKey.Of(s, [])).Select(k => WorkKind.Of(k, pool.FindAppVersion(k.OrgId, k.AppVersionId))).ToList();
        var devices = new List<BoundDevice>();
        var leftOut = new List<string>();
        foreach (var device in pool.Devices.OrderBy(d => d.Id, StringComparer.Ordinal))
        {
            if (!kinds.Any(k => Eligibility.Fits(k, device.Offer))) continue;
            if (DeviceStates.Of(pool, device, now) is var state and (DeviceState.Offline or DeviceState.Paused or DeviceState.Draining)) leftOut.Add($"{device.Id} ({Words.Of(state)})");
            else devices.AddRange(Bound(device.Offer, kinds));
        }
        // Slots of one account become the same models.
        return new DeviceMatrix([.. devices.Distinct().OrderBy(d => d.Name, StringComparer.Ordinal)], leftOut);
    }

    private static IEnumerable<BoundDevice> Bound(DeviceOffer offer, IReadOnlyList<WorkKind> kinds) => offer.Models is not { } models
        ? [new BoundDevice(offer.Id, offer.Target, offer.Platform, DeviceSelector.IdIs(offer.Id))]
        : models.Where(m => kinds.Any(k => Eligibility.Fits(k, offer with { Models = [m] })))
            .Select(m => new BoundDevice(m.ToString(), offer.Target, m.Platform, DeviceSelector.ModelIs(m)));
}
