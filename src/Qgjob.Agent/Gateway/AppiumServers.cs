using System.Collections.Concurrent;
using Qgjob.Agent.Android;
using Qgjob.Agent.Devices;
using Qgjob.Agent.Toolchain;

namespace Qgjob.Agent.Gateway;

/// <summary>The Appium servers of this agent: started on demand, replaced when dead, ended when the phone leaves or the agent ends.</summary>
internal sealed class AppiumServers(AppiumToolchain toolchain, AndroidSdk sdk, string logFolder, TimeProvider time) : IAsyncDisposable
{
    private readonly ConcurrentDictionary<AdbDevice, Slot> slots = new();

    /// <summary>The phone's server, alive.</summary>
    public Task<AppiumServer> GetAsync(AdbDevice device, CancellationToken cancel) => EnsureAsync(device, null, cancel);

    /// <summary>A new server in place of one that misbehaves.</summary>
    public Task<AppiumServer> ReplaceAsync(AppiumServer bad, CancellationToken cancel) => EnsureAsync(bad.Device, bad, cancel);

    /// <summary>Ends the server of a phone that left, and frees its ports.</summary>
    /// <param name="isBack">The phone is there again: asked last, since the server may be in use then.</param>
    public async Task StopAsync(AdbDevice device, Func<bool> isBack, CancellationToken cancel)
    {
        if (!slots.TryGetValue(device, out var slot)) return;
        await slot.Gate.WaitAsync(cancel).ConfigureAwait(false);
        try
        {
            if (slot.Server is not { } server || isBack()) return;
            slot.Server = null;
            await server.DisposeAsync().ConfigureAwait(false);
        }
        finally
        {
            slot.Gate.Release();
        }
    }

    public async ValueTask DisposeAsync() =>
        await Task.WhenAll(slots.Keys.Select(d => StopAsync(d, isBack: () => false, CancellationToken.None))).ConfigureAwait(false);

    private async Task<AppiumServer> EnsureAsync(AdbDevice device, AppiumServer? bad, CancellationToken cancel)
    {
        var slot = slots.GetOrAdd(device, _ => new Slot());
        await slot.Gate.WaitAsync(cancel).ConfigureAwait(false);
        try
        {
            if (slot.Server is { IsAlive: true } server && server != bad) return server;
            if (slot.Server is { } old) await old.DisposeAsync().ConfigureAwait(false);
            slot.Server = null;
            var name = string.Concat(device.Serial.Select(c => char.IsAsciiLetterOrDigit(c) ? c : '-'));
            var log = Path.Combine(logFolder, $"appium-{name}.log");
            return slot.Server = await AppiumServer.StartAsync(toolchain, sdk, device, log, time, cancel).ConfigureAwait(false);
        }
        finally
        {
            slot.Gate.Release();
        }
    }

    private sealed class Slot
    {
        public SemaphoreSlim Gate { get; } = new(1, 1);

        public AppiumServer? Server { get; set; }
    }
}
