using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Qgjob.Phones.Tests.Adb;

/// <summary>A real adb server of the tests' own, on a port of its own; ends with the tests.</summary>
public sealed class AdbServer : IAsyncLifetime
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    private readonly string port = FreePort();
    private readonly string home = Directory.CreateTempSubdirectory("qgjob-adb").FullName;
    private Process? server;

    public async ValueTask InitializeAsync()
    {
        // In the foreground, so that it is our child and nobody else's daemon.
        server = Start("-L", "tcp:localhost:" + port, "server", "nodaemon");
        _ = server.StandardOutput.ReadToEndAsync();
        _ = server.StandardError.ReadToEndAsync();
        using var limit = new CancellationTokenSource(Limit);
        using var again = new PeriodicTimer(TimeSpan.FromMilliseconds(20));
        while (true)
        {
            try
            {
                using var probe = new TcpClient();
                await probe.ConnectAsync(IPAddress.Loopback, int.Parse(port, CultureInfo.InvariantCulture), limit.Token);
                return;
            }
            catch (SocketException)
            {
                await again.WaitForNextTickAsync(limit.Token); // not up yet
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (this.server is { } server)
        {
            server.Kill(entireProcessTree: true);
            await server.WaitForExitAsync();
            server.Dispose();
        }

        Directory.Delete(home, recursive: true);
    }

    /// <summary>Runs adb to its end.</summary>
    public async Task<(int Code, string Output, string Error)> RunAsync(params string[] arguments)
    {
        var (code, output, error) = await RunBytesAsync(arguments);
        return (code, System.Text.Encoding.UTF8.GetString(output), error);
    }

    public async Task<(int Code, byte[] Output, string Error)> RunBytesAsync(params string[] arguments)
    {
        using var limit = new CancellationTokenSource(Limit);
        using var process = Start(arguments);
        process.StandardInput.Close();
        using var output = new MemoryStream();
        var copying = process.StandardOutput.BaseStream.CopyToAsync(output, limit.Token);
        var error = process.StandardError.ReadToEndAsync(limit.Token);
        try
        {
            await process.WaitForExitAsync(limit.Token);
            await copying;
            return (process.ExitCode, output.ToArray(), await error);
        }
        finally
        {
            process.Kill();
        }
    }

    /// <summary>Starts adb and leaves it running; the caller ends it.</summary>
    public Process Start(params string[] arguments)
    {
        var start = new ProcessStartInfo("adb", arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["ANDROID_ADB_SERVER_PORT"] = port;
        start.Environment["HOME"] = home;
        return Process.Start(start)!;
    }

    private static string FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port.ToString(CultureInfo.InvariantCulture);
    }
}
