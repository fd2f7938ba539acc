using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Qgjob.Client.Wire;
using Qgjob.Server.Blobs;

namespace Qgjob.Server.Artifacts;

/// <summary>Notes on files that were not kept: too large, too many, of a kind that is not sent.</summary>
internal sealed class LeftOutFiles(IBlobs blobs)
{
    private const int MostFiles = 200;
    private const int MaxName = 1000;
    private const int MaxNote = 500;

    public async Task NoteAsync(string jobId, int attempt, IEnumerable<LeftOutFile> files, CancellationToken cancel)
    {
        foreach (var file in files.Take(MostFiles))
        {
            var note = new LeftOutFile(Cut(file.Name, MaxName), Math.Max(0, file.SizeBytes), Cut(file.Note, MaxNote));
            // By a hash: the name may be the very reason.
            var key = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(file.Name)))[..24];
            await blobs.PutAsync(BlobKeys.LeftOut(jobId, attempt) + key, JsonSerializer.SerializeToUtf8Bytes(note, WireJson.Default.LeftOutFile), cancel);
        }
    }

    /// <summary>One note, or null when it went meanwhile.</summary>
    public async Task<LeftOutFile?> ReadAsync(string key, CancellationToken cancel)
    {
        if (await blobs.OpenAsync(key, cancel) is not { Content: var content }) return null;
        await using (content) return await JsonSerializer.DeserializeAsync(content, WireJson.Default.LeftOutFile, cancel);
    }

    private static string Cut(string text, int length) => text.Length <= length ? text : text[..length] + "…";
}
