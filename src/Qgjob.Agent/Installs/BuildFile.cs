using System.Security.Cryptography;
using Qgjob.Core.Apps;

namespace Qgjob.Agent.Installs;

/// <summary>A build on this host, ready to be installed.</summary>
/// <param name="Path">The file.</param>
/// <param name="Sha256">Lower-case hexadecimal.</param>
internal sealed record BuildFile(string Path, string Sha256, string PackageId)
{
    /// <exception cref="InvalidApkException">The file is no APK.</exception>
    public static async Task<BuildFile> ReadAsync(string path, CancellationToken cancel)
    {
        var file = File.OpenRead(path);
        await using (file.ConfigureAwait(false))
        {
            var hash = await SHA256.HashDataAsync(file, cancel).ConfigureAwait(false);
            return new BuildFile(path, Convert.ToHexStringLower(hash), ApkManifest.Read(path).PackageId);
        }
    }
}
