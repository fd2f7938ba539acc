using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Qgjob.Agent.Tests.Devices;

/// <summary>An adb server in this process, with one phone whose shell is a function.</summary>
internal sealed class FakeAdbServer : IAsyncDisposable
{
    private readonly TcpListener listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource stop = new();
    private readonly Task serving;

    public FakeAdbServer()
    {
        listener.Start();
        Port = ((IPEndPoint)listener.LocalEndpoint).Port;
        serving = ServeAsync();
    }

    public int Port { get; }

    public Func<string, (string Output, int Code)> Shell { get; set; } = _ => ("", 0);

    public ConcurrentQueue<string> Commands { get; } = [];

    /// <summary>Pushed one after the other to whoever tracks devices; then the connection closes.</summary>
    public IReadOnlyList<string> Tracked { get; set; } = [];

    /// <summary>Do not close it, as a real server would not.</summary>
    public bool KeepTracking { get; set; }

    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        listener.Stop();
        await serving;
        stop.Dispose();
    }

    private async Task ServeAsync()
    {
        try
        {
            while (true)
            {
                var client = await listener.AcceptTcpClientAsync(stop.Token);
                _ = Task.Run(() => AnswerAsync(client));
            }
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // Stopped.
        }
    }

    private async Task AnswerAsync(TcpClient client)
    {
        using var owned = client;
        var stream = client.GetStream();
        while (true)
        {
            var digits = new byte[4];
            if (await stream.ReadAtLeastAsync(digits, 4, throwOnEndOfStream: false) < 4) return;
            var body = new byte[int.Parse(Encoding.ASCII.GetString(digits), NumberStyles.HexNumber, CultureInfo.InvariantCulture)];
            await stream.ReadExactlyAsync(body);
            var service = Encoding.UTF8.GetString(body);
            if (service.StartsWith("host:transport:", StringComparison.Ordinal))
            {
                if (service.EndsWith(":absent", StringComparison.Ordinal))
                {
                    await SendAsync(stream, "FAIL" + Text("device 'absent' not found"));
                    return;
                }

                await SendAsync(stream, "OKAY");
                continue;
            }

            await RunAsync(stream, service);
            return;
        }
    }

    private async Task RunAsync(NetworkStream stream, string service)
    {
        const string shell = "shell,v2,raw:";
        if (service.StartsWith(shell, StringComparison.Ordinal))
        {
            var command = service[shell.Length..];
            Commands.Enqueue(command);
            var (output, code) = Shell(command);
            await SendAsync(stream, "OKAY");
            await stream.WriteAsync(Packet(1, Encoding.UTF8.GetBytes(output)));
            await stream.WriteAsync(Packet(3, [(byte)code]));
            return;
        }

        if (service == "host:track-devices-l")
        {
            await SendAsync(stream, "OKAY" + string.Concat(Tracked.Select(Text)));
            if (KeepTracking) await stream.ReadAtLeastAsync(new byte[1], 1, throwOnEndOfStream: false, stop.Token);
            return;
        }

        await SendAsync(stream, "OKAY" + Text(service switch
        {
            "host:version" => "0029",
            "host:devices-l" => string.Concat(Tracked.Take(1)),
            _ when service.EndsWith(":features", StringComparison.Ordinal) => "shell_v2,cmd",
            _ => "",
        }));
    }

    public static byte[] Packet(byte id, byte[] data)
    {
        var packet = new byte[5 + data.Length];
        packet[0] = id;
        BinaryPrimitives.WriteInt32LittleEndian(packet.AsSpan(1), data.Length);
        data.CopyTo(packet, 5);
        return packet;
    }

    private static string Text(string text) => text.Length.ToString("x4", CultureInfo.InvariantCulture) + text;

    private static async Task SendAsync(NetworkStream stream, string text) => await stream.WriteAsync(Encoding.UTF8.GetBytes(text));
}
