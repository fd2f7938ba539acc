using System.Security.Cryptography;
using Qgjob.Core;
using Qgjob.Server.Hosting;
using Qgjob.Server.Http;

namespace Qgjob.Server.Blobs;

/// <summary>
/// Files in a folder: <c>builds/ab/abc…</c> and <c>bundles/org/abc…</c> by hash, <c>attempts/job/number/</c> with log and
/// artifacts. A file appears under its name only when it is whole and on the disk.
/// </summary>
internal sealed class BlobFolder(ServerSettings settings, IIdSource ids)
{
    private readonly string root = settings.BlobsFolder;

    private string Unfinished => Path.Combine(root, "unfinished");

    public string BuildPath(string sha256) => Path.Combine(root, "builds", sha256[..2], sha256);

    public string BundlePath(string orgId, string sha256) => Path.Combine(root, "bundles", FileNameOf(orgId), sha256);

    public string AttemptFolder(string jobId, int attempt) => Path.Combine(root, "attempts", jobId, attempt.ToString(System.Globalization.CultureInfo.InvariantCulture));

    /// <summary>Every build's file.</summary>
    public IEnumerable<FileInfo> Builds() => FilesIn("builds");

    /// <summary>Every test bundle's file.</summary>
    public IEnumerable<FileInfo> Bundles() => FilesIn("bundles");

    /// <summary>Notes that a bundle was used, so that it is kept; its bytes and their date stay.</summary>
    public static void Use(string bundlePath, DateTimeOffset now)
    {
        try
        {
            File.SetLastAccessTimeUtc(bundlePath, now.UtcDateTime);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // It went this moment, which its reader meets next; or a file system that keeps no such times.
        }
    }

    private IEnumerable<FileInfo> FilesIn(string folder) =>
        Directory.Exists(Path.Combine(root, folder)) ? new DirectoryInfo(Path.Combine(root, folder)).EnumerateFiles("*", SearchOption.AllDirectories) : [];

    /// <summary>Takes a body in, hashing it on the way; never more than a buffer of it is in memory.</summary>
    /// <exception cref="RefusedException">It is larger than the limit.</exception>
    public async Task<ReceivedFile> ReceiveAsync(HttpRequest request, long limit, string limitSetting, CancellationToken cancel)
    {
        if (request.ContentLength > limit) throw RefusedException.TooLarge(limit, limitSetting);
        // The limit is counted here: Kestrel's own default is far below a build.
        if (request.HttpContext.Features.Get<Microsoft.AspNetCore.Http.Features.IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } size) size.MaxRequestBodySize = null;
        Directory.CreateDirectory(Unfinished);
        var path = Path.Combine(Unfinished, ids.NewId("u"));
        // Held open without sharing while it is written: another server's clean-up sees that it is in use.
        var file = new FileStream(path, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.None, 1, FileOptions.Asynchronous);
        try
        {
            using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
            var buffer = new byte[128 * 1024];
            long length = 0;
            int read;
            while ((read = await request.Body.ReadAsync(buffer, cancel)) > 0)
            {
                length += read;
                if (length > limit) throw RefusedException.TooLarge(limit, limitSetting);
                hash.AppendData(buffer, 0, read);
                await file.WriteAsync(buffer.AsMemory(0, read), cancel);
            }
            file.Flush(flushToDisk: true);
            return new ReceivedFile(path, file, Convert.ToHexStringLower(hash.GetHashAndReset()), length);
        }
        catch
        {
            await file.DisposeAsync();
            File.Delete(path);
            throw;
        }
    }

    /// <summary>Removes what uploads left that a stopped server was receiving.</summary>
    public void RemoveLeftovers()
    {
        if (!Directory.Exists(Unfinished)) return;
        foreach (var path in Directory.EnumerateFiles(Unfinished))
            try
            {
                using (new FileStream(path, FileMode.Open, FileAccess.ReadWrite, FileShare.None)) File.Delete(path);
            }
            catch (IOException)
            {
                // Another server is writing it.
            }
    }

    /// <summary>An org's name as a folder's, on file systems that know no upper case, too.</summary>
    private static string FileNameOf(string orgId) =>
        string.Concat(orgId.Select(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c is '-' or '_' ? c.ToString() : $"%{(int)c:x2}"));
}

/// <summary>A body on the disk that has no name yet; deleted unless kept.</summary>
internal sealed class ReceivedFile(string path, FileStream file, string sha256, long length) : IAsyncDisposable
{
    private bool kept;

    public string Sha256 { get; } = sha256;
    public long Length { get; } = length;
    public Stream Content => file;

    /// <summary>Gives the file its name, replacing what has it.</summary>
    public async Task KeepAsync(string name)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(name)!);
        await file.DisposeAsync();
        File.Move(path, name, overwrite: true);
        kept = true;
    }

    public async ValueTask DisposeAsync()
    {
        await file.DisposeAsync();
        if (!kept) File.Delete(path);
    }
}
