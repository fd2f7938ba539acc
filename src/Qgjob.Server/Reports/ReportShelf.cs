using System.Text.Json;
using Qgjob.Server.Blobs;

namespace Qgjob.Server.Reports;

/// <summary>
/// Where HTML reports and the wishes for them lie. A report lies with the files of its run's first job, so that retention
/// counts and removes it with them; it can be made again as long as these are there.
/// </summary>
internal sealed class ReportShelf(BlobFolder blobs)
{
    private string Wishes => Path.Combine(Path.GetDirectoryName(blobs.AttemptFolder("j", 1))!, "..", "..", "report-wishes");

    /// <summary>The report of the run whose first job this is, as a zip; null when there is none.</summary>
    public Task<FileStream?> OpenAsync(string firstJobId, CancellationToken cancel)
    {
        cancel.ThrowIfCancellationRequested();
        try
        {
            return Task.FromResult<FileStream?>(new FileStream(ReportPath(firstJobId), FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete));
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return Task.FromResult<FileStream?>(null);
        }
    }

    public Task KeepAsync(string firstJobId, ReceivedFile file, CancellationToken cancel)
    {
        cancel.ThrowIfCancellationRequested();
        return file.KeepAsync(ReportPath(firstJobId));
    }

    public Task ForgetAsync(string firstJobId, CancellationToken cancel)
    {
        cancel.ThrowIfCancellationRequested();
        if (File.Exists(ReportPath(firstJobId))) File.Delete(ReportPath(firstJobId));
        return Task.CompletedTask;
    }

    public async Task<ReportWish?> FindWishAsync(string runId, CancellationToken cancel)
    {
        try
        {
            return JsonSerializer.Deserialize(await File.ReadAllBytesAsync(WishPath(runId), cancel), ReportWishJson.Default.ReportWish);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException or JsonException)
        {
            return null;
        }
    }

    public async Task PutWishAsync(ReportWish wish, CancellationToken cancel)
    {
        Directory.CreateDirectory(Wishes);
        var draft = WishPath(wish.RunId) + ".draft";
        await File.WriteAllBytesAsync(draft, JsonSerializer.SerializeToUtf8Bytes(wish, ReportWishJson.Default.ReportWish), cancel);
        File.Move(draft, WishPath(wish.RunId), overwrite: true);
    }

    public Task RemoveWishAsync(string runId, CancellationToken cancel)
    {
        cancel.ThrowIfCancellationRequested();
        if (File.Exists(WishPath(runId))) File.Delete(WishPath(runId));
        return Task.CompletedTask;
    }

    /// <summary>Runs whose report somebody wants, of all replicas.</summary>
    public Task<IReadOnlyList<string>> WishedAsync(CancellationToken cancel)
    {
        cancel.ThrowIfCancellationRequested();
        return Task.FromResult<IReadOnlyList<string>>(!Directory.Exists(Wishes) ? []
            : [.. Directory.EnumerateFiles(Wishes, "*.json").Select(f => Path.GetFileNameWithoutExtension(f))]);
    }

    private string ReportPath(string firstJobId) => Path.Combine(Path.GetDirectoryName(blobs.AttemptFolder(firstJobId, 1))!, "report", "html.zip");

    private string WishPath(string runId) => Path.Combine(Wishes, runId + ".json");
}
