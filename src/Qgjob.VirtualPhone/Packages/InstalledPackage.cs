using Qgjob.Core.Apps;

namespace Qgjob.Phones.Packages;

/// <summary>A package on the phone. Guarded by the phone's gate.</summary>
internal sealed record InstalledPackage(
    ApkManifest Manifest, string Blob, string ApkPath, int Uid, HashSet<string> Granted, DateTimeOffset FirstInstalled, DateTimeOffset Updated,
    string? Signer, long Bytes)
{
    public string Id => Manifest.PackageId;

    public string Folder => ApkPath[..ApkPath.LastIndexOf('/')];

    public string? Instrumentation =>
        Manifest.InstrumentationName is { } name ? $"{Id}/{name}" : null;

    /// <summary>Appium's settings app starts activities that its manifest hides behind aliases and libraries.</summary>
    public bool HasActivity(string name) => Manifest.Activities.Contains(FullClass(name));

    public string FullClass(string name) => name.StartsWith('.') ? Id + name : name;
}

/// <summary>What an installation came to.</summary>
internal abstract record InstallOutcome
{
    public sealed record Installed(InstalledPackage Package) : InstallOutcome;

    /// <param name="Code">As Android names it, such as INSTALL_FAILED_VERSION_DOWNGRADE.</param>
    /// <param name="Detail">As Android words it.</param>
    public sealed record Refused(string Code, string Detail) : InstallOutcome;
}

/// <param name="Replace">-r; the default on current phones.</param>
/// <param name="GrantAll">-g.</param>
/// <param name="AllowDowngrade">-d.</param>
internal readonly record struct InstallFlags(bool Replace, bool GrantAll, bool AllowDowngrade);
