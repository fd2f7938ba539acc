using System.Diagnostics;
using System.IO.Compression;
using Qgjob.Agent.Devices;
using Qgjob.Agent.Installs;
using Qgjob.Agent.Phones;
using Qgjob.Agent.Processes;
using Qgjob.Core.Devices;
using Qgjob.Phones;

namespace Qgjob.Agent.Tests.Installs;

/// <summary>The real adb, a virtual phone, and the todo app's builds: 1.1 has a higher version code than 1.0.</summary>
public sealed class RealPhoneInstallTests : IAsyncLifetime
{
    private const string Package = "com.example.todo";
    private readonly string folder = Directory.CreateTempSubdirectory("qgjob-test-").FullName;
    private VirtualPhone phone = null!;
    private AdbServer adb = null!;
    private Installer installer = null!;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private AdbDevice Device => new(adb.Client.Port, phone.Serial);

    public async ValueTask InitializeAsync()
    {
        phone = await VirtualPhone.StartAsync(
            new VirtualPhoneOptions { Name = "phone", DataFolder = Path.Combine(folder, "phone") }, TimeProvider.System, Cancel);
        adb = await AdbServer.StartPrivateAsync("adb", LoopbackPort.Free(), TimeProvider.System, Cancel);
        await adb.Client.ConnectAsync(phone.Serial, Cancel);
        installer = new Installer("adb", new InstallRecords(Path.Combine(folder, "installs.json")), TimeProvider.System);
    }

    public async ValueTask DisposeAsync()
    {
        await adb.DisposeAsync();
        await phone.DisposeAsync();
        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public async Task An_update_goes_over_the_old_build_and_a_downgrade_uninstalls_first_as_one_install()
    {
        Assert.True((await ReadyAsync(Todo("1.0"))).Installed);
        Assert.True((await ReadyAsync(Todo("1.1"))).Installed);
        Assert.False(phone.Counters.Uninstalls.ContainsKey(Package));

        Assert.True((await ReadyAsync(Todo("1.0"))).Installed);
        Assert.Equal(1, phone.Counters.Uninstalls[Package]);
        Assert.Equal(3, phone.Counters.Installs[Package]);
        Assert.False((await ReadyAsync(Todo("1.0"))).Installed);
    }

    [Fact]
    public async Task Another_signer_means_uninstalling_first()
    {
        await ReadyAsync(Todo("1.0"));
        Assert.True((await ReadyAsync(Unsigned("1.1"))).Installed);
        Assert.Equal(1, phone.Counters.Uninstalls[Package]);
    }

    [Fact]
    public async Task A_full_phone_loses_the_app_that_was_not_needed_for_the_longest_time()
    {
        var (old, used, someones) = (Clone("com.example.tod1"), Clone("com.example.tod2"), Clone("com.example.tod3"));
        await ReadyAsync(used);
        await ReadyAsync(old);
        await ReadyAsync(used);
        await AdbAsync("install", someones.Path);
        await FaultAsync($"storage {(2 * new FileInfo(old.Path).Length) + new FileInfo(Todo("1.0").Path).Length + 500}");
        var gone = new List<string>();
        installer.Removed = (_, package) => gone.Add(package);

        Assert.True((await ReadyAsync(Todo("1.0"))).Installed);

        Assert.Equal([old.PackageId], gone);
        Assert.Equal([old.PackageId], phone.Counters.Uninstalls.Keys);
        Assert.False((await ReadyAsync(used)).Installed);
    }

    [Fact]
    public async Task What_others_installed_is_never_removed()
    {
        var (ours, someones) = (Clone("com.example.tod1"), Clone("com.example.tod2"));
        await ReadyAsync(ours);
        await AdbAsync("uninstall", ours.PackageId);
        await AdbAsync("install", ours.Path); // Now it is theirs.
        await AdbAsync("install", someones.Path);
        await FaultAsync("storage 1000");

        var failed = Assert.IsType<InstallFailed>(await installer.EnsureAsync(Device, "key", Todo("1.0"), null, Cancel));

        Assert.Contains("INSTALL_FAILED_INSUFFICIENT_STORAGE", failed.Reason, StringComparison.Ordinal);
        Assert.Contains("nothing is left on the phone that qgjob installed", failed.Reason, StringComparison.Ordinal);
        Assert.Equal(1, phone.Counters.Uninstalls.Values.Sum());
    }

    [Fact]
    public async Task An_update_that_has_no_room_beside_the_old_build_takes_its_place()
    {
        await ReadyAsync(Todo("1.0"));
        await FaultAsync($"storage {new FileInfo(Todo("1.1").Path).Length + 1000}");
        Assert.True((await ReadyAsync(Todo("1.1"))).Installed);
    }

    [Fact]
    public async Task A_wiped_phone_gets_the_app_again_and_nothing_is_called_resident_meanwhile()
    {
        var residents = new Residents(Path.Combine(folder, "residents.json"), installer);
        var corrected = 0;
        residents.Corrected = () => corrected++;
        var other = Clone("com.example.tod1");
        foreach (var build in (BuildFile[])[Todo("1.0"), other])
        {
            await ReadyAsync(build);
            residents.Note("key", new ResidentBuild(build.PackageId, build.Sha256, "acme", "1"));
        }

        Assert.Equal(2, (await residents.VerifyAsync(Device, "key", Cancel)).Count);
        await FaultAsync("wipe");
        Assert.Empty(await residents.VerifyAsync(Device, "key", Cancel));
        Assert.Empty(residents.Noted("key"));
        Assert.Equal(1, corrected);
        Assert.True((await ReadyAsync(Todo("1.0"))).Installed);
        Assert.False((await ReadyAsync(Todo("1.0"))).Installed);
    }

    [Fact]
    public async Task A_failure_of_the_phone_carries_androids_word()
    {
        await FaultAsync("install-failure INSTALL_FAILED_MEDIA_UNAVAILABLE");
        var failed = Assert.IsType<InstallFailed>(await installer.EnsureAsync(Device, "key", Todo("1.0"), null, Cancel));
        Assert.Contains("INSTALL_FAILED_MEDIA_UNAVAILABLE", failed.Reason, StringComparison.Ordinal);
        Assert.True((await ReadyAsync(Todo("1.0"))).Installed);
    }

    [Fact]
    public async Task A_phone_that_is_gone_is_a_failed_install_and_no_exception()
    {
        await ReadyAsync(Todo("1.0"));
        await adb.Client.DisconnectAsync(phone.Serial, Cancel);
        Assert.IsType<InstallFailed>(await installer.EnsureAsync(Device, "key", Todo("1.0"), null, Cancel));
        Assert.IsType<InstallFailed>(await installer.ReinstallAsync(Device, "key", Todo("1.0"), Cancel));
    }

    private static BuildFile Todo(string version) =>
        new(Path.Combine(AppContext.BaseDirectory, "Fixtures", $"todo-{version}.apk"), "sha-" + version, Package);

    private async Task<BuildReady> ReadyAsync(BuildFile build) =>
        Assert.IsType<BuildReady>(await installer.EnsureAsync(Device, "key", build, null, Cancel));

    private async Task FaultAsync(string fault) =>
        Assert.Equal(0, (await adb.Client.ShellAsync(phone.Serial, "qgjob-fault " + fault, Cancel)).ExitCode);

    private async Task AdbAsync(params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo("adb", ["-P", $"{adb.Client.Port}", "-s", phone.Serial, .. arguments]) { RedirectStandardOutput = true })!;
        await process.StandardOutput.ReadToEndAsync(Cancel);
        await process.WaitForExitAsync(Cancel);
        Assert.Equal(0, process.ExitCode);
    }

    /// <summary>The same app without its signatures.</summary>
    private BuildFile Unsigned(string version) => Rewrite("unsigned", Package, Todo(version).Path);

    /// <summary>The todo app under another name of the same length, unsigned.</summary>
    private BuildFile Clone(string package) => Rewrite(package, package, Todo("1.0").Path);

    private BuildFile Rewrite(string name, string package, string source)
    {
        var path = Path.Combine(folder, name + ".apk");
        using (var from = ZipFile.OpenRead(source))
        using (var to = ZipFile.Open(path, ZipArchiveMode.Create))
        {
            foreach (var entry in from.Entries.Where(e => !e.FullName.StartsWith("META-INF/", StringComparison.Ordinal)))
            {
                using var read = entry.Open();
                using var bytes = new MemoryStream();
                read.CopyTo(bytes);
                using var write = to.CreateEntry(entry.FullName).Open();
                write.Write(entry.FullName == "AndroidManifest.xml" ? Renamed(bytes.ToArray(), package) : bytes.ToArray());
            }
        }

        return new BuildFile(path, "sha-" + name, package);
    }

    private static byte[] Renamed(byte[] manifest, string package)
    {
        foreach (var encoding in (System.Text.Encoding[])[System.Text.Encoding.UTF8, System.Text.Encoding.Unicode])
        {
            var (old, @new) = (encoding.GetBytes(Package), encoding.GetBytes(package));
            for (var at = manifest.AsSpan().IndexOf(old); at >= 0; at = manifest.AsSpan().IndexOf(old))
            {
                if (package == Package) return manifest;
                @new.CopyTo(manifest, at);
            }
        }

        return manifest;
    }
}
