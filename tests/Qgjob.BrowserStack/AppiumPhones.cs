using System.Collections.Concurrent;
using System.Text;
using System.Text.Json.Nodes;
using Qgjob.Agent.Android;
using Qgjob.Agent.Devices;
using Qgjob.Agent.Evidence;
using Qgjob.Agent.Gateway;
using Qgjob.Agent.Processes;
using Qgjob.Agent.Toolchain;
using Qgjob.Phones;

namespace Qgjob.BrowserStack;

/// <summary>Virtual phones with the real Appium: each session installs the app, as a phone in the cloud does.</summary>
public sealed class AppiumPhones : IStandInPhones
{
    private readonly AdbServer adb;
    private readonly string folder;
    private readonly List<(VirtualPhone Phone, AppiumServer Appium)> all;
    private readonly ConcurrentQueue<(VirtualPhone Phone, AppiumServer Appium)> free;
    private int sessions;

    private AppiumPhones(AdbServer adb, string folder, List<(VirtualPhone Phone, AppiumServer Appium)> all) =>
        (this.adb, this.folder, this.all, free) = (adb, folder, all, new(all));

    public static async Task<AppiumPhones> StartAsync(int count, string folder, CancellationToken cancel)
    {
        var time = TimeProvider.System;
        var sdk = AndroidSdk.Ensure(Path.Combine(folder, "sdk")) is SdkReady(var ready) ? ready : throw new InvalidOperationException("no Android tools");
        var tools = await AppiumToolchain.EnsureAsync(new Qgjob.Agent.AgentOptions { Servers = [] }.ToolchainFolder, _ => { }, time, cancel) is ToolchainReady(var toolchain, _)
            ? toolchain
            : throw new InvalidOperationException("no Appium");
        var adb = await AdbServer.StartPrivateAsync(sdk.Adb, LoopbackPort.Free(), time, cancel);
        var phones = await Task.WhenAll(Enumerable.Range(1, count).Select(async n =>
        {
            var phone = await VirtualPhone.StartAsync(new VirtualPhoneOptions { Name = $"cloud-{n}", DataFolder = Path.Combine(folder, $"cloud-{n}") }, time, cancel);
            await adb.Client.ConnectAsync(phone.Serial, cancel);
            var device = new AdbDevice(adb.Client.Port, phone.Serial);
            return (phone, await AppiumServer.StartAsync(tools, sdk, device, Path.Combine(folder, $"appium-{n}.log"), time, cancel));
        }));
        return new AppiumPhones(adb, folder, [.. phones]);
    }

    public async Task<IStandInPhone?> OpenAsync(JsonObject capabilities, string appFile, CancellationToken cancel)
    {
        if (!free.TryDequeue(out var phone)) return null;
        foreach (var name in capabilities.Select(c => c.Key).Where(k => k.StartsWith("bstack:", StringComparison.Ordinal)).ToList()) capabilities.Remove(name);
        capabilities["platformName"] = "Android";
        capabilities["appium:automationName"] = "uiautomator2";
        capabilities["appium:udid"] = phone.Phone.Serial;
        capabilities["appium:adbPort"] = adb.Client.Port;
        capabilities["appium:systemPort"] = phone.Appium.SystemPort;
        capabilities["appium:app"] = appFile;
        capabilities["appium:newCommandTimeout"] = 90;
        capabilities["appium:uiautomator2ServerLaunchTimeout"] = 60_000;
        capabilities["appium:adbExecTimeout"] = 60_000;
        var own = Path.Combine(folder, $"session-{Interlocked.Increment(ref sessions)}");
        Directory.CreateDirectory(own);
        var log = phone.Appium.CopyLogTo(Path.Combine(own, "appium.log"));
        var request = new JsonObject { ["capabilities"] = new JsonObject { ["alwaysMatch"] = capabilities, ["firstMatch"] = new JsonArray(new JsonObject()) } };
        var reply = await phone.Appium.SendAsync("POST", "/session", Encoding.UTF8.GetBytes(request.ToJsonString()), cancel);
        if (!reply.IsSuccess) throw new InvalidOperationException(reply.Text);
        var value = JsonNode.Parse(reply.Body)!["value"]!;
        return new Session(this, phone, value["sessionId"]!.GetValue<string>(), value["capabilities"]?.DeepClone(), own, log);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var (_, appium) in all) await appium.DisposeAsync();
        await adb.DisposeAsync();
        foreach (var (phone, _) in all) await phone.DisposeAsync();
    }

    private sealed class Session : IStandInPhone, IDisposable
    {
        private readonly AppiumPhones owner;
        private readonly (VirtualPhone Phone, AppiumServer Appium) phone;
        private readonly string id;
        private readonly string folder;
        private readonly IDisposable? log;
        private readonly CancellationTokenSource end = new();
        private readonly Task film;

        public Session(AppiumPhones owner, (VirtualPhone Phone, AppiumServer Appium) phone, string id, JsonNode? capabilities, string folder, IDisposable? log)
        {
            (this.owner, this.phone, this.id, Capabilities, this.folder, this.log) = (owner, phone, id, capabilities, folder, log);
            film = new ScreenVideo(owner.adb.Client, phone.Phone.Serial, folder, TimeProvider.System, _ => { }).FilmAsync(end.Token);
        }

        public JsonNode? Capabilities { get; }

        public async Task<(int Status, byte[] Body)> SendAsync(string method, string path, byte[] body, CancellationToken cancel)
        {
            var reply = await phone.Appium.SendAsync(method, $"/session/{id}{path}", body, cancel);
            return (reply.Status, reply.Body);
        }

        public async Task<StandInLeavings> CloseAsync()
        {
            await end.CancelAsync();
            await film;
            Dispose();
            var device = await owner.adb.Client.ShellAsync(phone.Phone.Serial, "logcat -d -v threadtime", CancellationToken.None);
            await phone.Appium.SendAsync("DELETE", $"/session/{id}", null, CancellationToken.None);
            log?.Dispose();
            owner.free.Enqueue(phone);
            var video = ScreenVideo.Files(folder).FirstOrDefault();
            return new StandInLeavings(
                video is null ? [] : await File.ReadAllBytesAsync(video), device.Output, await File.ReadAllTextAsync(Path.Combine(folder, "appium.log")));
        }

        public void Dispose() => end.Dispose();
    }
}
