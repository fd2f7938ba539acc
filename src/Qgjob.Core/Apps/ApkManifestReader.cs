namespace Qgjob.Core.Apps;

/// <summary>Finds in a parsed manifest what <see cref="ApkManifest"/> holds.</summary>
internal static class ApkManifestReader
{
    // Attribute ids of the framework (android.R.attr); shrinkers may blank the names, never the ids.
    private const uint Name = 0x01010003;
    private const uint Enabled = 0x0101000e;
    private const uint DebuggableId = 0x0101000f;
    private const uint TargetPackage = 0x01010021;
    private const uint MinSdkVersion = 0x0101020c;
    private const uint VersionCodeId = 0x0101021b;
    private const uint VersionNameId = 0x0101021c;
    private const uint TargetSdkVersion = 0x01010270;
    private const uint VersionCodeMajor = 0x01010576;

    public static ApkManifest Read(XmlElement manifest)
    {
        if (manifest.Name != "manifest")
            throw new InvalidApkException($"The APK's AndroidManifest.xml starts with <{manifest.Name}> instead of <manifest>.");
        var package = manifest.Text("package", 0);
        if (package is null || !IsPackageName(package))
            throw new InvalidApkException($"The APK's AndroidManifest.xml has no valid package name (found '{package}').");

        var sdk = manifest.Child("uses-sdk");
        var application = manifest.Child("application");
        var instrumentation = manifest.Child("instrumentation");
        var minSdk = (int)(sdk?.Number("minSdkVersion", MinSdkVersion) ?? 1);
        var activities = (application?.Children ?? [])
            .Where(e => e.Name is "activity" or "activity-alias").ToList();
        return new ApkManifest(
            package,
            ((manifest.Number("versionCodeMajor", VersionCodeMajor) ?? 0) << 32)
                | (manifest.Number("versionCode", VersionCodeId) ?? 0),
            manifest.Text("versionName", VersionNameId) ?? "",
            activities.Where(IsLaunchable).Select(a => ClassName(package, a)).FirstOrDefault(n => n is not null),
            minSdk,
            (int)(sdk?.Number("targetSdkVersion", TargetSdkVersion) ?? minSdk),
            [.. manifest.Children
                .Where(e => e.Name is "uses-permission" or "uses-permission-sdk-23")
                .Select(e => e.Text("name", Name)).OfType<string>().Distinct()],
            [.. activities.Select(a => ClassName(package, a)).OfType<string>().Distinct()],
            instrumentation is null ? null : ClassName(package, instrumentation),
            instrumentation?.Text("targetPackage", TargetPackage),
            application?.Flag("debuggable", DebuggableId) ?? false);
    }

    private static bool IsLaunchable(XmlElement activity) =>
        activity.Flag("enabled", Enabled) != false && activity.Children.Any(f => f.Name == "intent-filter"
            && Has(f, "action", "android.intent.action.MAIN")
            && (Has(f, "category", "android.intent.category.LAUNCHER")
                || Has(f, "category", "android.intent.category.LEANBACK_LAUNCHER")));

    private static bool Has(XmlElement filter, string element, string name) =>
        filter.Children.Any(e => e.Name == element && e.Text("name", Name) == name);

    private static string? ClassName(string package, XmlElement element) => element.Text("name", Name) switch
    {
        null or "" => null,
        ['.', ..] shortName => package + shortName,
        var name when !name.Contains('.', StringComparison.Ordinal) => $"{package}.{name}",
        var name => name,
    };

    /// <summary>Android's own rule: two or more parts of letters, digits and underscores, each starting with a letter.</summary>
    private static bool IsPackageName(string name) =>
        name.Length <= 255 && name.Contains('.', StringComparison.Ordinal) && name.Split('.').All(part =>
            part.Length > 0 && char.IsAsciiLetter(part[0]) && part.All(c => char.IsAsciiLetterOrDigit(c) || c == '_'));
}
