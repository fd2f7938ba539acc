using System.Net.Http.Json;
using System.Text.Json.Nodes;
using static Qgjob.Phones.Tests.ApkBuilder;

namespace Qgjob.Phones.Tests.Adb;

/// <summary>The real adb against a virtual phone.</summary>
public sealed class RealAdbTests(AdbServer adb) : IClassFixture<AdbServer>, IAsyncLifetime
{
    private const string Runner = "io.appium.uiautomator2.server.test/androidx.test.runner.AndroidJUnitRunner";

    private readonly string folder = Directory.CreateTempSubdirectory("qgjob-phone").FullName;
    private VirtualPhone phone = null!;

    public async ValueTask InitializeAsync() => phone = await StartAsync(0);

    public async ValueTask DisposeAsync()
    {
        await adb.RunAsync("disconnect", phone.Serial);
        await phone.DisposeAsync();
        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public async Task A_phone_appears_with_its_model_and_answers()
    {
        Assert.Contains($"{phone.Serial} ", (await adb.RunAsync("devices", "-l")).Output, StringComparison.Ordinal);
        Assert.Contains("model:TestPhone", (await adb.RunAsync("devices", "-l")).Output, StringComparison.Ordinal);
        Assert.Equal("test-phone\n", (await AdbAsync("shell", "getprop", "ro.serialno")).Output);
    }

    [Fact]
    public async Task Exit_codes_and_both_outputs_arrive()
    {
        Assert.Equal((7, "", ""), await AdbAsync("shell", "exit 7"));
        Assert.Equal((127, "", "/system/bin/sh: nosuch: inaccessible or not found\n"), await AdbAsync("shell", "nosuch"));
        Assert.Equal((0, "out\n", "err\n"), await AdbAsync("shell", "echo out; echo err > /data/local/tmp/e; cat /data/local/tmp/e 1>&2"));
    }

    [Fact(Timeout = 60_000)]
    public async Task Input_reaches_a_command()
    {
        using var process = adb.Start("-s", phone.Serial, "shell", "cat; exit 5");
        await process.StandardInput.WriteAsync("one\ntwo\n");
        process.StandardInput.Close();

        Assert.Equal("one\ntwo\n", await process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken));
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.Equal(5, process.ExitCode);
    }

    [Fact]
    public async Task Apps_are_installed_updated_refused_and_removed()
    {
        var (code, output, _) = await AdbAsync("install", "-r", "-g", await ApkAsync(Manifest(Todo, 2)));
        Assert.Equal(0, code);
        Assert.Contains("Success", output, StringComparison.Ordinal);
        Assert.Contains("CAMERA: granted=true", (await AdbAsync("shell", "dumpsys", "package", Todo)).Output, StringComparison.Ordinal);

        var (refused, _, why) = await AdbAsync("install", "-r", await ApkAsync(Manifest(Todo, 1)));
        Assert.Equal(1, refused);
        Assert.Contains("INSTALL_FAILED_VERSION_DOWNGRADE", why, StringComparison.Ordinal);
        var broken = Path.Combine(folder, "broken.apk");
        await File.WriteAllTextAsync(broken, "nothing", TestContext.Current.CancellationToken);
        Assert.Contains("INSTALL_PARSE_FAILED_NOT_APK", (await AdbAsync("install", broken)).Error, StringComparison.Ordinal);

        var path = (await AdbAsync("shell", "pm", "path", Todo)).Output.Trim()["package:".Length..];
        var copy = Path.Combine(folder, "copy.apk");
        Assert.Equal(0, (await AdbAsync("pull", path, copy)).Code);
        Assert.Equal(Todo, Core.Apps.ApkManifest.Read(copy).PackageId);

        Assert.Equal((0, "Success\n", ""), await AdbAsync("uninstall", Todo));
        Assert.NotEqual(0, (await AdbAsync("uninstall", Todo)).Code);
        Assert.Equal((1, 1), (phone.Counters.Installs[Todo], phone.Counters.Uninstalls[Todo]));
        Assert.Empty(phone.Counters.Unhandled);
    }

    [Fact]
    public async Task Files_go_there_and_back_unchanged()
    {
        var bytes = new byte[3_000_001];
        new Random(20260105).NextBytes(bytes);
        var (here, back) = (Path.Combine(folder, "here"), Path.Combine(folder, "back"));
        await File.WriteAllBytesAsync(here, bytes, TestContext.Current.CancellationToken);

        Assert.Equal(0, (await AdbAsync("push", here, "/data/local/tmp/a b/x")).Code);
        Assert.Equal(0, (await AdbAsync("pull", "/data/local/tmp/a b/x", back)).Code);

        Assert.Equal(bytes, await File.ReadAllBytesAsync(back, TestContext.Current.CancellationToken));
        Assert.Equal("3000001\n", (await AdbAsync("shell", "stat -c %s '/data/local/tmp/a b/x'")).Output);
        var (denied, said, complained) = await AdbAsync("push", here, "/system/x");
        Assert.Equal(1, denied);
        Assert.Contains("Permission denied", said + complained, StringComparison.Ordinal);
        Assert.Equal(1, (await AdbAsync("pull", "/sdcard/nothing", back)).Code);
    }

    [Fact]
    public async Task Many_calls_at_once_do_not_mix()
    {
        var files = Enumerable.Range(0, 12).Select(i => new string((char)('a' + i), 400_000)).ToArray();
        for (var i = 0; i < files.Length; i++)
        {
            var path = Path.Combine(folder, $"f{i}");
            await File.WriteAllTextAsync(path, files[i], TestContext.Current.CancellationToken);
            await AdbAsync("push", path, $"/sdcard/f{i}");
        }

        var outputs = await Task.WhenAll(files.Select((_, i) => AdbAsync("shell", $"cat /sdcard/f{i}; exit {i}")));

        for (var i = 0; i < files.Length; i++)
            Assert.Equal((i, files[i]), (outputs[i].Code, outputs[i].Output));
    }

    [Fact]
    public async Task Calls_that_end_while_their_input_ends_leave_the_connection_alone()
    {
        for (var round = 0; round < 10; round++)
        {
            var calls = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => AdbAsync("shell", "exit 7")));

            Assert.All(calls, call => Assert.Equal((7, "", ""), call));
        }
    }

    [Fact]
    public async Task A_screenshot_is_a_picture()
    {
        var (code, png, _) = await adb.RunBytesAsync("-s", phone.Serial, "exec-out", "screencap -p");

        Assert.Equal(0, code);
        Assert.Equal([0x89, 0x50, 0x4e, 0x47], png[..4]);
    }

    [Fact(Timeout = 60_000)]
    public async Task The_log_can_be_followed()
    {
        using var process = adb.Start("-s", phone.Serial, "logcat", "-v", "brief", "PackageManager:I", "*:S");
        Assert.Equal("--------- beginning of main", await process.StandardOutput.ReadLineAsync(TestContext.Current.CancellationToken));

        await AdbAsync("install", await ApkAsync(Manifest(Todo)));

        Assert.Equal($"I/PackageManager( 1000): Package {Todo} installed, versionCode 1, versionName 1.0",
            await process.StandardOutput.ReadLineAsync(TestContext.Current.CancellationToken));
        process.Kill();
    }

    [Fact(Timeout = 60_000)]
    public async Task The_automation_server_answers_through_a_forward_while_instrumentation_runs()
    {
        await AdbAsync("install", await ApkAsync(Manifest("io.appium.uiautomator2.server")));
        await AdbAsync("install", await ApkAsync(Manifest("io.appium.uiautomator2.server.test", more:
            [new Node("instrumentation", [("name", "androidx.test.runner.AndroidJUnitRunner"), ("targetPackage", "io.appium.uiautomator2.server")])])));
        Assert.Contains(Runner, (await AdbAsync("shell", "pm", "list", "instrumentation")).Output, StringComparison.Ordinal);
        var port = (await AdbAsync("forward", "tcp:0", "tcp:6790")).Output.Trim();
        using var http = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{port}"), Timeout = TimeSpan.FromSeconds(10) };
        await Assert.ThrowsAsync<HttpRequestException>(() => http.GetAsync("/status", TestContext.Current.CancellationToken));

        using var logcat = adb.Start("-s", phone.Serial, "logcat", "-v", "raw", "appium:I", "*:S");
        using var process = adb.Start("-s", phone.Serial, "shell", "am", "instrument", "-w", Runner);
        Assert.NotNull(await logcat.StandardOutput.ReadLineAsync(TestContext.Current.CancellationToken));
        Assert.Contains("started", await logcat.StandardOutput.ReadLineAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);

        Assert.True((await http.GetFromJsonAsync<JsonObject>("/status", TestContext.Current.CancellationToken))!["value"]!["ready"]!.GetValue<bool>());
        using var created = await http.PostAsJsonAsync("/session", new JsonObject { ["capabilities"] = new JsonObject() }, TestContext.Current.CancellationToken);
        var session = (await created.Content.ReadFromJsonAsync<JsonObject>(TestContext.Current.CancellationToken))!["sessionId"]!.GetValue<string>();
        using var found = await http.PostAsJsonAsync($"/session/{session}/elements",
            new JsonObject { ["strategy"] = "-android uiautomator", ["selector"] = "text(\"Apps\")" }, TestContext.Current.CancellationToken);
        Assert.Single((await found.Content.ReadFromJsonAsync<JsonObject>(TestContext.Current.CancellationToken))!["value"]!.AsArray());

        await AdbAsync("shell", "am", "force-stop", "io.appium.uiautomator2.server");
        Assert.Contains("INSTRUMENTATION_CODE: 0", await process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
        await Assert.ThrowsAsync<HttpRequestException>(() => http.GetAsync("/status", TestContext.Current.CancellationToken));
        Assert.False(logcat.HasExited, "Ending one call must leave the others of the connection alone.");
        logcat.Kill();
        Assert.Equal(1, phone.Counters.InstrumentationStarts);
        Assert.Empty(phone.Counters.Unhandled);
    }

    [Fact]
    public async Task A_phone_that_restarts_has_what_it_had()
    {
        await AdbAsync("install", await ApkAsync(Manifest(Todo)));
        await AdbAsync("shell", "echo kept > /sdcard/x; settings put secure a b");
        var port = phone.Port;
        await adb.RunAsync("disconnect", phone.Serial);
        await phone.DisposeAsync();

        phone = await StartAsync(port);

        Assert.Equal((0, "kept\nb\n", ""), await AdbAsync("shell", "cat /sdcard/x; settings get secure a"));
        Assert.Equal($"package:{Todo}\n", (await AdbAsync("shell", "pm", "list", "packages")).Output);
        Assert.Empty(phone.Counters.Installs);
    }

    [Fact]
    public async Task A_phone_without_new_features_installs_by_pushing()
    {
        await adb.RunAsync("disconnect", phone.Serial);
        await phone.DisposeAsync();
        phone = await StartAsync(0, o => o with { Features = "", ApiLevel = 23 });

        var (code, output, _) = await AdbAsync("install", await ApkAsync(Manifest(Todo)));

        Assert.Equal(0, code);
        Assert.Contains("Success", output, StringComparison.Ordinal);
        Assert.Equal("6.0\n", (await AdbAsync("shell", "getprop", "ro.build.version.release")).Output);
        Assert.Equal(1, phone.Counters.Installs[Todo]);
    }

    [Fact]
    public async Task Root_reverse_and_unknown_services_are_refused()
    {
        Assert.Contains("cannot run as root", (await AdbAsync("root")).Output, StringComparison.Ordinal);
        Assert.NotEqual(0, (await AdbAsync("reverse", "tcp:1234", "tcp:1234")).Code);
    }

    private async Task<VirtualPhone> StartAsync(int port, Func<VirtualPhoneOptions, VirtualPhoneOptions>? change = null)
    {
        var options = new VirtualPhoneOptions { Name = "test-phone", DataFolder = Path.Combine(folder, "phone"), Port = port, Model = "TestPhone" };
        var phone = await VirtualPhone.StartAsync(change?.Invoke(options) ?? options, TimeProvider.System, TestContext.Current.CancellationToken);
        Assert.Contains("connected to", (await adb.RunAsync("connect", phone.Serial)).Output, StringComparison.Ordinal);
        return phone;
    }

    private Task<(int Code, string Output, string Error)> AdbAsync(params string[] arguments) => adb.RunAsync(["-s", phone.Serial, .. arguments]);

    private async Task<string> ApkAsync(Node manifest)
    {
        var path = Path.Combine(folder, "app.apk");
        await File.WriteAllBytesAsync(path, new ApkBuilder().With(manifest).Build(), TestContext.Current.CancellationToken);
        return path;
    }
}
