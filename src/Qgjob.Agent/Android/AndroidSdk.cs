using Qgjob.Agent.Processes;

namespace Qgjob.Agent.Android;

/// <summary>An Android SDK folder in the layout that AppWright and Appium look for.</summary>
/// <param name="Home">The folder; for programs see <see cref="Environment"/>.</param>
/// <param name="Adb">Path of the adb program.</param>
/// <param name="JavaHome">Value for JAVA_HOME.</param>
internal sealed record AndroidSdk(string Home, string Adb, string JavaHome)
{
    /// <summary>What `AndroidSdk` needs from Debian or Ubuntu.</summary>
    public const string AptPackages = "adb aapt apksigner zipalign default-jre-headless";

    // AppWright takes only folders named like a version; Debian's own is called "debian". The number is adb's there.
    private const string BuildToolsVersion = "29.0.3";
    private static readonly string[] SignerJars = ["/usr/share/java/apksigner.jar", "/usr/lib/android-sdk/build-tools/debian/apksigner.jar"];

    public IReadOnlyDictionary<string, string?> Environment => new Dictionary<string, string?>
    {
        ["ANDROID_HOME"] = ShellSafePath.Of(Home),
        ["ANDROID_SDK_ROOT"] = ShellSafePath.Of(Home),
        ["JAVA_HOME"] = JavaHome,
    };

    /// <summary>The machine's own SDK if it is whole, else one built in <paramref name="folder"/> from Debian's tools.</summary>
    public static AndroidSdkOutcome Ensure(string folder) => Ensure(folder, System.Environment.GetEnvironmentVariable);

    public static AndroidSdkOutcome Ensure(string folder, Func<string, string?> environment)
    {
        var path = environment("PATH");
        var java = FindJavaHome(environment("JAVA_HOME"), path);
        var own = environment("ANDROID_HOME") ?? environment("ANDROID_SDK_ROOT");
        if (own is not null && java is not null && IsWhole(own)) return new SdkReady(Of(own, java));

        var missing = new List<string>();
        string? Need(string program, string package, params string[] fallbacks)
        {
            var found = ProgramPath.Find(program, path) ?? fallbacks.FirstOrDefault(File.Exists);
            if (found is null) missing.Add(package);
            return found;
        }

        var adb = Need("adb", "adb");
        var aapt = Need("aapt", "aapt", "/usr/lib/android-sdk/build-tools/debian/aapt");
        var aapt2 = Need("aapt2", "aapt", "/usr/lib/android-sdk/build-tools/debian/aapt2");
        var apksigner = Need("apksigner", "apksigner");
        var zipalign = Need("zipalign", "zipalign");
        var jar = Array.Find(SignerJars, File.Exists);
        if (jar is null) missing.Add("apksigner");
        if (java is null) missing.Add("default-jre-headless");
        if (missing.Count > 0) return new SdkMissing([.. missing.Distinct()], own);

        var tools = Path.Combine(folder, "build-tools", BuildToolsVersion);
        Link(Path.Combine(folder, "platform-tools", "adb"), adb!);
        Link(Path.Combine(tools, "aapt"), aapt!);
        Link(Path.Combine(tools, "aapt2"), aapt2!);
        Link(Path.Combine(tools, "zipalign"), zipalign!);
        Link(Path.Combine(tools, "apksigner"), apksigner!);
        Link(Path.Combine(tools, "lib", "apksigner.jar"), jar!);
        return new SdkReady(Of(folder, java!));
    }

    private static AndroidSdk Of(string home, string java) => new(home, Path.Combine(home, "platform-tools", "adb"), java);

    private static bool IsWhole(string home)
    {
        var tools = Path.Combine(home, "build-tools");
        return File.Exists(Path.Combine(home, "platform-tools", "adb"))
            && Directory.Exists(tools)
            && Directory.EnumerateDirectories(tools).Any(d =>
                Version.TryParse(Path.GetFileName(d).Split('-')[0], out var version) && version.Build >= 0
                && File.Exists(Path.Combine(d, "aapt"))
                && File.Exists(Path.Combine(d, "zipalign"))
                && File.Exists(Path.Combine(d, "lib", "apksigner.jar")));
    }

    private static string? FindJavaHome(string? set, string? path)
    {
        if (set is not null && File.Exists(Path.Combine(set, "bin", "java"))) return set;
        if (ProgramPath.Find("java", path) is not { } java) return null;
        var real = File.ResolveLinkTarget(java, returnFinalTarget: true)?.FullName ?? java;
        return Path.GetDirectoryName(Path.GetDirectoryName(real));
    }

    /// <summary>Two agents may do this at once: whoever comes second finds the link in place.</summary>
    private static void Link(string link, string target)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(link)!);
        if (new FileInfo(link).LinkTarget == target) return;
        File.Delete(link);
        try
        {
            File.CreateSymbolicLink(link, target);
        }
        catch (IOException) when (new FileInfo(link).LinkTarget == target)
        {
            // The other agent was quicker.
        }
    }
}

internal abstract record AndroidSdkOutcome;

internal sealed record SdkReady(AndroidSdk Sdk) : AndroidSdkOutcome;

/// <param name="Packages">Debian packages that bring what is missing.</param>
/// <param name="RejectedHome">ANDROID_HOME, when it is set but not whole.</param>
internal sealed record SdkMissing(IReadOnlyList<string> Packages, string? RejectedHome) : AndroidSdkOutcome
{
    public string Message =>
        (RejectedHome is null ? "" : $"ANDROID_HOME ({RejectedHome}) lacks platform-tools or build-tools. ")
        + $"Android's tools are missing. Install them: apt-get install {string.Join(' ', Packages)}";
}
