using Qgjob.Phones.Packages;
using static Qgjob.Phones.Tests.ApkBuilder;

namespace Qgjob.Phones.Tests.Shell;

public sealed class InstallTests : IDisposable
{
    private readonly PhoneBench bench = new();

    public void Dispose() => bench.Dispose();

    [Fact]
    public async Task A_lower_version_code_is_refused_unless_allowed()
    {
        await bench.InstallAsync(Apk(5));

        var refused = Assert.IsType<InstallOutcome.Refused>(await bench.InstallAsync(Apk(4)));
        Assert.Equal("INSTALL_FAILED_VERSION_DOWNGRADE", refused.Code);
        Assert.Equal(5, bench.Phone.Packages.Find(Todo)!.Manifest.VersionCode);
        Assert.IsType<InstallOutcome.Installed>(await bench.InstallAsync(Apk(4), new InstallFlags(true, false, AllowDowngrade: true)));
    }

    [Fact]
    public async Task An_update_keeps_data_and_permissions_and_an_uninstall_takes_both()
    {
        const string ui = """{"data":{"n":"0"},"screens":{"m":[{"class":"Button","text":"{n}","tap":{"set":"n","to":"7"}}]}}""";
        await bench.StartAppAsync(ui);
        await bench.RunAsync($"pm grant {Todo} android.permission.CAMERA");
        bench.Tap("0");

        await bench.InstallAsync(new ApkBuilder().With(Manifest(Todo, 2)).WithUi(ui).Build());
        await bench.RunAsync($"am start -n {Todo}/.MainActivity");
        Assert.Equal("7", bench.Screen());
        Assert.True(bench.Phone.Packages.IsGranted(Todo, "android.permission.CAMERA"));

        Assert.Equal("Success\n", (await bench.RunAsync($"pm uninstall {Todo}")).Output);
        await bench.StartAppAsync(ui);
        Assert.Equal("0", bench.Screen());
        Assert.False(bench.Phone.Packages.IsGranted(Todo, "android.permission.CAMERA"));
    }

    [Fact]
    public async Task Clearing_ends_the_app_wipes_its_data_and_takes_permissions_back()
    {
        await bench.StartAppAsync("""{"data":{"n":"0"},"screens":{"m":[{"class":"Button","text":"{n}","tap":{"set":"n","to":"7"}}]}}""");
        await bench.RunAsync($"pm grant {Todo} android.permission.CAMERA");
        bench.Tap("0");

        Assert.Equal("Success\n", (await bench.RunAsync($"pm clear {Todo}")).Output);

        Assert.Equal("com.android.launcher3", bench.Phone.Screen.Front.Package);
        await bench.RunAsync($"am start -n {Todo}/.MainActivity");
        Assert.Equal("0", bench.Screen());
        Assert.False(bench.Phone.Packages.IsGranted(Todo, "android.permission.CAMERA"));
        Assert.Equal(1, bench.Phone.Tally.Snapshot().Clears[Todo]);
    }

    [Fact]
    public async Task What_is_no_apk_and_what_needs_a_newer_android_is_refused()
    {
        var noApk = Assert.IsType<InstallOutcome.Refused>(await bench.InstallAsync([1, 2, 3]));
        Assert.Equal("INSTALL_PARSE_FAILED_NOT_APK", noApk.Code);
        var tooNew = Manifest(Todo) with { Children = [new Node("uses-sdk", [("minSdkVersion", 99)])] };
        var refused = Assert.IsType<InstallOutcome.Refused>(await bench.InstallAsync(new ApkBuilder().With(tooNew).Build()));
        Assert.Equal("INSTALL_FAILED_OLDER_SDK", refused.Code);
        Assert.Empty(bench.Phone.Tally.Snapshot().Installs);
        Assert.Empty(Directory.EnumerateFiles(Path.Combine(bench.Phone.Options.DataFolder, "blobs")));
    }

    [Fact]
    public async Task An_installation_takes_as_long_as_it_was_told_to()
    {
        using var slow = new PhoneBench(o => o with { InstallDelay = TimeSpan.FromSeconds(3) });

        var install = slow.InstallAsync(Apk(1));
        Assert.False(install.IsCompleted);
        Assert.Null(slow.Phone.Packages.Find(Todo));
        while (!install.IsCompleted)
        {
            // The timer is set after the APK was read; time moves until it has run.
            slow.Time.Advance(TimeSpan.FromSeconds(1));
            await Task.Yield();
        }

        Assert.IsType<InstallOutcome.Installed>(await install);
    }

    [Fact]
    public async Task Unknown_packages_are_answered_as_android_does()
    {
        Assert.Equal((1, "Failure [DELETE_FAILED_INTERNAL_ERROR]\n"), await CodeAndOutputAsync("pm uninstall a.b"));
        Assert.Equal((1, "Failed\n"), await CodeAndOutputAsync("pm clear a.b"));
        Assert.Equal((1, ""), await CodeAndOutputAsync("pm path a.b"));
        Assert.Equal((0, "\nUnable to find package: a.b\n"), await CodeAndOutputAsync("dumpsys package a.b"));
        Assert.Equal(255, (await bench.RunAsync("pm grant a.b android.permission.CAMERA")).Code);
        Assert.Contains("does not exist", (await bench.RunAsync("am start -n a.b/.C")).Error, StringComparison.Ordinal);
    }

    private async Task<(int, string)> CodeAndOutputAsync(string line)
    {
        var (code, output, _) = await bench.RunAsync(line);
        return (code, output);
    }

    private static byte[] Apk(int version) => new ApkBuilder().With(Manifest(Todo, version)).Build();
}
