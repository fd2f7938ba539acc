using System.Globalization;
using Microsoft.AspNetCore.StaticFiles;
using Qgjob.Client.Wire;
using Qgjob.Server.Blobs;
using Qgjob.Server.Hosting;
using Qgjob.Server.Http;

namespace Qgjob.Server.Artifacts;

/// <summary>Files that attempts left.</summary>
internal sealed class ArtifactFiles(IBlobs blobs, Uploads uploads, ServerSettings settings)
{
    private const int MaxDepth = 10;
    private static readonly FileExtensionContentTypeProvider Types = new();

    /// <exception cref="RefusedException">The name could leave the folder, or the file is too large.</exception>
    public async Task PutAsync(string jobId, int attempt, string name, HttpRequest request, CancellationToken cancel)
    {
        if (!IsSafe(name)) throw RefusedException.Invalid("name", "must be a relative path of plain names, without '..', at most 512 characters");
        await using var file = await uploads.ReceiveAsync(request, settings.MaxArtifactBytes, "max-artifact", cancel);
        await blobs.PutAsync(BlobKeys.Files(jobId, attempt) + name, file, cancel);
    }

    public async Task<IReadOnlyList<ArtifactView>> ListAsync(string jobId, CancellationToken cancel)
    {
        var job = BlobKeys.Job(jobId);
        var found = new List<ArtifactView>();
        await foreach (var blob in blobs.ListAsync(job, cancel))
            if (blob.Key[job.Length..].Split('/', 3) is [var number, "files", var name] && int.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out var attempt))
                found.Add(new ArtifactView(name, blob.Length, TypeOf(name), attempt));
        return [.. found.OrderBy(a => a.Attempt).ThenBy(a => a.Name, StringComparer.Ordinal)];
    }

    /// <summary>The file, or null.</summary>
    public async Task<OpenBlob?> OpenAsync(string jobId, int attempt, string name, CancellationToken cancel) =>
        IsSafe(name) ? await blobs.OpenAsync(BlobKeys.Files(jobId, attempt) + name, cancel) : null;

    public static string TypeOf(string name) =>
        Path.GetExtension(name) is ".log" or ".jsonl" ? "text/plain; charset=utf-8"
        : Types.TryGetContentType(name, out var type) ? type
        : "application/octet-stream";

    /// <summary>No way out of the folder, on any operating system, and nothing that a header or a page would choke on.</summary>
    private static bool IsSafe(string name)
    {
        if (name.Length is 0 or > 512) return false;
        var parts = name.Split('/');
        return parts.Length <= MaxDepth && parts.All(p =>
            p.Length is > 0 and <= 200 && !p.All(c => c == '.') && p[^1] != ' '
            && !p.Any(c => char.IsControl(c) || char.IsSurrogate(c) || "\\:*?\"<>|%".Contains(c, StringComparison.Ordinal)));
    }
}
