using Qgjob.Core.Apps;
using static Qgjob.Phones.Tests.ApkBuilder;

namespace Qgjob.Phones.Tests.Apps;

public sealed class ApkManifestTests
{
    [Fact]
    public void An_apk_made_by_aapt_tells_what_it_is()
    {
        var manifest = ApkManifest.Read(Path.Combine(AppContext.BaseDirectory, "Fixtures", "todo-made-by-aapt.apk"));

        Assert.Equal("com.example.todo", manifest.PackageId);
        Assert.Equal(1, manifest.VersionCode);
        Assert.Equal("1.0", manifest.VersionName);
        Assert.Equal("com.example.todo.MainActivity", manifest.LaunchActivity);
        Assert.Equal((21, 29), (manifest.MinSdk, manifest.TargetSdk));
        Assert.Equal(["android.permission.CAMERA"], manifest.Permissions);
        Assert.True(manifest.Debuggable);
        Assert.Null(manifest.InstrumentationName);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Both_kinds_of_string_pool_are_read(bool utf8)
    {
        var manifest = Read(new ApkBuilder().With(Manifest("com.example.tast", 7, "1.2-β"), utf8).Build());

        Assert.Equal(("com.example.tast", 7L, "1.2-β"), (manifest.PackageId, manifest.VersionCode, manifest.VersionName));
        Assert.Equal("com.example.tast.MainActivity", manifest.LaunchActivity);
        Assert.Equal(["android.permission.CAMERA", "android.permission.RECORD_AUDIO"], manifest.Permissions);
    }

    [Fact]
    public void An_alias_can_be_what_the_launcher_starts_and_a_disabled_activity_cannot()
    {
        var manifest = Read(new ApkBuilder().With(Manifest(Todo, application: new Node("application", [],
            Launcher("activity", ".Old", ("enabled", false)), Launcher("activity-alias", "com.other.Start")))).Build());

        Assert.Equal("com.other.Start", manifest.LaunchActivity);
        Assert.Equal(["com.example.todo.Old", "com.other.Start"], manifest.Activities);
    }

    [Fact]
    public void A_test_apk_names_its_runner_and_target()
    {
        var manifest = Read(new ApkBuilder().With(Manifest("a.b.test", more:
            [new Node("instrumentation", [("name", "androidx.test.Runner"), ("targetPackage", "a.b")])])).Build());

        Assert.Equal(("androidx.test.Runner", "a.b"), (manifest.InstrumentationName, manifest.InstrumentationTarget));
    }

    [Fact]
    public void A_reference_to_a_resource_is_no_text()
    {
        var node = Manifest(Todo) with { Attributes = [("package", Todo), ("versionName", new Reference(0x7f020001))] };

        Assert.Equal("", Read(new ApkBuilder().With(node).Build()).VersionName);
    }

    [Theory]
    [InlineData("not a zip at all", "not an APK")]
    [InlineData("", "not an APK")]
    public void What_is_no_zip_is_refused_in_plain_words(string content, string message)
    {
        var error = Assert.Throws<InvalidApkException>(() => Read(System.Text.Encoding.UTF8.GetBytes(content)));

        Assert.Contains(message, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Other_wrong_files_are_told_apart()
    {
        Assert.Contains("no AndroidManifest.xml", Message(new ApkBuilder().With("x.txt", [1]).Build()), StringComparison.Ordinal);
        Assert.Contains("plain text", Message(new ApkBuilder().With("AndroidManifest.xml", "<manifest/>"u8.ToArray()).Build()), StringComparison.Ordinal);
        Assert.Contains("no valid package name", Message(new ApkBuilder().With(Manifest("../../etc")).Build()), StringComparison.Ordinal);
        Assert.Contains("larger than 8 MB", Message(new ApkBuilder().With("AndroidManifest.xml", new byte[9 << 20]).Build()), StringComparison.Ordinal);

        static string Message(byte[] apk) => Assert.Throws<InvalidApkException>(() => Read(apk)).Message;
    }

    [Fact]
    public void Damage_anywhere_ends_in_a_manifest_or_in_the_one_exception()
    {
        var good = Compile(Manifest(Todo), utf8: true);
        var random = new Random(20260101);
        for (var round = 0; round < 3000; round++)
        {
            var bytes = good.ToArray();
            for (var hits = random.Next(1, 6); hits > 0; hits--)
                bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
            ReadQuietly(new ApkBuilder().With("AndroidManifest.xml", bytes[..random.Next(bytes.Length / 2, bytes.Length)]).Build());
            ReadQuietly(new ApkBuilder().With("AndroidManifest.xml", bytes).Build());
        }
    }

    [Fact]
    public void Damage_to_the_zip_ends_in_a_manifest_or_in_the_one_exception()
    {
        var good = new ApkBuilder().With(Manifest(Todo)).Build();
        var random = new Random(20260102);
        for (var round = 0; round < 3000; round++)
        {
            var bytes = good.ToArray();
            for (var hits = random.Next(1, 6); hits > 0; hits--)
                bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
            ReadQuietly(round % 2 == 0 ? bytes : bytes[..random.Next(bytes.Length)]);
        }
    }

    private static void ReadQuietly(byte[] apk)
    {
        try
        {
            Read(apk);
        }
        catch (InvalidApkException)
        {
            // The one exception that callers have to expect.
        }
    }

    private static ApkManifest Read(byte[] apk)
    {
        using var stream = new MemoryStream(apk);
        return ApkManifest.Read(stream);
    }
}
