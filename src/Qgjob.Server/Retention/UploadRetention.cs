using Qgjob.Core.Storage;
using Qgjob.Server.Blobs;

namespace Qgjob.Server.Retention;

/// <summary>Removes builds that no app version names any more, and test bundles that nobody used for longer than any history is kept.</summary>
internal sealed class UploadRetention(IJobStore store, BlobFolder blobs)
{
    /// <summary>A build lies on the disk before its app version names it.</summary>
    private static readonly TimeSpan BeingUploaded = TimeSpan.FromHours(1);
    /// <summary>Submissions and downloads count as uses of a bundle; this covers the life of a run after the last of them.</summary>
    private static readonly TimeSpan LongestRun = TimeSpan.FromDays(8);

    /// <returns>Files that were removed.</returns>
    public async Task<int> RemoveAsync(KeepRules rules, DateTimeOffset now, CancellationToken cancel)
    {
        var removed = 0;
        foreach (var bundle in blobs.Bundles().Where(b => LastUse(b) < now - rules.LongestHistory - LongestRun).ToList())
        {
            bundle.Delete();
            removed++;
        }
        var candidates = blobs.Builds().Where(b => b.LastWriteTimeUtc < now - BeingUploaded).ToList();
        if (candidates.Count == 0) return removed;
        // Read after the files were listed: who was named meanwhile is among them.
        var named = await NamedAsync(cancel);
        foreach (var build in candidates.Where(b => !named.Contains(b.Name)))
        {
            build.Delete();
            removed++;
        }
        return removed;
    }

    /// <summary>What builds and bundles take.</summary>
    public long Bytes() => blobs.Builds().Concat(blobs.Bundles()).Sum(f => f.Exists ? f.Length : 0);

    private async Task<HashSet<string>> NamedAsync(CancellationToken cancel)
    {
        var named = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        string? cursor = null;
        do
        {
            var page = await store.ListAppVersionsAsync(null, new PageRequest(500, cursor), cancel);
            foreach (var version in page.Items) named.UnionWith(version.Builds.Select(b => b.Sha256));
            cursor = page.Next;
        }
        while (cursor is not null);
        return named;
    }

    private static DateTime LastUse(FileInfo file) => file.LastAccessTimeUtc > file.LastWriteTimeUtc ? file.LastAccessTimeUtc : file.LastWriteTimeUtc;
}
