using System.Globalization;
using Microsoft.AspNetCore.StaticFiles;
using Qgjob.Client.Wire;
using Qgjob.Server.Blobs;
using Qgjob.Server.Hosting;
using Qgjob.Server.Http;

namespace Qgjob.Server.Artifacts;

/// <summary>Files that attempts left, in a folder per attempt.</summary>
internal sealed class ArtifactFiles(BlobFolder blobs, ServerSettings settings)
{
    private const int MaxDepth = 10;
    private static readonly FileExtensionContentTypeProvider Types = new();

    /// <exception cref="RefusedException">The name could leave the folder, or the file is too large.</exception>
    public async Task PutAsync(string jobId, int attempt, string name, HttpRequest request, CancellationToken cancel)
    {
        if (!IsSafe(name)) throw RefusedException.Invalid("name", "must be a relative path of plain names, without '..', at most 512 characters");
        await using var file = await blobs.ReceiveAsync(request, settings.MaxArtifactBytes, "max-artifact", cancel);
        try
        {
            await file.KeepAsync(Path.Combine(FolderOf(jobId, attempt), name));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException && NameClashes(jobId, attempt, name))
        {
            throw RefusedException.Conflict($"'{name}' is a file where another artifact needs a folder, or the other way round.");
        }
    }

    public IReadOnlyList<ArtifactView> List(string jobId)
    {
        var folder = Path.GetDirectoryName(blobs.AttemptFolder(jobId, 1))!;
        if (!Directory.Exists(folder)) return [];
        var found = new List<ArtifactView>();
        foreach (var attempt in Directory.EnumerateDirectories(folder).Select(d => int.TryParse(Path.GetFileName(d), NumberStyles.None, CultureInfo.InvariantCulture, out var n) ? n : 0).Where(n => n > 0).Order())
        {
            var files = FolderOf(jobId, attempt);
            if (!Directory.Exists(files)) continue;
            found.AddRange(new DirectoryInfo(files).EnumerateFiles("*", SearchOption.AllDirectories)
                .Select(f => (Name: Path.GetRelativePath(files, f.FullName).Replace('\\', '/'), f.Length))
                .OrderBy(f => f.Name, StringComparer.Ordinal)
                .Select(f => new ArtifactView(f.Name, f.Length, TypeOf(f.Name), attempt)));
        }
        return found;
    }

    /// <summary>The file's path, or null.</summary>
    public string? Find(string jobId, int attempt, string name)
    {
        if (!IsSafe(name)) return null;
        var path = Path.Combine(FolderOf(jobId, attempt), name);
        return File.Exists(path) ? path : null;
    }

    public static string TypeOf(string name) =>
        Path.GetExtension(name) is ".log" or ".jsonl" ? "text/plain; charset=utf-8"
        : Types.TryGetContentType(name, out var type) ? type
        : "application/octet-stream";

    private string FolderOf(string jobId, int attempt) => Path.Combine(blobs.AttemptFolder(jobId, attempt), "files");

    private bool NameClashes(string jobId, int attempt, string name)
    {
        var folder = FolderOf(jobId, attempt);
        var parts = name.Split('/');
        return Directory.Exists(Path.Combine(folder, name))
            || Enumerable.Range(1, parts.Length - 1).Any(i => File.Exists(Path.Combine([folder, .. parts[..i]])));
    }

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
