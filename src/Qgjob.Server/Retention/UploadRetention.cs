using Qgjob.Core.Storage;
using Qgjob.Server.Blobs;

namespace Qgjob.Server.Retention;

/// <summary>Removes builds that no app version names any more, and test bundles that nobody used for longer than any history is kept.</summary>
internal sealed class UploadRetention(IJobStore store, IBlobs blobs)
{
    /// <summary>A build lies on the disk before its app version names it.</summary>
    private static readonly TimeSpan BeingUploaded = TimeSpan.FromHours(1);
    /// <summary>Submissions and downloads count as uses of a bundle, and attempts of a build; this covers the life of a run after the last of them.</summary>
    public static readonly TimeSpan LongestRun = TimeSpan.FromDays(8);

    /// <returns>Files that were removed.</returns>
    public async Task<int> RemoveAsync(KeepRules rules, DateTimeOffset now, CancellationToken cancel)
    {
        var old = new List<string>();
        await foreach (var bundle in blobs.ListAsync(BlobKeys.Bundles, cancel))
            if (bundle.ModifiedAt < now - rules.LongestHistory - LongestRun && await blobs.LastUseAsync(bundle, cancel) < now - rules.LongestHistory - LongestRun) old.Add(bundle.Key);
        var candidates = new List<string>();
        await foreach (var build in blobs.ListAsync(BlobKeys.Builds, cancel))
            if (build.ModifiedAt < now - BeingUploaded) candidates.Add(build.Key);
        if (candidates.Count > 0)
        {
            // Read after the files were listed: who was named meanwhile is among them.
            var named = await NamedAsync(cancel);
            old.AddRange(candidates.Where(b => !named.Contains(BlobKeys.LastPart(b))));
        }
        await blobs.DeleteAsync(old, cancel);
        return old.Count;
    }

    /// <summary>Of test bundles that no run can need any more, those that were not used for longest, until so much is free: whoever submits them again sends them again.</summary>
    /// <returns>Bytes that became free.</returns>
    public async Task<long> ShrinkAsync(long tooMuch, DateTimeOffset now, CancellationToken cancel)
    {
        var unused = new List<(DateTimeOffset At, BlobInfo Bundle)>();
        await foreach (var bundle in blobs.ListAsync(BlobKeys.Bundles, cancel))
            if (bundle.ModifiedAt < now - LongestRun && await blobs.LastUseAsync(bundle, cancel) is var used && used < now - LongestRun) unused.Add((used, bundle));
        var gone = new List<string>();
        long bytes = 0;
        foreach (var (_, bundle) in unused.OrderBy(u => u.At).TakeWhile(_ => bytes < tooMuch))
        {
            gone.Add(bundle.Key);
            bytes += bundle.Length;
        }
        await blobs.DeleteAsync(gone, cancel);
        return bytes;
    }

    /// <summary>What builds and bundles take.</summary>
    public async Task<long> BytesAsync(CancellationToken cancel)
    {
        long bytes = 0;
        await foreach (var build in blobs.ListAsync(BlobKeys.Builds, cancel)) bytes += build.Length;
        await foreach (var bundle in blobs.ListAsync(BlobKeys.Bundles, cancel)) bytes += bundle.Length;
        return bytes;
    }

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
}
