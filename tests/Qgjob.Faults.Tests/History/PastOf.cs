using System.Net;
using Qgjob.Client;
using Qgjob.Client.Http;
using Qgjob.Client.Wire;
using Qgjob.Core.Events;

namespace Qgjob.Faults.Tests.History;

/// <summary>Everything that the API tells of what was, read once all is over.</summary>
internal sealed record PastOf(
    IReadOnlyDictionary<string, RunView> Runs,
    IReadOnlyDictionary<string, JobView> Jobs,
    IReadOnlyDictionary<string, IReadOnlyList<JobEvent>> Events,
    IReadOnlyList<DeviceView> Devices,
    IReadOnlyList<GroupView> Groups,
    IReadOnlyList<OrgView> Orgs)
{
    public IEnumerable<(JobView Job, AttemptView Attempt)> Attempts => Jobs.Values.SelectMany(j => j.Attempts!.Select(a => (j, a)));

    public static async Task<PastOf> ReadAsync(QgjobClient client, CancellationToken cancel)
    {
        var runs = await AllAsync(c => client.ListRunsAsync(null, 100, c, cancel));
        var jobs = new Dictionary<string, JobView>();
        var events = new Dictionary<string, IReadOnlyList<JobEvent>>();
        foreach (var run in runs)
        {
            foreach (var job in await AllAsync(c => client.ListJobsAsync(null, run.RunId, null, null, 100, c, cancel)))
                jobs[job.JobId] = (await client.FindJobAsync(job.JobId, cancel))!;
            if (run.FinishedAt is null) continue;
            var ofRun = new List<JobEvent>();
            await foreach (var happened in client.FollowRunAsync(run.RunId, 0, cancel)) ofRun.Add(happened);
            events[run.RunId] = ofRun;
        }
        return new PastOf(
            runs.ToDictionary(r => r.RunId), jobs, events, (await client.ListDevicesAsync(cancel)).Items,
            (await client.ListGroupsAsync(cancel)).Items, (await client.ListOrgsAsync(cancel)).Items);
    }

    /// <summary>The attempt's log; empty when nothing of it reached the server.</summary>
    public static async Task<string> LogAsync(QgjobClient client, string jobId, int attempt, CancellationToken cancel)
    {
        try
        {
            using var response = await client.OpenLogAsync(jobId, attempt, follow: false, 0, cancel);
            return await response.Content.ReadAsStringAsync(cancel);
        }
        catch (ApiException e) when (e.Status is HttpStatusCode.NotFound)
        {
            return "";
        }
    }

    private static async Task<List<T>> AllAsync<T>(Func<string?, Task<ListOf<T>>> list)
    {
        var all = new List<T>();
        string? cursor = null;
        do
        {
            var page = await list(cursor);
            all.AddRange(page.Items);
            cursor = page.Next;
        }
        while (cursor is not null);
        return all;
    }
}
