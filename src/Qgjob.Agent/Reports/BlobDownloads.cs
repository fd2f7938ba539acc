using Qgjob.Agent.Leases;
using Qgjob.Client;
using Qgjob.Client.Http;
using Qgjob.Client.Wire;
using Qgjob.Core.Jobs;

namespace Qgjob.Agent.Reports;

/// <summary>The blob reports of a run's accepted attempts, fetched from the server.</summary>
internal sealed class BlobDownloads(QgjobClient client, string folder, TimeProvider time, Random random)
{
    private const int Tries = 5;
    private const int AtOnce = 4;
    private readonly Dictionary<string, IReadOnlyList<string>> files = [];

    /// <summary>A job's recordings, the oldest attempt first.</summary>
    public IReadOnlyList<string> Of(JobResults job) => files.GetValueOrDefault(job.JobId) ?? [];

    public async Task FetchAsync(IReadOnlyList<JobResults> jobs, CancellationToken cancel)
    {
        Directory.CreateDirectory(folder);
        await Parallel.ForEachAsync(jobs, new ParallelOptions { MaxDegreeOfParallelism = AtOnce, CancellationToken = cancel }, async (job, c) =>
        {
            var found = await FetchAsync(job, c).ConfigureAwait(false);
            lock (files) files[job.JobId] = found;
        }).ConfigureAwait(false);
    }

    private async Task<IReadOnlyList<string>> FetchAsync(JobResults job, CancellationToken cancel)
    {
        if (job.Attempt == 0) return [];
        IReadOnlyList<ArtifactView> artifacts;
        HashSet<int> counted;
        try
        {
            // What comes from devices and agents that failed says nothing about tests.
            var attempts = (await client.FindJobAsync(job.JobId, cancel).ConfigureAwait(false))?.Attempts ?? [];
            counted = [.. attempts.Where(a => !JobLifecycle.IsInfraFailure(a.Outcome)).Select(a => a.Number)];
            artifacts = (await client.ListArtifactsAsync(job.JobId, cancel).ConfigureAwait(false)).Items;
        }
        catch (ApiException e) when (e.IsFinal)
        {
            return []; // Retention has removed them: the results alone must do.
        }

        var got = new List<string>();
        foreach (var blob in artifacts.Where(a => counted.Contains(a.Attempt) && IsBlob(a.Name)).OrderBy(a => a.Attempt))
        {
            var file = Path.Combine(folder, $"{job.JobId}-{blob.Attempt}-{got.Count}.zip");
            if (await FetchAsync(job.JobId, blob, file, cancel).ConfigureAwait(false)) got.Add(file);
        }

        return got;
    }

    private static bool IsBlob(string name) => name.StartsWith("blob/", StringComparison.Ordinal) && name.EndsWith(".zip", StringComparison.Ordinal);

    private async Task<bool> FetchAsync(string jobId, ArtifactView blob, string file, CancellationToken cancel)
    {
        var backoff = new Backoff(time, random);
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                using var response = await client.OpenArtifactAsync(jobId, blob.Attempt, blob.Name, cancel).ConfigureAwait(false);
                var target = File.Create(file);
                await using (target.ConfigureAwait(false)) await response.Content.CopyToAsync(target, cancel).ConfigureAwait(false);
                return true;
            }
            catch (ApiException e) when (e.IsFinal)
            {
                return false;
            }
            catch (Exception e) when (e is ApiException or ServerUnreachableException or HttpRequestException or IOException && attempt < Tries)
            {
                await backoff.WaitAsync(cancel).ConfigureAwait(false);
            }
        }
    }
}
