using System.Text.Json;
using Qgjob.Server.Blobs;

namespace Qgjob.Server.Reports;

/// <summary>
/// HTML reports and the wishes for them, as blobs. A report lies with the files of its run's first job, so that retention
/// counts and removes it with them; it can be made again as long as these are there.
/// </summary>
internal sealed class ReportShelf(IBlobs blobs)
{
    private const string Ending = ".json";

    /// <summary>The report of the run whose first job this is, as a zip; null when there is none.</summary>
    public async Task<Stream?> OpenAsync(string firstJobId, CancellationToken cancel) =>
        (await blobs.OpenAsync(BlobKeys.Report(firstJobId), cancel))?.Content;

    public Task KeepAsync(string firstJobId, ReceivedFile file, CancellationToken cancel) => blobs.PutAsync(BlobKeys.Report(firstJobId), file, cancel);

    public async Task<ReportWish?> FindWishAsync(string runId, CancellationToken cancel)
    {
        if (await blobs.OpenAsync(Key(runId), cancel) is not { Content: var content }) return null;
        await using (content)
            try
            {
                return await JsonSerializer.DeserializeAsync(content, ReportWishJson.Default.ReportWish, cancel);
            }
            catch (JsonException)
            {
                return null; // Of another version: whoever still wants the report asks again.
            }
    }

    public Task PutWishAsync(ReportWish wish, CancellationToken cancel) =>
        blobs.PutAsync(Key(wish.RunId), JsonSerializer.SerializeToUtf8Bytes(wish, ReportWishJson.Default.ReportWish), cancel);

    public Task RemoveWishAsync(string runId, CancellationToken cancel) => blobs.DeleteAsync([Key(runId)], cancel);

    /// <summary>Runs whose report somebody wants, of all replicas.</summary>
    public async Task<IReadOnlyList<string>> WishedAsync(CancellationToken cancel)
    {
        var runs = new List<string>();
        await foreach (var blob in blobs.ListAsync(BlobKeys.ReportWishes, cancel))
            if (BlobKeys.LastPart(blob.Key) is var name && name.EndsWith(Ending, StringComparison.Ordinal) && name[0] != '.') runs.Add(name[..^Ending.Length]);
        return runs;
    }

    private static string Key(string runId) => BlobKeys.ReportWishes + runId + Ending;
}
