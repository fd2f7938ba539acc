using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using System.Text;

namespace Qgjob.Agent.Devices;

/// <summary>Talks to an adb server on this host, without a process per call.</summary>
internal sealed class AdbClient(int port, TimeProvider time)
{
    /// <summary>Long enough for `dumpsys` on a busy phone.</summary>
    public static readonly TimeSpan ShellLimit = TimeSpan.FromSeconds(30);

    private static readonly TimeSpan HostLimit = TimeSpan.FromSeconds(10);
    private readonly ConcurrentDictionary<string, bool> shellV2 = new();

    public int Port => port;

    public async Task<int?> VersionAsync(CancellationToken cancel)
    {
        try
        {
            var version = await HostAsync("host:version", cancel).ConfigureAwait(false);
            return int.TryParse(version, System.Globalization.NumberStyles.AllowHexSpecifier, null, out var number) ? number : null;
        }
        catch (AdbException)
        {
            return null;
        }
    }

    public async Task<IReadOnlyList<AdbListing>> DevicesAsync(CancellationToken cancel) =>
        AdbWire.ParseDevices(await HostAsync("host:devices-l", cancel).ConfigureAwait(false));

    /// <summary>Connects a phone that listens on TCP; fine when it is connected already.</summary>
    public async Task ConnectAsync(string address, CancellationToken cancel)
    {
        var answer = await HostAsync($"host:connect:{address}", cancel).ConfigureAwait(false);
        if (!answer.Contains("connected to", StringComparison.Ordinal)) throw new AdbException(answer.Trim());
    }

    public async Task DisconnectAsync(string address, CancellationToken cancel) =>
        await HostAsync($"host:disconnect:{address}", cancel).ConfigureAwait(false);

    /// <summary>Each change of the device list, the first one at once; ends only by an exception or by cancelling.</summary>
    public async IAsyncEnumerable<IReadOnlyList<AdbListing>> TrackAsync([EnumeratorCancellation] CancellationToken cancel)
    {
        var connection = await OpenAsync("host:track-devices-l", cancel).ConfigureAwait(false);
        await using (connection.ConfigureAwait(false))
        {
            while (true)
            {
                string text;
                try
                {
                    text = await AdbWire.ReadTextAsync(connection, cancel).ConfigureAwait(false);
                }
                catch (IOException e)
                {
                    throw new AdbException($"The adb server on port {port} went away.", e);
                }

                yield return AdbWire.ParseDevices(text);
            }
        }
    }

    /// <summary>Runs a command in the phone's shell.</summary>
    public Task<AdbShellResult> ShellAsync(string serial, string command, CancellationToken cancel) =>
        ShellAsync(serial, command, ShellLimit, cancel);

    public Task<AdbShellResult> ShellAsync(string serial, string command, TimeSpan limit, CancellationToken cancel) =>
        WithLimitAsync($"`{command}` on {serial}", limit, async linked =>
        {
            var v2 = await HasShellV2Async(serial, linked).ConfigureAwait(false);
            var stream = await OpenDeviceCoreAsync(serial, v2 ? $"shell,v2,raw:{command}" : $"shell:{command}", linked).ConfigureAwait(false);
            await using (stream.ConfigureAwait(false))
            {
                if (v2) return await AdbWire.ReadShellAsync(stream, linked).ConfigureAwait(false);
                // Before Android 7 there is no exit code; callers judge by the output.
                using var reader = new StreamReader(stream, Encoding.UTF8);
                return new AdbShellResult(0, await reader.ReadToEndAsync(linked).ConfigureAwait(false), "");
            }
        }, cancel);

    /// <summary>Runs a command whose output is taken as it comes, however long it runs. Cancelling hangs up, which ends the command.</summary>
    /// <returns>Its exit code and what it wrote to its error output.</returns>
    public async Task<AdbShellResult> StreamAsync(string serial, string command, Func<ReadOnlyMemory<byte>, ValueTask> take, CancellationToken cancel)
    {
        var (stream, v2) = await WithLimitAsync($"`{command}` on {serial}", HostLimit, async linked =>
        {
            var v2 = await HasShellV2Async(serial, linked).ConfigureAwait(false);
            // Before Android 7: as it is, without an exit code.
            return (await OpenDeviceCoreAsync(serial, v2 ? $"shell,v2,raw:{command}" : $"exec:{command}", linked).ConfigureAwait(false), v2);
        }, cancel).ConfigureAwait(false);
        await using (stream.ConfigureAwait(false))
        {
            try
            {
                return v2
                    ? await AdbWire.ReadShellAsync(stream, take, cancel).ConfigureAwait(false)
                    : await AdbWire.ReadPlainAsync(stream, take, cancel).ConfigureAwait(false);
            }
            catch (IOException e)
            {
                throw new AdbException($"The connection to adb broke during `{command}` on {serial}.", e);
            }
        }
    }

    public async Task<AdbDeviceInfo> InfoAsync(string serial, CancellationToken cancel)
    {
        // One by one: a phone answers each in milliseconds, and not every phone's shell takes them in one line.
        async Task<string> Property(string name) =>
            (await ShellAsync(serial, $"getprop {name}", cancel).ConfigureAwait(false)).Output.Trim();

        var emulator = serial.StartsWith("emulator-", StringComparison.Ordinal)
            || await Property("ro.kernel.qemu").ConfigureAwait(false) == "1"
            || await Property("ro.boot.qemu").ConfigureAwait(false) == "1";
        _ = int.TryParse(await Property("ro.build.version.sdk").ConfigureAwait(false), out var sdk);
        return new AdbDeviceInfo(
            await Property("ro.serialno").ConfigureAwait(false),
            await Property("ro.product.manufacturer").ConfigureAwait(false),
            await Property("ro.product.model").ConfigureAwait(false),
            await Property("ro.build.version.release").ConfigureAwait(false),
            sdk,
            await Property("ro.product.cpu.abi").ConfigureAwait(false),
            emulator);
    }

    /// <summary>Forgets what is known of a phone that left: it may come back with another Android.</summary>
    public void Forget(string serial) => shellV2.TryRemove(serial, out _);

    private async Task<bool> HasShellV2Async(string serial, CancellationToken cancel)
    {
        if (shellV2.TryGetValue(serial, out var known)) return known;
        var features = await HostCoreAsync($"host-serial:{serial}:features", cancel).ConfigureAwait(false);
        return shellV2[serial] = features.Split(',').Contains("shell_v2");
    }

    private Task<string> HostAsync(string service, CancellationToken cancel) =>
        WithLimitAsync(service, HostLimit, linked => HostCoreAsync(service, linked), cancel);

    private async Task<string> HostCoreAsync(string service, CancellationToken cancel)
    {
        var connection = await OpenAsync(service, cancel).ConfigureAwait(false);
        await using (connection.ConfigureAwait(false))
        {
            return await AdbWire.ReadTextAsync(connection, cancel).ConfigureAwait(false);
        }
    }

    private async Task<NetworkStream> OpenDeviceCoreAsync(string serial, string service, CancellationToken cancel)
    {
        var connection = await OpenAsync($"host:transport:{serial}", cancel).ConfigureAwait(false);
        try
        {
            await connection.WriteAsync(AdbWire.Request(service), cancel).ConfigureAwait(false);
            await AdbWire.ReadStatusAsync(connection, service, cancel).ConfigureAwait(false);
            return connection;
        }
        catch
        {
            await connection.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    private async Task<NetworkStream> OpenAsync(string service, CancellationToken cancel)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(IPAddress.Loopback, port, cancel).ConfigureAwait(false);
            var stream = new NetworkStream(socket, ownsSocket: true);
            await stream.WriteAsync(AdbWire.Request(service), cancel).ConfigureAwait(false);
            await AdbWire.ReadStatusAsync(stream, service, cancel).ConfigureAwait(false);
            return stream;
        }
        catch (SocketException e)
        {
            socket.Dispose();
            throw new AdbException($"No adb server answers on port {port}: {e.Message}", e);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private async Task<T> WithLimitAsync<T>(string what, TimeSpan limit, Func<CancellationToken, Task<T>> call, CancellationToken cancel)
    {
        using var clock = new CancellationTokenSource(limit, time);
        using var linked = CancellationTokenSource.CreateLinkedTokenSource(clock.Token, cancel);
        try
        {
            return await call(linked.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException e) when (!cancel.IsCancellationRequested)
        {
            throw new AdbException($"adb did not answer {what} within {limit.TotalSeconds:0} s.", e);
        }
        catch (IOException e)
        {
            throw new AdbException($"The connection to adb broke during {what}.", e);
        }
    }
}
