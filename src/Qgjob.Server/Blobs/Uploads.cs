using System.Security.Cryptography;
using Qgjob.Core;
using Qgjob.Server.Hosting;
using Qgjob.Server.Http;

namespace Qgjob.Server.Blobs;

/// <summary>
/// Takes bodies in: to a file of this server first, hashed on the way, never more than a buffer in memory. So nothing that
/// is damaged, too large or cut off gets a key, and what goes to a bucket can be sent again.
/// </summary>
internal sealed class Uploads(ServerSettings settings, IIdSource ids)
{
    private string Unfinished => Path.Combine(settings.BlobsFolder, "unfinished");

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
}

/// <summary>A body on the disk that has no key yet; deleted unless it became a blob's file.</summary>
internal sealed class ReceivedFile(string path, FileStream file, string sha256, long length) : IAsyncDisposable
{
    private bool kept;

    public string Sha256 { get; } = sha256;
    public long Length { get; } = length;
    public FileStream Content => file;

    /// <summary>Becomes the file of this path, replacing what is there.</summary>
    public async Task MoveAsync(string target)
    {
        file.Flush(flushToDisk: true);
        await file.DisposeAsync();
        File.Move(path, target, overwrite: true);
        kept = true;
    }

    public async ValueTask DisposeAsync()
    {
        await file.DisposeAsync();
        if (!kept) File.Delete(path);
    }
}
