using Qgjob.Core.Storage;

namespace Qgjob.Server.Retention;

/// <summary>Removes logs and artifacts of finished runs: those that are too old, and the oldest when they take too much room.</summary>
internal sealed class FileRetention(IJobStore store, JobFiles files, UploadRetention uploads, Settled settled)
{
    private const int FoldersPerStep = 200;
    /// <summary>Files without a job: one that was purged while something was still being written.</summary>
    private static readonly TimeSpan OrphansAfter = TimeSpan.FromHours(1);

    private readonly Dictionary<string, string> orgs = [];

    /// <returns>Jobs whose files were removed.</returns>
    public async Task<int> RemoveOldAsync(KeepRules rules, DateTimeOffset now, Func<Task<bool>> next, CancellationToken cancel)
    {
        var removed = 0;
        var looked = 0;
        // An attempt leaves nothing before it begins, so files that are younger are not due, whenever their run ended.
        foreach (var folder in (await files.AllAsync(cancel)).TakeWhile(f => f.At < now - rules.ShortestFiles))
        {
            if (await RemoveAsync(folder, rules, now, onlyOld: true, cancel)) removed++;
            if (++looked % FoldersPerStep == 0 && !await next()) break;
        }
        return removed;
    }

    /// <returns>Jobs whose files were removed.</returns>
    public async Task<int> RemoveBeyondAsync(long? maxBytes, KeepRules rules, DateTimeOffset now, Func<Task<bool>> next, CancellationToken cancel)
    {
        var quotas = rules.Quotas.ToList();
        if (maxBytes is null && quotas.Count == 0) return 0;
        var left = await files.AllAsync(cancel);
        var removed = new HashSet<JobFolder>();
        foreach (var (org, bytes) in quotas)
        {
            var own = new List<JobFolder>();
            foreach (var one in left)
                if (await OrgOfAsync(one.JobId, cancel) == org) own.Add(one);
            await ShrinkAsync(own, own.Sum(f => f.Bytes) - bytes, removed, rules, now, next, cancel);
        }
        foreach (var gone in orgs.Keys.Except(left.Select(s => s.JobId)).ToList()) orgs.Remove(gone);
        if (maxBytes is not { } most) return removed.Count;
        left.RemoveAll(removed.Contains);
        var tooMuch = left.Sum(f => f.Bytes) + await uploads.BytesAsync(cancel) - most;
        // What can be had again goes before what cannot.
        if (tooMuch > 0) tooMuch -= await uploads.ShrinkAsync(tooMuch, now, cancel);
        await ShrinkAsync(left, tooMuch, removed, rules, now, next, cancel);
        return removed.Count;
    }

    private async Task ShrinkAsync(
        List<JobFolder> oldestFirst, long tooMuch, HashSet<JobFolder> removed, KeepRules rules, DateTimeOffset now, Func<Task<bool>> next, CancellationToken cancel)
    {
        var steps = 0;
        foreach (var one in oldestFirst)
        {
            if (tooMuch <= 0) return;
            if (++steps % FoldersPerStep == 0 && !await next()) return;
            if (!await RemoveAsync(one, rules, now, onlyOld: false, cancel)) continue;
            tooMuch -= one.Bytes;
            removed.Add(one);
        }
    }

    private async Task<bool> RemoveAsync(JobFolder folder, KeepRules rules, DateTimeOffset now, bool onlyOld, CancellationToken cancel)
    {
        if (await store.FindJobAsync(folder.JobId, cancel) is not { Job: var job })
        {
            if (now - folder.At < OrphansAfter) return false;
            await files.RemoveAsync(folder.JobId, cancel);
            return true;
        }
        if (await store.FindRunAsync(job.RunId, cancel) is not { } run) return false;
        if (onlyOld && !(run.FinishedAt < now - rules.FilesOf(run.OrgId))) return false;
        if (!await settled.IsAsync(run, [job], now, cancel)) return false;
        await files.EmptyAsync(job.Id, cancel);
        return true;
    }

    private async ValueTask<string?> OrgOfAsync(string jobId, CancellationToken cancel)
    {
        if (orgs.TryGetValue(jobId, out var org)) return org;
        return await store.FindJobAsync(jobId, cancel) is { Job.OrgId: var found } ? orgs[jobId] = found : null;
    }
}
