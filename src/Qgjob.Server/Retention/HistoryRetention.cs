using Qgjob.Core.Storage;

namespace Qgjob.Server.Retention;

/// <summary>Removes runs that were finished longer ago than their org's history is kept.</summary>
/// <remarks>
/// Files first, then rows: wherever it is interrupted, a row still leads to what is left, and the next round goes on.
/// </remarks>
internal sealed class HistoryRetention(IJobStore store, JobFiles files, Settled settled)
{
    public const int RunsPerStep = 200;

    /// <returns>Runs that were removed.</returns>
    public async Task<int> RemoveAsync(KeepRules rules, DateTimeOffset now, Func<Task<bool>> next, CancellationToken cancel)
    {
        var removed = 0;
        foreach (var org in rules.Orgs) removed += await RemoveAsync(org, now - rules.HistoryOf(org), now, next, cancel);
        // Orgs that are known by nothing but old runs.
        return removed + await RemoveAsync(null, now - rules.LongestHistory, now, next, cancel);
    }

    private async Task<int> RemoveAsync(string? org, DateTimeOffset before, DateTimeOffset now, Func<Task<bool>> next, CancellationToken cancel)
    {
        var removed = 0;
        while (true)
        {
            var old = await store.FinishedRunsAsync(org, before, RunsPerStep, cancel);
            var due = new List<string>();
            foreach (var run in old)
            {
                var jobs = await settled.JobsOfAsync(run, cancel);
                if (!await settled.IsAsync(run, jobs, now, cancel)) continue;
                foreach (var job in jobs) await files.RemoveAsync(job.Id, cancel);
                due.Add(run.Id);
            }
            if (due.Count > 0) await store.PurgeRunsAsync(due, cancel);
            removed += due.Count;
            // What is left of a full step still holds devices; its turn comes when that is over.
            if (old.Count < RunsPerStep || due.Count == 0 || !await next()) return removed;
        }
    }
}
