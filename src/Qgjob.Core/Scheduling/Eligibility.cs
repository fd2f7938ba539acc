using System.Collections.Concurrent;
using Qgjob.Core.Devices;
using Qgjob.Core.Groups;
using Qgjob.Core.Jobs;

namespace Qgjob.Core.Scheduling;

/// <summary>Which devices a group may use at all.</summary>
public static class Eligibility
{
    /// <summary>Selectors read once; groups name them by their canonical text. Few differ, so the cache stays small.</summary>
    private static readonly ConcurrentDictionary<string, DeviceSelector> Selectors = new();

    /// <summary>True when the device is of the kind that the group asks for, whether or not it is free or barred.</summary>
    public static bool Fits(Group group, DeviceOffer device) =>
        (group.Key.Target is Target.Any || group.Key.Target == device.Target)
        && (group.Key.Needs.Length == 0 || SelectorOf(group.Key.Needs).Matches(device));

    /// <summary>True when the app version has a build for the device's platform, or none at all: then the project brings its own.</summary>
    public static bool HasBuild(AppVersion? version, DeviceOffer device) =>
        version is null || version.Builds.Count == 0 || version.Builds.Any(b => b.Platform == device.Platform);

    /// <summary>
    /// True when the group's jobs already failed on the device for infrastructure reasons. The bar lapses when no other
    /// device of the pool that is online fits, so that a lab with one phone is not stuck.
    /// </summary>
    public static bool IsBarred(PoolView pool, Group group, Device device)
    {
        if (group.Key.Barred.Length == 0) return false;
        var barred = group.Key.Barred.Split('\n');
        return barred.Contains(device.Id)
            && pool.Devices.Any(d => d.Online && !d.Paused && !pool.IsDraining(d.AgentId) && !barred.Contains(d.Id)
                && Fits(group, d.Offer) && HasBuild(pool.VersionOf(group), d.Offer));
    }

    private static DeviceSelector SelectorOf(string needs)
    {
        if (Selectors.Count > 10_000) Selectors.Clear();
        return Selectors.GetOrAdd(needs, static text => DeviceSelector.TryParse(text, out var selector, out var error)
            ? selector
            : throw new InvalidOperationException($"A group's needs must be valid, but '{text}' is not: {error}"));
    }
}
