using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using Xunit;

namespace Qgjob.EndToEnd.Tests;

/// <summary>How the action comes by qgjob: from a release, checked, or from the checkout.</summary>
public sealed class ActionInstallTests : IDisposable
{
    private const string Archive = "/acme/qgjob/releases/download/v1.0.0/qgjob-linux-x64.tar.gz";
    private readonly string folder = Directory.CreateTempSubdirectory("qgjob-install-").FullName;
    private readonly Dictionary<string, byte[]> files = [];
    private readonly HttpListener releases = new();

    public ActionInstallTests()
    {
        using var probe = new TcpListener(IPAddress.Loopback, 0);
        probe.Start();
        Url = $"http://127.0.0.1:{((IPEndPoint)probe.LocalEndpoint).Port}";
        probe.Stop();
        releases.Prefixes.Add(Url + "/");
        releases.Start();
        _ = ServeAsync();
    }

    private string Url { get; }

    private Task<Ended> InstallAsync(params (string Name, string Value)[] variables)
    {
        var environment = new Dictionary<string, string>
        {
            ["GITHUB_PATH"] = Path.Combine(folder, "path"),
            ["RUNNER_TEMP"] = folder,
            ["GITHUB_SERVER_URL"] = Url,
            ["QGJOB_ACTION_REPOSITORY"] = "acme/qgjob",
        };
        foreach (var (name, value) in variables) environment[name] = value;
        return Program.RunAsync(Path.Combine(Checkout.Root, "ci", "install.sh"), folder, environment, Lab.Patience);
    }

    private async Task ReleaseAsync(bool damaged)
    {
        var program = Path.Combine(folder, "qgjob");
        await File.WriteAllTextAsync(program, "#!/bin/sh\necho qgjob 1.0.0\n", TestContext.Current.CancellationToken);
        var packed = await Program.RunAsync("sh", folder, new Dictionary<string, string>(), Lab.Patience, "-c", "chmod +x qgjob && tar -czf a.tar.gz qgjob && rm qgjob");
        Assert.True(packed.ExitCode == 0, packed.All);
        files[Archive] = await File.ReadAllBytesAsync(Path.Combine(folder, "a.tar.gz"), TestContext.Current.CancellationToken);
        files[Archive + ".sha256"] = Encoding.ASCII.GetBytes($"{Convert.ToHexStringLower(SHA256.HashData(damaged ? [1] : files[Archive]))}  qgjob-linux-x64.tar.gz\n");
    }

    [Fact]
    public async Task A_release_is_fetched_checked_and_put_on_the_path()
    {
        await ReleaseAsync(damaged: false);
        // As the runner says it of an action that was taken from a release.
        var ended = await InstallAsync(("QGJOB_ACTION_REF", "v1.0.0"));
        Assert.True(ended.ExitCode == 0, ended.All);
        Assert.Contains("qgjob 1.0.0", ended.Out, StringComparison.Ordinal);
        var path = (await File.ReadAllTextAsync(Path.Combine(folder, "path"), TestContext.Current.CancellationToken)).Trim();
        Assert.True(File.Exists(Path.Combine(path, "qgjob")), path);
    }

    [Theory]
    [InlineData(true, "v1.0.0", "is not what its checksum says")]
    [InlineData(false, "v9.9.9", "could not be fetched")]
    [InlineData(false, "$(id)", "is no release")]
    public async Task What_is_no_release_is_said(bool damaged, string version, string said)
    {
        await ReleaseAsync(damaged);
        var ended = await InstallAsync(("QGJOB_VERSION", version));
        Assert.Equal(1, ended.ExitCode);
        Assert.Contains("::error title=qgjob::", ended.Out, StringComparison.Ordinal);
        Assert.Contains(said, ended.Out, StringComparison.Ordinal);
        Assert.False(File.Exists(Path.Combine(folder, "path")));
    }

    [Fact]
    public async Task Of_a_checkout_the_checkouts_own_is_taken()
    {
        var ended = await InstallAsync();
        Assert.True(ended.ExitCode == 0, ended.All);
        Assert.Equal(Checkout.Root, (await File.ReadAllTextAsync(Path.Combine(folder, "path"), TestContext.Current.CancellationToken)).Trim());
    }

    public void Dispose()
    {
        releases.Close();
        Directory.Delete(folder, recursive: true);
    }

    private async Task ServeAsync()
    {
        try
        {
            while (true)
            {
                var context = await releases.GetContextAsync();
                if (files.TryGetValue(context.Request.Url!.AbsolutePath, out var bytes)) context.Response.OutputStream.Write(bytes);
                else context.Response.StatusCode = 404;
                context.Response.Close();
            }
        }
        catch (Exception e) when (e is HttpListenerException or ObjectDisposedException)
        {
            // The test is over.
        }
    }
}
