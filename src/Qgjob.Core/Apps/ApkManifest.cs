using System.IO.Compression;

namespace Qgjob.Core.Apps;

/// <summary>What an APK says about itself in its AndroidManifest.xml. Read without Android's tools.</summary>
/// <param name="PackageId">For example com.example.todo. Always a valid Android package name.</param>
/// <param name="VersionCode">The number that Android compares on updates; includes versionCodeMajor.</param>
/// <param name="VersionName">For people; empty where the manifest has none or only a reference to a resource.</param>
/// <param name="LaunchActivity">Full class name of the activity (or alias) that a launcher starts; null where there is none.</param>
/// <param name="MinSdk">Lowest API level; 1 where the manifest does not say.</param>
/// <param name="TargetSdk">API level the app was made for; <paramref name="MinSdk"/> where the manifest does not say.</param>
/// <param name="Permissions">Requested permissions, in the manifest's order, each once.</param>
/// <param name="Activities">Full class names of all activities and aliases.</param>
/// <param name="InstrumentationName">Full class name of the test runner, for a test APK.</param>
/// <param name="InstrumentationTarget">Package that the test runner drives, for a test APK.</param>
/// <param name="Debuggable">Whether the application is marked debuggable.</param>
public sealed record ApkManifest(
    string PackageId,
    long VersionCode,
    string VersionName,
    string? LaunchActivity,
    int MinSdk,
    int TargetSdk,
    IReadOnlyList<string> Permissions,
    IReadOnlyList<string> Activities,
    string? InstrumentationName,
    string? InstrumentationTarget,
    bool Debuggable)
{
    /// <summary>A manifest is tens of kilobytes; whatever needs more than this is a trap.</summary>
    private const int MaxManifestBytes = 8 * 1024 * 1024;

    /// <summary>Reads the manifest of an APK file.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="InvalidApkException">The file is no APK, or a damaged one.</exception>
    public static ApkManifest Read(string path)
    {
        using var file = File.OpenRead(path);
        return Read(file);
    }

    /// <summary>Reads the manifest of an APK.</summary>
    /// <param name="apk">A stream that can seek (so that no upload is ever copied to memory); stays open.</param>
    /// <exception cref="InvalidApkException">The stream is no APK, or a damaged one.</exception>
    public static ApkManifest Read(Stream apk)
    {
        ArgumentNullException.ThrowIfNull(apk);
        if (!apk.CanSeek)
            throw new ArgumentException("An APK is read from its end: the stream must be able to seek.", nameof(apk));
        return ApkManifestReader.Read(BinaryXml.Parse(ReadManifestBytes(apk)));
    }

    private static byte[] ReadManifestBytes(Stream apk)
    {
        try
        {
            apk.Position = 0;
            using var zip = new ZipArchive(apk, ZipArchiveMode.Read, leaveOpen: true);
            var entry = zip.GetEntry("AndroidManifest.xml")
                ?? throw new InvalidApkException("This is a zip file but not an APK: it has no AndroidManifest.xml.");
            using var content = entry.Open();
            return ReadLimited(content);
        }
        // ZipArchive reports damage in all these ways, depending on where the damage is.
        catch (Exception ex) when (ex is InvalidDataException or IOException or ArgumentException
            or NotSupportedException or OverflowException)
        {
            throw new InvalidApkException("This is not an APK: it cannot be read as a zip file, or it is damaged or cut short.", ex);
        }
    }

    private static byte[] ReadLimited(Stream content)
    {
        using var bytes = new MemoryStream();
        var buffer = new byte[16 * 1024];
        int read;
        while ((read = content.Read(buffer)) > 0)
        {
            bytes.Write(buffer, 0, read);
            if (bytes.Length > MaxManifestBytes)
                throw new InvalidApkException("The APK's AndroidManifest.xml is larger than 8 MB; no real one is.");
        }

        return bytes.ToArray();
    }
}
