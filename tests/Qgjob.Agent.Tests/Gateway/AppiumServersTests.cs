using System.Net;
using System.Net.Sockets;
using Qgjob.Agent.Android;
using Qgjob.Agent.Devices;
using Qgjob.Agent.Gateway;
using Qgjob.Agent.Toolchain;

namespace Qgjob.Agent.Tests.Gateway;

/// <summary>Servers in which a script stands in for Appium.</summary>
public sealed class AppiumServersTests : IAsyncLifetime
{
    private readonly string folder = Directory.CreateTempSubdirectory("qgjob-appium-").FullName;
    private readonly AdbDevice device = new(1, "phone");
    private AppiumServers? servers;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public ValueTask InitializeAsync()
    {
        var node = Path.Combine(folder, "node");
        File.WriteAllText(node, "#!/bin/sh\necho 'REST http interface listener started'\nexec sleep 300\n");
        if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(node, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        servers = new AppiumServers(new AppiumToolchain(folder, node), new AndroidSdk(folder, "adb", folder), folder, TimeProvider.System);
        return ValueTask.CompletedTask;
    }

    public async ValueTask DisposeAsync()
    {
        await servers!.DisposeAsync();
        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public async Task A_phones_server_ends_when_the_phone_leaves()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "The stand-in is a shell script.");
        var server = await servers!.GetAsync(device, Cancel);
        Assert.True(server.IsAlive);
        await servers.StopAsync(device, isBack: () => false, Cancel);
        Assert.False(server.IsAlive);
        // Both ports can be had again.
        foreach (var port in new[] { server.Port, server.SystemPort })
        {
            using var listener = new TcpListener(IPAddress.Loopback, port);
            listener.Start();
        }

        await Assert.ThrowsAsync<HttpRequestException>(() => server.SendAsync("GET", "/status", null, Cancel));
        Assert.NotSame(server, await servers.GetAsync(device, Cancel));
    }

    [Fact]
    public async Task A_phone_that_is_back_already_keeps_its_server()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "The stand-in is a shell script.");
        var server = await servers!.GetAsync(device, Cancel);
        await servers.StopAsync(device, isBack: () => true, Cancel);
        Assert.True(server.IsAlive);
        Assert.Same(server, await servers.GetAsync(device, Cancel));
    }
}
