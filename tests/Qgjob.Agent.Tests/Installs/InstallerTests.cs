using Qgjob.Agent.Devices;
using Qgjob.Agent.Installs;
using Qgjob.Agent.Tests.Devices;

namespace Qgjob.Agent.Tests.Installs;

/// <summary>The adb program is a script that plays back answers; the adb server is in this process.</summary>
public sealed class InstallerTests : IAsyncLifetime
{
    private readonly string folder = Directory.CreateTempSubdirectory("qgjob-test-").FullName;
    private readonly FakeAdbServer adb = new();
    private string? update = "2026-01-01 10:00:00";

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private AdbDevice Phone => new(adb.Port, "phone");

    private BuildFile Build => new(Path.Combine(folder, "a.apk"), "aa11", "com.a");

    public ValueTask InitializeAsync()
    {
        adb.Shell = c => c.StartsWith("dumpsys package", StringComparison.Ordinal)
            ? (update is null ? "Unable to find package: com.a\n" : $"Packages:\n  Package [com.a] (1f):\n    codePath=/data/app/x==/com.a-1\n    versionCode=3 minSdk=21\n    lastUpdateTime={update}\n", 0)
            : ("Success\n", 0);
        return ValueTask.CompletedTask;
    }

    public async ValueTask DisposeAsync()
    {
        await adb.DisposeAsync();
        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public async Task A_build_is_installed_once_and_remembered_by_the_next_agent()
    {
        var started = 0;
        Assert.IsType<BuildReady>(await Ensure("Success", () => started++));
        Assert.Equal(new BuildReady(false, TimeSpan.Zero), await Ensure("must not run", () => started++));
        Assert.Equal(1, started);
        Assert.Equal(1, Runs);
        Assert.Equal("aa11", await New("").ResidentAsync(Phone, "key", "com.a", Cancel));
    }

    [Fact]
    public async Task Another_build_of_the_package_is_installed()
    {
        await Ensure("Success");
        Assert.True(((BuildReady)await New("Success").EnsureAsync(Phone, "key", Build with { Sha256 = "bb22" }, null, Cancel)).Installed);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("2026-02-02 10:00:00")]
    public async Task A_phone_that_was_wiped_or_changed_by_hand_is_noticed(string? update)
    {
        await Ensure("Success");
        this.update = update;
        Assert.Null(await New("").ResidentAsync(Phone, "key", "com.a", Cancel));
        this.update = "2026-03-03 10:00:00";
        Assert.True(((BuildReady)await Ensure("Success")).Installed);
    }

    [Theory]
    [InlineData("INSTALL_FAILED_VERSION_DOWNGRADE")]
    [InlineData("INSTALL_FAILED_UPDATE_INCOMPATIBLE")]
    public async Task What_cannot_be_updated_is_uninstalled_first(string code)
    {
        var outcome = await Ensure($"adb: failed to install a.apk: Failure [{code}: …]", null, "Success");
        Assert.True(Assert.IsType<BuildReady>(outcome).Installed);
        Assert.Contains("pm uninstall com.a", adb.Commands);
        Assert.Equal(2, Runs);
    }

    [Fact]
    public async Task Other_failures_carry_androids_word_and_are_not_remembered()
    {
        var failed = Assert.IsType<InstallFailed>(await Ensure("Failure [INSTALL_FAILED_INSUFFICIENT_STORAGE]"));
        Assert.Contains("INSTALL_FAILED_INSUFFICIENT_STORAGE", failed.Reason, StringComparison.Ordinal);
        Assert.Null(await New("").ResidentAsync(Phone, "key", "com.a", Cancel));
        Assert.DoesNotContain("pm uninstall com.a", adb.Commands);
    }

    [Fact]
    public async Task A_damaged_memory_costs_an_install_only()
    {
        await Ensure("Success");
        await File.WriteAllTextAsync(Path.Combine(folder, "installs.json"), "{ damaged", Cancel);
        Assert.True(((BuildReady)await Ensure("Success")).Installed);
    }

    [Fact]
    public void The_fingerprint_is_the_packages_own()
    {
        const string dump = "Activity Resolver Table:\n  versionCode=9\nPackages:\n  Package [com.a.b] (1):\n    versionCode=1\n  Package [com.a] (2):\n    codePath=/x\n    versionCode=2 minSdk=1\n    lastUpdateTime=2026-01-02 03:04:05\n  Package [com.z] (3):\n    versionCode=4\n";
        Assert.Equal("codePath=/x versionCode=2 lastUpdateTime=2026-01-02 03:04:05", Installer.Fingerprint(dump, "com.a"));
        Assert.Null(Installer.Fingerprint("Unable to find package: com.a", "com.a"));
    }

    private int Runs => File.ReadAllLines(Path.Combine(folder, "runs")).Length;

    private Task<InstallOutcome> Ensure(string first, Action? installing = null, string? second = null) =>
        New(first, second).EnsureAsync(Phone, "key", Build, installing, Cancel);

    private Installer New(string first, string? second = null)
    {
        var adb = Path.Combine(folder, "adb");
        var script = $"#!/bin/sh\necho \"$@\" >> '{folder}/runs'\nn=$(ls '{folder}' | grep -c '^ran')\ntouch '{folder}/ran'$n\n"
            + (second is null ? $"echo '{first}'\n" : $"if [ \"$n\" = 0 ]; then echo '{first}'; else echo '{second}'; fi\n");
        File.WriteAllText(adb, script);
        if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(adb, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        return new Installer(adb, new InstallRecords(Path.Combine(folder, "installs.json")), TimeProvider.System);
    }
}
