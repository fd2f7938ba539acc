using Qgjob.Core.Devices;
using Qgjob.Core.Jobs;

namespace Qgjob.Core.Scheduling;

/// <summary>Devices that nearly are what is asked for; those that are alike and lack the same count as one.</summary>
/// <param name="DeviceIds">Their ids, in order.</param>
/// <param name="Like">One of them.</param>
/// <param name="Lacks">The conditions that they do not meet.</param>
public sealed record NearMiss(IReadOnlyList<string> DeviceIds, DeviceOffer Like, IReadOnlyList<UnmetTerm> Lacks)
{
    private const int Named = 2;

    /// <summary><c>d1 and 2 more (Pixel 7, android 13) lack os&gt;=15</c>.</summary>
    public override string ToString() =>
        $"{FittingDevices.List(DeviceIds, Named)} ({What}) {(DeviceIds.Count == 1 ? "lacks" : "lack")} {string.Join(" and ", Lacks)}";

    private string What => Like.Models is { } models
        ? $"a slot that can become {models.Count} {(models.Count == 1 ? "model" : "models")}"
        : $"{(Like.Model.Length > 0 ? Like.Model : "unknown model")}, {Words.Of(Like.Platform)} {Like.OsVersion}";
}

/// <summary>Which devices come nearest to what is asked for. Pure.</summary>
public static class NearestDevices
{
    /// <summary>The nearest first: those that lack the fewest conditions.</summary>
    /// <param name="devices">All that were ever seen.</param>
    /// <param name="target">Kind of device wanted.</param>
    /// <param name="needs">Conditions on the device in canonical form.</param>
    /// <param name="most">How many kinds of them.</param>
    public static IReadOnlyList<NearMiss> Of(IEnumerable<Device> devices, Target target, string needs, int most) =>
    [
        .. devices.Select(d => (d.Offer, Lacks: Eligibility.Missing(target, needs, d.Offer)))
            .GroupBy(d => (d.Offer.Model, d.Offer.OsVersion, d.Offer.Platform, d.Offer.Target, Lacks: string.Join(',', d.Lacks)))
            .Select(g => new NearMiss([.. g.Select(d => d.Offer.Id).Order(StringComparer.Ordinal)], g.First().Offer, g.First().Lacks))
            .OrderBy(m => m.Lacks.Count).ThenByDescending(m => m.DeviceIds.Count).ThenBy(m => m.DeviceIds[0], StringComparer.Ordinal)
            .Take(most),
    ];
}
