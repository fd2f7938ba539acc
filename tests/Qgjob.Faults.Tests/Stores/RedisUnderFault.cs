using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Qgjob.Faults.Tests.Processes;

namespace Qgjob.Faults.Tests.Stores;

/// <summary>When Redis writes its append-only file to disk.</summary>
internal enum AppendOnly
{
    Always,
    EverySecond,
    No,
}

/// <summary>A redis-server of the machine's own package, with a port and a folder of its own.</summary>
internal sealed class RedisUnderFault(string folder, AppendOnly file) : StoreUnderFault
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private readonly string data = Path.Combine(folder, "redis");
    private Child? child;

    public int Port { get; init; } = Ports.Free();

    public IPAddress Listen { get; init; } = IPAddress.Loopback;

    /// <summary>A second way to it, which can be cut alone.</summary>
    public IPAddress? ListenToo { get; init; }

    /// <summary>Put before the command: a network namespace.</summary>
    public IReadOnlyList<string> Prefix { get; init; } = [];

    public override string Url => UrlAt(Listen);

    public override bool IsShared => true;

    public override string UrlAt(IPAddress address) => string.Create(CultureInfo.InvariantCulture, $"redis://{address}:{Port}/0");

    public override void Signal(Signal signal) => child!.Signal(signal);

    public override async ValueTask StartAsync(CancellationToken cancel)
    {
        Directory.CreateDirectory(data);
        child = Child.Start("redis", Path.Combine(folder, "redis.log"), new Dictionary<string, string>(), [
            .. Prefix, "redis-server", "--bind", .. new[] { Listen, ListenToo }.OfType<IPAddress>().Select(a => a.ToString()), "--protected-mode", "no", "--port", Port.ToString(CultureInfo.InvariantCulture), "--dir", data, "--save", "",
            "--appendonly", file is AppendOnly.No ? "no" : "yes", "--appendfsync", file is AppendOnly.Always ? "always" : "everysec", "--daemonize", "no"]);
        await Waits.UntilAsync("redis answers", async () => (await AskAsync("PING", cancel)).Contains("PONG", StringComparison.Ordinal), Patience, cancel);
    }

    public override async ValueTask KillAsync(CancellationToken cancel)
    {
        await child!.KillAsync(cancel);
        await child.DisposeAsync();
        child = null;
    }

    /// <summary>One command; the first part of its answer, or nothing.</summary>
    public async Task<string> AskAsync(string command, CancellationToken cancel)
    {
        try
        {
            using var client = new TcpClient();
            await client.ConnectAsync(Listen, Port, cancel);
            await client.GetStream().WriteAsync(Encoding.UTF8.GetBytes(command + "\r\n"), cancel);
            var answer = new byte[4096];
            return Encoding.UTF8.GetString(answer, 0, await client.GetStream().ReadAsync(answer, cancel));
        }
        catch (Exception e) when (e is SocketException or IOException)
        {
            return "";
        }
    }

    /// <summary>Of the part of the append-only file that grows.</summary>
    public long FileLength() => new FileInfo(GrowingFile()).Length;

    /// <summary>Cuts off what came after a length, while nobody runs; how much that was.</summary>
    public long CutFile(long length)
    {
        using var file = File.OpenWrite(GrowingFile());
        var more = file.Length - length;
        file.SetLength(length);
        return more;
    }

    public override async ValueTask DisposeAsync()
    {
        if (child is not null) await child.DisposeAsync();
        child = null;
    }

    private string GrowingFile() => Directory.GetFiles(Path.Combine(data, "appendonlydir"), "*.incr.aof").Order(StringComparer.Ordinal).Last();
}
