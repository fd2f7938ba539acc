using System.Globalization;
using Microsoft.AspNetCore.StaticFiles;
using Qgjob.Client.Wire;
using Qgjob.Server.Blobs;
using Qgjob.Server.Hosting;
using Qgjob.Server.Http;

namespace Qgjob.Server.Artifacts;

/// <summary>Files that attempts left, and notes on those that were not kept.</summary>
internal sealed class ArtifactFiles(IBlobs blobs, Uploads uploads, LeftOutFiles leftOut, ServerSettings settings)
{
    private const int MostFiles = 5000;
    private const int MostNotes = 200;
    private static readonly FileExtensionContentTypeProvider Types = new();

    /// <summary>Stores a file, if it fits. The hash is what the sender counted; null when it did not.</summary>
    /// <exception cref="RefusedException">The name could leave the folder, the file or the attempt's files would be too large, or it is damaged.</exception>
    public async Task PutAsync(string jobId, int attempt, string name, string? sha256, HttpRequest request, CancellationToken cancel)
    {
        var key = ArtifactName.ToKey(name) ?? throw RefusedException.Invalid("name", ArtifactName.Rule);
        try
        {
            var room = await RoomAsync(jobId, attempt, key, cancel);
            await using var file = room < settings.MaxArtifactBytes
                ? await uploads.ReceiveAsync(request, room, "what is left of max-attempt", cancel)
                : await uploads.ReceiveAsync(request, settings.MaxArtifactBytes, "max-artifact", cancel);
            if (sha256 is not null && !sha256.Equals(file.Sha256, StringComparison.OrdinalIgnoreCase))
                throw RefusedException.Invalid("sha256", $"the bytes of '{name}' that arrived have the SHA-256 {file.Sha256}, not {sha256}: the file changed while it was sent, or was damaged.");
            await blobs.PutAsync(BlobKeys.Files(jobId, attempt) + key, file, cancel);
        }
        catch (RefusedException e) when (e.Status == StatusCodes.Status413PayloadTooLarge)
        {
            await leftOut.NoteAsync(jobId, attempt, [new LeftOutFile(name, request.ContentLength ?? 0, e.Message)], cancel);
            throw;
        }
    }

    /// <summary>Files and notes, by attempt and name.</summary>
    public async Task<IReadOnlyList<ArtifactView>> ListAsync(string jobId, CancellationToken cancel)
    {
        var job = BlobKeys.Job(jobId);
        var found = new List<ArtifactView>();
        var notes = new List<(int Attempt, string Key)>();
        await foreach (var blob in blobs.ListAsync(job, cancel))
            if (blob.Key[job.Length..].Split('/', 3) is [var number, var kind, var rest] && int.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out var attempt))
            {
                if (kind == "files") found.Add(ViewOf(ArtifactName.FromKey(rest), blob.Length, attempt, null));
                else if (kind == "left-out" && notes.Count < MostNotes) notes.Add((attempt, blob.Key));
            }
        var kept = found.Select(f => (f.Attempt, f.Name)).ToHashSet();
        foreach (var (attempt, key) in notes)
            // A later try may have been taken.
            if (await leftOut.ReadAsync(key, cancel) is { } file && !kept.Contains((attempt, file.Name))) found.Add(ViewOf(file.Name, file.SizeBytes, attempt, file.Note));
        return [.. found.OrderBy(a => a.Attempt).ThenBy(a => a.Name, StringComparer.Ordinal)];
    }

    /// <summary>The file, or null.</summary>
    public async Task<OpenBlob?> OpenAsync(string jobId, int attempt, string name, CancellationToken cancel) =>
        ArtifactName.ToKey(name) is { } key ? await blobs.OpenAsync(BlobKeys.Files(jobId, attempt) + key, cancel) : null;

    public static string TypeOf(string name) =>
        Path.GetExtension(name) is ".log" or ".jsonl" or ".txt" ? "text/plain; charset=utf-8"
        : Types.TryGetContentType(name, out var type) ? type
        : "application/octet-stream";

    private static ArtifactView ViewOf(string name, long length, int attempt, string? note) => new(name, length, TypeOf(name), attempt, note);

    /// <summary>How many bytes the attempt may still leave, a file of this key being replaced.</summary>
    private async Task<long> RoomAsync(string jobId, int attempt, string key, CancellationToken cancel)
    {
        var (folder, files) = (BlobKeys.Files(jobId, attempt), 0);
        var room = settings.MaxAttemptBytes;
        await foreach (var blob in blobs.ListAsync(folder, cancel))
        {
            if (blob.Key.AsSpan(folder.Length).SequenceEqual(key)) continue;
            room -= blob.Length;
            if (++files == MostFiles) throw RefusedException.TooLarge($"The attempt left {MostFiles} files already, the most that are kept of one.");
        }
        return Math.Max(0, room);
    }
}
