using Qgjob.Server.Blobs;

namespace Qgjob.Server.Retention;

/// <summary>What a job's attempts left: logs and artifacts.</summary>
/// <param name="JobId">The job.</param>
/// <param name="At">When something was last added.</param>
/// <param name="Bytes">All of it.</param>
internal sealed record JobFolder(string JobId, DateTimeOffset At, long Bytes);

/// <summary>Logs and artifacts by job. A mark is left where retention removed some.</summary>
internal sealed class JobFiles(IBlobs blobs)
{
    /// <summary>Jobs of which there is something, the oldest first.</summary>
    public async Task<List<JobFolder>> AllAsync(CancellationToken cancel)
    {
        var jobs = new Dictionary<string, JobFolder>();
        await foreach (var blob in blobs.ListAsync(BlobKeys.Attempts, cancel))
        {
            if (blob.Key[BlobKeys.Attempts.Length..].Split('/', 2) is not [var job, not "removed"]) continue;
            jobs[job] = jobs.TryGetValue(job, out var known)
                ? known with { At = known.At > blob.ModifiedAt ? known.At : blob.ModifiedAt, Bytes = known.Bytes + blob.Length }
                : new JobFolder(job, blob.ModifiedAt, blob.Length);
        }
        return [.. jobs.Values.OrderBy(j => j.At)];
    }

    /// <summary>There was something, and retention removed it.</summary>
    public Task<bool> AreRemovedAsync(string jobId, CancellationToken cancel) => blobs.ExistsAsync(BlobKeys.Removed(jobId), cancel);

    /// <summary>Removes what the job's attempts left, and marks that.</summary>
    public async Task EmptyAsync(string jobId, CancellationToken cancel)
    {
        var all = new List<string>();
        await foreach (var blob in blobs.ListAsync(BlobKeys.Job(jobId), cancel)) all.Add(blob.Key);
        // First the mark: whoever finds nothing is told why.
        await blobs.PutAsync(BlobKeys.Removed(jobId), ReadOnlyMemory<byte>.Empty, cancel);
        await blobs.DeleteAsync(all, cancel);
    }

    /// <summary>Removes everything: the job itself goes, or is gone.</summary>
    public Task RemoveAsync(string jobId, CancellationToken cancel) => blobs.DeleteAllAsync(BlobKeys.Job(jobId), cancel);
}
