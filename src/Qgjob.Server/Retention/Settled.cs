using Qgjob.Core.Jobs;
using Qgjob.Core.Runs;
using Qgjob.Core.Storage;
using Qgjob.Server.Agents;

namespace Qgjob.Server.Retention;

/// <summary>Which runs and jobs nobody adds anything to any more.</summary>
internal sealed class Settled(IJobStore store)
{
    /// <summary>The run is finished, and no attempt of the jobs holds a device or may still deliver artifacts.</summary>
    public async ValueTask<bool> IsAsync(Run run, IEnumerable<Job> jobs, DateTimeOffset now, CancellationToken cancel)
    {
        if (!IsLongAgo(run.FinishedAt, now)) return false;
        // A canceled job is final before its attempt is.
        foreach (var job in jobs.Where(j => j is { Status: JobStatus.Canceled, Attempt: > 0 }))
            if ((await store.AttemptsAsync(job.Id, cancel)).Any(a => !IsLongAgo(a.EndedAt, now)))
                return false;
        return true;
    }

    public async ValueTask<List<Job>> JobsOfAsync(Run run, CancellationToken cancel)
    {
        var jobs = new List<Job>();
        string? cursor = null;
        do
        {
            var page = await store.ListJobsAsync(new JobFilter(RunId: run.Id), new PageRequest(500, cursor), cancel);
            jobs.AddRange(page.Items.Select(j => j.Job));
            cursor = page.Next;
        }
        while (cursor is not null);
        return jobs;
    }

    private static bool IsLongAgo(DateTimeOffset? end, DateTimeOffset now) => end is { } at && now - at > AttemptAccess.AfterFinish;
}
