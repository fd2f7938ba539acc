using System.Collections.Concurrent;
using Qgjob.Core.Devices;
using Qgjob.Core.Groups;

namespace Qgjob.Core.Scheduling;

/// <summary>Which devices may do which work at all.</summary>
public static class Eligibility
{
    /// <summary>Selectors read once; groups name them by their canonical text. Few differ, so the cache stays small.</summary>
    private static readonly ConcurrentDictionary<string, DeviceSelector> Selectors = new();

    /// <summary>True when the device may take such work now: it fits, is not barred, and every resource has a unit left.</summary>
    /// <param name="pool">The pool.</param>
    /// <param name="device">The device.</param>
    /// <param name="orgId">The org whose work it is.</param>
    /// <param name="kind">The kind of work.</param>
    public static bool MayServe(PoolView pool, Device device, string orgId, WorkKind kind) =>
        Fits(kind, device.Offer) && !IsBarred(pool, kind, device) && pool.HasUnits(orgId, kind);

    /// <summary>True when the device is of the kind that is asked for and has a build for its platform, whether or not it is free or barred.</summary>
    public static bool Fits(WorkKind kind, DeviceOffer device)
    {
        if (kind.NotYet == device.Target) return false;
        if (device.Models is not { } models) return (kind.Platforms & WorkKind.Of(device.Platform)) != 0 && Matches(kind.Target, kind.Needs, device);
        return (kind.Target is Jobs.Target.Any || kind.Target == device.Target)
            && (kind.Needs.Length == 0 ? models : SelectorOf(kind.Needs).Choices(device)).Any(m => (kind.Platforms & WorkKind.Of(m.Platform)) != 0);
    }

    /// <summary>True when the device is of the kind that the group asks for, whatever builds there are.</summary>
    public static bool Matches(GroupKey key, DeviceOffer device) => Matches(key.Target, key.Needs, device);

    /// <summary>What the device lacks of what the group asks for; empty when it is of that kind.</summary>
    public static IReadOnlyList<UnmetTerm> Missing(GroupKey key, DeviceOffer device) => Missing(key.Target, key.Needs, device);

    /// <summary>What the device lacks of what is asked for; empty when it is of that kind.</summary>
    public static IReadOnlyList<UnmetTerm> Missing(Jobs.Target target, string needs, DeviceOffer device)
    {
        List<UnmetTerm> missing = target is Jobs.Target.Any || target == device.Target ? [] : [new UnmetTerm($"target={Words.Of(target)}", Words.Of(device.Target))];
        if (needs.Length > 0) missing.AddRange(SelectorOf(needs).Unmet(device));
        return missing;
    }

    /// <summary>
    /// True when the jobs already failed on the device for infrastructure reasons. The bar lapses when no other
    /// device of the pool that is in service fits, so that a lab with one phone is not stuck.
    /// </summary>
    public static bool IsBarred(PoolView pool, WorkKind kind, Device device) =>
        kind.Bars(device.Id) && pool.BarHolds(kind);

    private static bool Matches(Jobs.Target target, string needs, DeviceOffer device) =>
        (target is Jobs.Target.Any || target == device.Target)
        && (needs.Length == 0 || SelectorOf(needs).Matches(device));

    private static DeviceSelector SelectorOf(string needs)
    {
        if (Selectors.Count > 10_000) Selectors.Clear();
        return Selectors.GetOrAdd(needs, DeviceSelector.OfStored);
    }
}
