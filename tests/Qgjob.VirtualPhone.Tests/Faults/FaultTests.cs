using Qgjob.Phones.Packages;
using Qgjob.Phones.Tests.Apps;
using static Qgjob.Phones.Tests.ApkBuilder;

namespace Qgjob.Phones.Tests.Faults;

public sealed class FaultTests : IDisposable
{
    private const string Ui = """{"screens":{"m":[{"class":"Button","text":"one"}]}}""";
    private readonly PhoneBench bench = new();

    public void Dispose() => bench.Dispose();

    [Fact]
    public async Task Installations_fail_as_often_as_they_were_told_to_and_as_they_were_told()
    {
        Assert.Equal(0, (await bench.RunAsync("qgjob-fault install-failure INSTALL_FAILED_MEDIA_UNAVAILABLE 2")).Code);
        Assert.Equal("INSTALL_FAILED_MEDIA_UNAVAILABLE", Assert.IsType<InstallOutcome.Refused>(await bench.InstallAsync(Apk(Todo, 1))).Code);
        Assert.IsType<InstallOutcome.Refused>(await bench.InstallAsync(Apk(Todo, 1)));
        Assert.IsType<InstallOutcome.Installed>(await bench.InstallAsync(Apk(Todo, 1)));
    }

    [Fact]
    public async Task Appiums_own_packages_are_spared()
    {
        await bench.RunAsync("qgjob-fault install-failure");
        await bench.RunAsync("qgjob-fault storage 1");
        Assert.IsType<InstallOutcome.Installed>(await bench.InstallAsync(Apk("io.appium.settings", 1)));
        Assert.IsType<InstallOutcome.Refused>(await bench.InstallAsync(Apk(Todo, 1)));
    }

    [Fact]
    public async Task A_full_phone_takes_an_app_again_when_another_has_gone()
    {
        await bench.InstallAsync(Apk("a.one", 1));
        await bench.RunAsync($"qgjob-fault storage {Apk("a.one", 1).Length + 100}");

        Assert.Equal("INSTALL_FAILED_INSUFFICIENT_STORAGE", Assert.IsType<InstallOutcome.Refused>(await bench.InstallAsync(Apk("a.two", 1))).Code);
        await bench.RunAsync("pm uninstall a.one");
        Assert.IsType<InstallOutcome.Installed>(await bench.InstallAsync(Apk("a.two", 1)));
    }

    [Fact]
    public async Task Only_the_same_signer_may_update_an_app_also_after_a_restart()
    {
        var signed = await File.ReadAllBytesAsync(ApkSignerTests.Build("1.0"), TestContext.Current.CancellationToken);
        Assert.IsType<InstallOutcome.Installed>(await bench.InstallAsync(signed));
        Assert.IsType<InstallOutcome.Installed>(await bench.InstallAsync(signed));
        bench.Restart();

        var refused = Assert.IsType<InstallOutcome.Refused>(await bench.InstallAsync(Apk(Todo, 9)));
        Assert.Equal("INSTALL_FAILED_UPDATE_INCOMPATIBLE", refused.Code);
        await bench.RunAsync($"pm uninstall {Todo}");
        Assert.IsType<InstallOutcome.Installed>(await bench.InstallAsync(Apk(Todo, 9)));
    }

    [Fact]
    public async Task A_slow_installation_takes_the_time_it_was_given()
    {
        await bench.RunAsync("qgjob-fault slow-install 30");
        var started = bench.Time.GetUtcNow();
        var install = bench.InstallAsync(Apk(Todo, 1));
        while (!install.IsCompleted)
        {
            bench.Time.Advance(TimeSpan.FromSeconds(1));
            await Task.Yield();
        }

        Assert.True(bench.Time.GetUtcNow() - started >= TimeSpan.FromSeconds(30));
    }

    [Fact]
    public async Task A_crashed_app_is_gone_and_the_log_says_so()
    {
        Assert.Contains("does not run", (await bench.RunAsync("qgjob-fault app-crash")).Error, StringComparison.Ordinal);
        await bench.StartAppAsync(Ui);
        Assert.Equal(0, (await bench.RunAsync("qgjob-fault app-crash")).Code);
        Assert.Equal("com.android.launcher3", bench.Phone.Screen.Front.Package);
        Assert.Contains(bench.Phone.Log.Snapshot(), l => l.Message == $"Process: {Todo}, PID: {3001}");
        Assert.Equal(1, (await bench.RunAsync($"pidof {Todo}")).Code);
    }

    [Fact]
    public async Task A_wiped_phone_has_nothing_left_also_after_a_restart()
    {
        await bench.StartAppAsync(Ui);
        await bench.RunAsync("settings put global a 1; echo x > /sdcard/x");
        await bench.RunAsync("qgjob-fault wipe");
        bench.Restart();

        Assert.Equal("", (await bench.RunAsync("pm list packages")).Output);
        Assert.Equal("null\n", (await bench.RunAsync("settings get global a")).Output);
        Assert.NotEqual(0, (await bench.RunAsync("cat /sdcard/x")).Code);
        Assert.Empty(Directory.EnumerateFiles(Path.Combine(bench.Phone.Options.DataFolder, "blobs")));
        Assert.Empty(Directory.EnumerateFiles(Path.Combine(bench.Phone.Options.DataFolder, "data")));
    }

    [Fact]
    public async Task A_hang_ends_by_itself_or_when_it_is_cleared()
    {
        await bench.RunAsync("qgjob-fault hang 20");
        var waiting = bench.Phone.Faults.WhileHangingAsync(TestContext.Current.CancellationToken);
        bench.Time.Advance(TimeSpan.FromSeconds(19));
        Assert.False(waiting.IsCompleted);
        Assert.Contains("hangs for: 1.0 s", (await bench.RunAsync("qgjob-fault status")).Output, StringComparison.Ordinal);
        await bench.RunAsync("qgjob-fault clear");
        bench.Time.Advance(TimeSpan.FromSeconds(1));
        await waiting.WaitAsync(TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken);
    }

    [Theory]
    [InlineData("")]
    [InlineData("disconnect")]
    [InlineData("disconnect soon")]
    [InlineData("storage -1")]
    [InlineData("install-failure X many")]
    [InlineData("explode")]
    public async Task What_it_does_not_understand_gets_the_usage(string arguments)
    {
        var (code, _, error) = await bench.RunAsync($"qgjob-fault {arguments}");
        Assert.Equal(2, code);
        Assert.StartsWith("usage: qgjob-fault", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Chances_repeat_with_the_seed_and_differ_between_seeds()
    {
        var (first, again, other) = (await FailuresAsync(1), await FailuresAsync(1), await FailuresAsync(2));
        Assert.Equal(first, again);
        Assert.NotEqual(first, other);
        Assert.InRange(first.Count(f => f), 5, 25); // of 40, where half are expected
    }

    [Fact]
    public async Task An_app_that_starts_is_struck_soon_after()
    {
        using var bench = new PhoneBench(o => o with { Faults = FaultRates.Parse("app-crash=1") });
        await bench.StartAppAsync(Ui);
        Assert.Equal(Todo, bench.Phone.Screen.Front.Package);
        bench.Time.Advance(TimeSpan.FromSeconds(3));
        await WaitUntilAsync(() => bench.Phone.Screen.Front.Package != Todo);
    }

    [Fact]
    public void Rates_are_read_and_mistakes_are_named()
    {
        Assert.Equal(new FaultRates { Disconnect = 0.02, InstallFailure = 1, SlowInstall = 0.5 },
            FaultRates.Parse("disconnect=0.02, install-failure=1,slow-install=.5"));
        Assert.Equal(new FaultRates(), FaultRates.Parse(""));
        Assert.Contains("'explode'", Assert.Throws<FormatException>(() => FaultRates.Parse("explode=1")).Message, StringComparison.Ordinal);
        foreach (var wrong in (string[])["hang", "hang=", "hang=2", "hang=-1", "hang=x"])
            Assert.Contains($"'{wrong}'", Assert.Throws<FormatException>(() => FaultRates.Parse(wrong)).Message, StringComparison.Ordinal);
    }

    private static async Task<List<bool>> FailuresAsync(int seed)
    {
        using var bench = new PhoneBench(o => o with { Faults = FaultRates.Parse("install-failure=0.5"), FaultSeed = seed });
        var failures = new List<bool>();
        for (var i = 0; i < 40; i++)
            failures.Add(await bench.InstallAsync(Apk(Todo, 1)) is InstallOutcome.Refused);
        return failures;
    }

    /// <summary>For what happens on another thread right after the clock has moved.</summary>
    private static async Task WaitUntilAsync(Func<bool> holds)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        using var again = new PeriodicTimer(TimeSpan.FromMilliseconds(5));
        while (!holds())
            await again.WaitForNextTickAsync(limit.Token);
    }

    private static byte[] Apk(string package, int version) => new ApkBuilder().With(Manifest(package, version)).Build();
}
