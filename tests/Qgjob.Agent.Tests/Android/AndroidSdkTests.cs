using Qgjob.Agent.Android;

namespace Qgjob.Agent.Tests.Android;

public sealed class AndroidSdkTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("qgjob-test-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public void A_whole_sdk_of_the_machine_is_used_as_it_is()
    {
        Put("home/platform-tools/adb");
        foreach (var tool in new[] { "aapt", "zipalign", "lib/apksigner.jar" }) Put($"home/build-tools/34.0.0/{tool}");
        Put("java/bin/java");
        var home = Path.Combine(folder, "home");
        var ready = Assert.IsType<SdkReady>(Ensure(("ANDROID_HOME", home), ("JAVA_HOME", Path.Combine(folder, "java"))));
        Assert.Equal(home, ready.Sdk.Home);
        Assert.False(Directory.Exists(Path.Combine(folder, "built")));
    }

    [Fact]
    public void What_is_missing_is_named_as_packages()
    {
        Put("bin/java");
        var missing = Assert.IsType<SdkMissing>(Ensure(("PATH", Path.Combine(folder, "bin")), ("ANDROID_HOME", folder)));
        Assert.Contains("adb", missing.Packages);
        Assert.DoesNotContain("default-jre-headless", missing.Packages);
        Assert.Contains("apt-get install adb", missing.Message, StringComparison.Ordinal);
        Assert.Contains($"ANDROID_HOME ({folder})", missing.Message, StringComparison.Ordinal);
    }

    private AndroidSdkOutcome Ensure(params (string Name, string Value)[] environment) =>
        AndroidSdk.Ensure(Path.Combine(folder, "built"), name => environment.FirstOrDefault(e => e.Name == name).Value);

    private void Put(string path)
    {
        var file = Path.Combine(folder, path);
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        File.WriteAllText(file, "");
    }
}
