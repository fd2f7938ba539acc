using System.Security.Cryptography;
using Qgjob.Core.Apps;

namespace Qgjob.Cli.Submission;

/// <summary>A name for a build that nobody named: its package and its hash, so that equal builds are one app version, whoever built them.</summary>
internal static class BuildName
{
    private const int LettersOfHash = 12;
    private const int MostOfPackage = 100;

    /// <param name="path">The build.</param>
    public static string Of(string path)
    {
        if (!File.Exists(path)) throw CliException.Usage($"There is no file {path}.", "Give the build, an .apk file.");
        using var file = File.OpenRead(path);
        var hash = Convert.ToHexStringLower(SHA256.HashData(file))[..LettersOfHash];
        file.Position = 0;
        try
        {
            var package = ApkManifest.Read(file).PackageId;
            return $"{package[..Math.Min(package.Length, MostOfPackage)]}-{hash}";
        }
        catch (InvalidApkException)
        {
            // The server says what is wrong with it, if anything is.
            return $"build-{hash}";
        }
    }
}
