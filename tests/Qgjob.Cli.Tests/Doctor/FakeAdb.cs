using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Qgjob.Cli.Tests.Doctor;

/// <summary>As much of an adb server as a list of phones takes.</summary>
internal sealed class FakeAdb : IAsyncDisposable
{
    private readonly TcpListener listener = new(IPAddress.Loopback, 0);
    private readonly string listing;
    private readonly Task serving;

    public FakeAdb(string listing)
    {
        this.listing = listing;
        listener.Start();
        serving = ServeAsync();
    }

    public int Port => ((IPEndPoint)listener.LocalEndpoint).Port;

    public async ValueTask DisposeAsync()
    {
        listener.Stop();
        await serving.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private async Task ServeAsync()
    {
        while (true)
        {
            using var client = await listener.AcceptTcpClientAsync();
            var stream = client.GetStream();
            var service = await ReadAsync(stream);
            if (service.StartsWith("host:transport:", StringComparison.Ordinal))
            {
                await stream.WriteAsync("OKAY"u8.ToArray());
                var property = (await ReadAsync(stream)).Split("getprop ")[1];
                await stream.WriteAsync(Encoding.ASCII.GetBytes("OKAY" + property switch
                {
                    "ro.build.version.sdk" => "33\n",
                    "ro.build.version.release" => "13\n",
                    "ro.product.manufacturer" => "Acme\n",
                    "ro.product.model" => "Phone\n",
                    _ => "\n",
                }));
                continue;
            }
            var answer = service == "host:version" ? "0029" : service == "host:devices-l" && listing.Length > 0 ? listing + "\n" : "";
            await stream.WriteAsync(Encoding.ASCII.GetBytes($"OKAY{answer.Length:x4}{answer}"));
        }
    }

    private static async Task<string> ReadAsync(NetworkStream stream)
    {
        var length = new byte[4];
        await stream.ReadExactlyAsync(length);
        var service = new byte[int.Parse(length, NumberStyles.HexNumber, CultureInfo.InvariantCulture)];
        await stream.ReadExactlyAsync(service);
        return Encoding.ASCII.GetString(service);
    }
}
