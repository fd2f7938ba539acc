using System.Globalization;
using Qgjob.Agent.Processes;

namespace Qgjob.Agent.Devices;

/// <summary>
/// An adb server. A shared one (others on this host may use it too) is started when none listens, and never restarted
/// or ended by us. A private one is ours: it ends with the agent and sees neither USB nor emulators, so that it takes
/// no phone away from the shared one.
/// </summary>
internal sealed class AdbServer : IAsyncDisposable
{
    public const int DefaultPort = 5037;

    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(50);
    private readonly OwnedProcess? own;

    private AdbServer(AdbClient client, OwnedProcess? own) => (Client, this.own) = (client, own);

    public AdbClient Client { get; }

    public static async Task<AdbServer> ShareAsync(string adb, int port, TimeProvider time, CancellationToken cancel)
    {
        var client = new AdbClient(port, time);
        if (await client.VersionAsync(cancel).ConfigureAwait(false) is null)
        {
            await DetachedRun.RunAsync(adb, ["-P", Text(port), "start-server"], StartLimit, time, cancel).ConfigureAwait(false);
            await WaitAsync(client, time, null, cancel).ConfigureAwait(false);
        }

        return new AdbServer(client, null);
    }

    public static async Task<AdbServer> StartPrivateAsync(string adb, int port, TimeProvider time, CancellationToken cancel)
    {
        var client = new AdbClient(port, time);
        if (await client.VersionAsync(cancel).ConfigureAwait(false) is not null)
        {
            throw new AdbException($"Port {port} already has an adb server; a private one needs a free port.");
        }

        var quiet = new Dictionary<string, string?>
        {
            ["ADB_USB"] = "0",
            ["ADB_EMU"] = "0",
            ["ADB_MDNS"] = "0",
            ["ADB_MDNS_AUTO_CONNECT"] = "0",
        };
        var spec = new ProcessSpec(adb, ["-P", Text(port), "nodaemon", "server"], Path.GetTempPath(), quiet, ProcessMark.Once("adb"));
        var own = OwnedProcess.Start(spec, _ => { }, time);
        try
        {
            await WaitAsync(client, time, own, cancel).ConfigureAwait(false);
            return new AdbServer(client, own);
        }
        catch
        {
            await own.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (own is not null) await own.DisposeAsync().ConfigureAwait(false);
    }

    private static async Task WaitAsync(AdbClient client, TimeProvider time, OwnedProcess? own, CancellationToken cancel)
    {
        var start = time.GetTimestamp();
        while (await client.VersionAsync(cancel).ConfigureAwait(false) is null)
        {
            if (own is { Exited.IsCompleted: true }) throw new AdbException($"The adb server for port {client.Port} ended at once.");
            if (time.GetElapsedTime(start) > StartLimit) throw new AdbException($"The adb server did not answer on port {client.Port}.");
            await Task.Delay(Poll, time, cancel).ConfigureAwait(false);
        }
    }

    private static string Text(int port) => port.ToString(CultureInfo.InvariantCulture);
}
