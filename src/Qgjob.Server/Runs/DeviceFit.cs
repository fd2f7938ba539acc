using System.Collections.Concurrent;
using Qgjob.Client.Wire;
using Qgjob.Core;
using Qgjob.Core.Groups;
using Qgjob.Core.Jobs;
using Qgjob.Core.Runs;
using Qgjob.Core.Scheduling;
using Qgjob.Core.Storage;
using Qgjob.Server.Dispatch;
using Qgjob.Server.Http;

namespace Qgjob.Server.Runs;

/// <summary>Whether any device seen so far could ever run what is submitted.</summary>
internal sealed class DeviceFit(Dispatcher dispatcher, TimeProvider time)
{
    /// <summary>Devices are rarely forgotten, and only then does a yes become a no.</summary>
    private static readonly TimeSpan YesLasts = TimeSpan.FromMinutes(1);
    /// <summary>A device may come any moment; but whoever submits a thousand runs is not told by a thousand looks at all devices.</summary>
    private static readonly TimeSpan NoLasts = TimeSpan.FromSeconds(1);
    private const int MostKept = 1000;
    private const int Shown = 3;

    private readonly ConcurrentDictionary<(Target Target, string Needs), (UnmatchedWish? Miss, DateTimeOffset Until)> known = new();

    /// <summary>Null when a device fits; else what was asked for and what comes nearest.</summary>
    /// <param name="spec">The jobs' specification.</param>
    /// <param name="cancel">Ends it.</param>
    /// <exception cref="StoreUnavailableException">Nobody can tell now.</exception>
    public async Task<UnmatchedWish?> MissAsync(JobSpec spec, CancellationToken cancel)
    {
        var key = GroupKey.Of(spec, []);
        var wish = (key.Target, key.Needs);
        var now = time.GetUtcNow();
        if (known.TryGetValue(wish, out var answer) && now < answer.Until) return answer.Miss;
        // Only the list is taken in the dispatcher's loop: comparing takes longer.
        var devices = await dispatcher.LookAsync(pools => pools.Find(Run.DefaultPool)?.Devices.ToList() ?? [], cancel);
        var near = NearestDevices.Of(devices, key.Target, key.Needs, Shown);
        answer = near is [{ Lacks.Count: 0 }, ..]
            ? (null, now + YesLasts)
            : (new UnmatchedWish(key.Target, key.Needs.Length > 0 ? key.Needs : null, [.. near.Select(View)]), now + NoLasts);
        if (known.Count >= MostKept) known.Clear();
        known[wish] = answer;
        return answer.Miss;
    }

    /// <summary>A job for each device that fits and takes work now.</summary>
    /// <param name="specs">What is asked for, once for each platform.</param>
    /// <param name="cancel">Ends it.</param>
    /// <exception cref="RefusedException">There is no such device.</exception>
    public async Task<(IReadOnlyList<JobSpec> Bound, DeviceMatrix Matrix)> BindAsync(IReadOnlyList<JobSpec> specs, CancellationToken cancel)
    {
        var now = time.GetUtcNow();
        var matrix = await dispatcher.LookAsync(pools => pools.Find(Run.DefaultPool) is { } pool ? DeviceMatrix.Of(pool, specs, now) : new DeviceMatrix([], []), cancel);
        if (matrix.Devices.Count > 0)
            return ([.. matrix.Devices.Select(d => specs[0] with { Target = d.Target, Platform = d.Platform, Device = d.Device, OnDevice = d.Name })], matrix);
        var why = matrix.LeftOut.Count > 0
            ? $"no device that fits takes work now: {string.Join(", ", matrix.LeftOut)}"
            : await MissAsync(specs[0], cancel) is { } miss ? Text(miss) : "no device that fits has a build for its platform";
        throw RefusedException.NoDevice($"Nothing was submitted: {why}.");
    }

    /// <summary>For people.</summary>
    public static string Text(UnmatchedWish wish)
    {
        if (wish.Nearest.Count == 0) return "no agent ever offered a device";
        var asked = string.Join(", ", new[] { wish.Target is Target.Any ? null : $"target {Words.Of(wish.Target)}", wish.Device }.OfType<string>());
        return $"no device seen so far can run {asked}: {string.Join("; ", wish.Nearest.Select(n => n.Text))}";
    }

    private static NearestView View(NearMiss miss) => new(
        [.. miss.DeviceIds.Take(Shown)], miss.DeviceIds.Count, miss.Like.Model, miss.Like.Platform, miss.Like.OsVersion,
        [.. miss.Lacks.Select(l => new LackView(l.Term, l.Has))], miss.ToString());
}
