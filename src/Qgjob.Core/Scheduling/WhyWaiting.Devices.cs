using System.Globalization;
using Qgjob.Core.Devices;
using Qgjob.Core.Groups;

namespace Qgjob.Core.Scheduling;

/// <summary>The devices that one kind of work could run on, and what they are up to.</summary>
internal sealed class FittingDevices
{
    private const int Named = 2;
    private readonly PoolView pool;
    private readonly List<Device> seen;
    private readonly List<Device> fitting;
    private readonly Dictionary<DeviceState, int> states;
    private readonly DateTimeOffset? restUntil;
    private readonly int failedOn;
    private readonly bool failedOnAll;

    private FittingDevices(PoolView pool, GroupKey key, WorkKind kind, bool cloud, DateTimeOffset now)
    {
        this.pool = pool;
        seen = [.. pool.Devices.Where(d => Eligibility.Matches(key, d.Offer))];
        var all = seen.Where(d => Eligibility.Fits(kind, d.Offer) && (cloud || d.Offer.Target is not Jobs.Target.Browserstack)).ToList();
        fitting = [.. all.Where(d => !Eligibility.IsBarred(pool, kind, d))];
        failedOn = all.Count - fitting.Count;
        failedOnAll = all.Count > 0 && all.All(d => kind.Bars(d.Id));
        states = fitting.CountBy(d => StateOf(d, now)).ToDictionary();
        restUntil = fitting.Where(d => StateOf(d, now) is DeviceState.Resting).Min(d => d.Health.CoolingUntil);
        InService = [.. fitting.Where(d => StateOf(d, now) is DeviceState.Busy or DeviceState.Free)];
        Free = [.. InService.Where(d => d.Lease is null).OrderBy(d => d.Id, StringComparer.Ordinal)];
    }

    /// <summary>Those that take work, now or when they are done.</summary>
    public IReadOnlyList<Device> InService { get; }

    /// <summary>Those that could take a job now.</summary>
    public IReadOnlyList<Device> Free { get; }

    public static FittingDevices Of(PoolView pool, GroupKey key, WorkKind kind, bool cloud, DateTimeOffset now) => new(pool, key, kind, cloud, now);

    /// <summary>Why none of the devices will take the work as things are, or null.</summary>
    public WaitReason? OutOfReach(Group group)
    {
        if (seen.Count == 0) return new WaitReason(WaitKind.NoDevice, $"no device of this kind was seen yet ({Wish(group.Key)}): {Nearest(group.Key)}");
        if (fitting.Count + failedOn == 0)
            return new WaitReason(WaitKind.NoBuild,
                $"no build of {group.Key.AppVersionId} for {string.Join(" or ", seen.Select(d => Words.Of(d.Offer.Platform)).Distinct().Order(StringComparer.Ordinal))} was uploaded");
        if (InService.Count == 0) return OutOfService();
        if (failedOnAll && Free.Count == 0)
            return new WaitReason(WaitKind.FailedEverywhere,
                $"the job failed on {(fitting.Count == 1 ? "the only device that fits" : $"all {fitting.Count} devices that fit")}; the first of them in service that is free tries it again");
        return null;
    }

    /// <summary>All that fit work, or go for other work first.</summary>
    public WaitReason Busy()
    {
        var text = Free.Count > 0
            ? $"{(Free.Count == 1 ? "the device that fits and is free goes" : $"the {Free.Count} devices that fit and are free go")} for work that comes before"
            : states.Count == 1 ? $"{Count} busy"
            : $"no device that fits is free: {States()}";
        return new WaitReason(WaitKind.Busy, text + (failedOn == 0 ? "" : $"; on {failedOn} {(failedOn == 1 ? "other" : "others")} it failed"));
    }

    /// <summary>The first few, and how many more.</summary>
    public static string List(IEnumerable<string> names, int most)
    {
        var all = names.ToList();
        return all.Count <= most ? string.Join(", ", all) : $"{string.Join(", ", all.Take(most))} and {all.Count - most} more";
    }

    private string Count => fitting.Count == 1 ? "the only device that fits is" : $"all {fitting.Count} devices that fit are";

    /// <summary>A busy device whose agent drains gets no more.</summary>
    private DeviceState StateOf(Device device, DateTimeOffset now) => DeviceStates.Of(pool, device, now) is var state && state is DeviceState.Busy && pool.IsDraining(device.AgentId)
        ? DeviceState.Draining
        : state;

    private WaitReason OutOfService()
    {
        var rest = restUntil is { } until ? $", {(states[DeviceState.Resting] == 1 ? "" : "the first ")}until {until.UtcDateTime.ToString("HH:mm:ss", CultureInfo.InvariantCulture)} UTC" : "";
        if (states.Count > 1) return new WaitReason(WaitKind.OutOfService, $"no device that fits is in service: {States()}{rest}");
        return states.Keys.First() switch
        {
            DeviceState.Paused => new WaitReason(WaitKind.Paused, $"{Count} paused"),
            DeviceState.Offline => new WaitReason(WaitKind.Offline, $"{Count} offline"),
            DeviceState.Draining => new WaitReason(WaitKind.Draining, $"{Count} draining: {(fitting.Count == 1 ? "its agent gets" : "their agents get")} no new work"),
            _ => new WaitReason(WaitKind.Resting, $"{Count} resting after failures in a row{rest}"),
        };
    }

    private string States() => string.Join(", ", states.OrderBy(s => s.Key).Select(s => $"{s.Value} {Words.Of(s.Key)}"));

    private static string Wish(GroupKey key) => $"target {Words.Of(key.Target)}{(key.Needs.Length > 0 ? $", {key.Needs}" : "")}";

    private string Nearest(GroupKey key)
    {
        if (pool.Devices.Count == 0) return "no agent offers a device";
        var missing = pool.Devices.Select(d => (d.Id, Missing: Eligibility.Missing(key, d.Offer))).ToList();
        var least = missing.Min(m => m.Missing.Count);
        var nearest = missing.Where(m => m.Missing.Count == least)
            .GroupBy(m => string.Join(", ", m.Missing.Select(u => u.Term))).OrderByDescending(g => g.Count()).ThenBy(g => g.Key, StringComparer.Ordinal).First();
        return $"{List(nearest.Select(m => m.Id).Order(StringComparer.Ordinal), Named)} {(nearest.Count() == 1 ? "lacks" : "lack")} {nearest.Key}";
    }
}
