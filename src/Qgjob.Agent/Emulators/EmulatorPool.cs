using System.Globalization;
using Qgjob.Agent.Devices;
using Qgjob.Agent.Phones;
using Qgjob.Core.Devices;
using Qgjob.Core.Jobs;

namespace Qgjob.Agent.Emulators;

/// <summary>
/// The emulators that the agent starts when there is work, and stops when there is none. Each is a device that is offered all
/// the time: while it does not run, with what its start is expected to take; while it runs, as adb shows it.
/// </summary>
/// <param name="isBusy">The device has a lease.</param>
internal sealed class EmulatorPool(EmulatorTools tools, AgentOptions options, Func<string, bool> isBusy) : IAsyncDisposable
{
    private const int Misses = 3;
    private readonly IReadOnlyList<EmulatorSlot> slots =
        [.. Enumerable.Range(1, options.Emulators).Select(n => new EmulatorSlot(string.Create(CultureInfo.InvariantCulture, $"{options.Name}/{tools.Avd.Name}-{n}"), tools))];

    /// <summary>How often those that run are asked whether they are well.</summary>
    public TimeSpan LookEvery { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Called when what is offered has changed.</summary>
    public Action Changed { get; set; } = () => { };

    /// <summary>Those that do not run; those that do are among the phones.</summary>
    public IReadOnlyList<DeviceOffer> Cold =>
    [
        .. slots.Where(s => tools.Phones.Find(s.Id) is null).Select(s =>
            new DeviceOffer(s.Id, Target.Emulator, Platform.Android, tools.Avd.Release, tools.Avd.Model ?? tools.Avd.Name, options.Tags, [])
            {
                ApiLevel = tools.Avd.ApiLevel,
                StartSeconds = Math.Round(s.ExpectedStart.TotalSeconds, 1),
            }),
    ];

    /// <summary>How adb's phone is called; null when it is none of these.</summary>
    public PhoneNaming? Name(AdbListing listing) =>
        slots.FirstOrDefault(s => s.IsRunning && s.Serial == listing.Serial) is { } slot ? new PhoneNaming(slot.Id, tools.Avd.Model, Virtual: false) : null;

    /// <summary>Returns when the device is up, if it is one of these.</summary>
    /// <exception cref="Workspaces.AttemptInfraException">It does not come up.</exception>
    public Task EnsureAsync(string deviceId, Action<string> say, CancellationToken cancel) =>
        slots.FirstOrDefault(s => s.Id == deviceId)?.EnsureAsync(say, cancel) ?? Task.CompletedTask;

    /// <summary>Ends those that idle and those that hang, until cancelled. One that hung in an attempt ends that, too: the next starts it anew.</summary>
    public async Task WatchAsync(CancellationToken cancel)
    {
        var used = slots.ToDictionary(s => s.Id, _ => tools.Time.GetTimestamp());
        while (true)
        {
            await Task.Delay(LookEvery, tools.Time, cancel).ConfigureAwait(false);
            await Task.WhenAll(slots.Select(async slot =>
            {
                if (isBusy(slot.Id) || !slot.IsRunning) used[slot.Id] = tools.Time.GetTimestamp();
                if (!await slot.IsWellAsync(Misses, cancel).ConfigureAwait(false))
                {
                    tools.Console.Warn($"{slot.Id} does not answer any more; it is ended, and started anew when there is work.");
                    await slot.StopAsync(static () => false).ConfigureAwait(false);
                }
                else if (slot.IsRunning && tools.Time.GetElapsedTime(used[slot.Id]) >= options.EmulatorIdle)
                {
                    await slot.StopAsync(() => isBusy(slot.Id)).ConfigureAwait(false);
                    if (!slot.IsRunning) tools.Console.Say($"{slot.Id} had no work for {options.EmulatorIdle.TotalMinutes:0.#} min: it is stopped until there is some.");
                }
                else return;

                Changed();
            })).ConfigureAwait(false);
        }
    }

    public async ValueTask DisposeAsync() => await Task.WhenAll(slots.Select(s => s.DisposeAsync().AsTask())).ConfigureAwait(false);
}
