using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Qgjob.Core;
using Qgjob.Server.Blobs.S3;
using Xunit;

[assembly: AssemblyFixture(typeof(Qgjob.Server.Tests.Blobs.S3Server))]

namespace Qgjob.Server.Tests.Blobs;

/// <summary>A real S3-compatible server (s3rver, which scripts/setup.sh installs) on a free port; it ends with this process.</summary>
public sealed class S3Server : IAsyncLifetime
{
    public const string Bucket = "qgjob-tests";
    // The only account that s3rver knows.
    private const string Account = "S3RVER";
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private static int places;
    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("qgjob-s3-");
    private readonly int port = FreePort();
    private Process? process;

    public string Endpoint => string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{port}");

    /// <summary>Of a bucket's part that nobody else uses.</summary>
    public string NewUrl() => $"s3://{Bucket}/t{Interlocked.Increment(ref places)}?endpoint={Endpoint}";

    internal static S3Blobs Open(string url) => new(S3Place.Parse(url, Environment.GetEnvironmentVariable), new TimeOrderedIds(TimeProvider.System));

    public async ValueTask InitializeAsync()
    {
        Environment.SetEnvironmentVariable("AWS_ACCESS_KEY_ID", Account);
        Environment.SetEnvironmentVariable("AWS_SECRET_ACCESS_KEY", Account);
        var program = Path.Combine(Root(), "artifacts", "s3", "node_modules", "s3rver", "bin", "s3rver.js");
        if (!File.Exists(program)) throw new InvalidOperationException($"{program} is missing: ./test installs it.");
        // Ends when its standard input does, that is with this process.
        var start = new ProcessStartInfo("node") { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var argument in (string[])
        [
            "-e", "process.stdin.resume().on('end', () => process.exit()); process.argv.splice(1, 0, 's3rver'); require(process.argv.pop())",
            "--", "--directory", folder.FullName, "--address", "127.0.0.1", "--port", port.ToString(CultureInfo.InvariantCulture), "--silent", "--configure-bucket", Bucket, program,
        ])
            start.ArgumentList.Add(argument);
        process = Process.Start(start)!;
        _ = process.StandardOutput.BaseStream.CopyToAsync(Stream.Null);
        var said = process.StandardError.ReadToEndAsync();
        using var limit = new CancellationTokenSource(Patience);
        while (!await AnswersAsync(limit.Token))
        {
            if (process.HasExited) throw new InvalidOperationException($"s3rver ended with {process.ExitCode}: {await said}");
            await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System, limit.Token);
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (process is { HasExited: false })
        {
            process.Kill();
            await process.WaitForExitAsync();
        }
        process?.Dispose();
        folder.Delete(recursive: true);
    }

    private async Task<bool> AnswersAsync(CancellationToken cancel)
    {
        try
        {
            using var client = new TcpClient();
            await client.ConnectAsync(IPAddress.Loopback, port, cancel);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    private static int FreePort()
    {
        using var probe = new TcpListener(IPAddress.Loopback, 0);
        probe.Start();
        return ((IPEndPoint)probe.LocalEndpoint).Port;
    }

    private static string Root()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder.FullName, "qgjob.slnx"))) folder = folder.Parent ?? throw new InvalidOperationException("The tests run outside of the checkout.");
        return folder.FullName;
    }
}
