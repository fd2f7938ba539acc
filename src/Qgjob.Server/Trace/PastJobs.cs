using Qgjob.Core.Jobs;
using Qgjob.Core.Scheduling;
using Qgjob.Core.Simulation;
using Qgjob.Core.Storage;
using Qgjob.Server.Http;

namespace Qgjob.Server.Trace;

/// <summary>What the server has run, as a trace for the simulator.</summary>
internal sealed class PastJobs(IJobStore store, TimeProvider time)
{
    /// <summary>More than this is no answer to a question that somebody waits for, and a gigabyte in the simulator.</summary>
    public const int MostRows = 1_000_000;

    private const int PageLength = 500;

    /// <summary>One row per finished job that ran, oldest first; seconds count from the first row's submission.</summary>
    /// <param name="days">Jobs that were submitted within so many days.</param>
    /// <param name="orgId">Only this org's; null: all.</param>
    /// <param name="most">More rows are refused.</param>
    /// <param name="cancel">Ends it.</param>
    /// <exception cref="RefusedException">There are more rows.</exception>
    public async Task<IReadOnlyList<TraceJob>> ReadAsync(int days, string? orgId, int most, CancellationToken cancel)
    {
        var since = time.GetUtcNow().AddDays(-days);
        var past = new List<PastJob>();
        var names = new Dictionary<string, string>(StringComparer.Ordinal);
        for (string? cursor = null; ;)
        {
            var page = await store.ListJobsAsync(new JobFilter(OrgId: orgId), new PageRequest(PageLength, cursor), cancel);
            foreach (var (job, spec) in page.Items)
            {
                if (job.CreatedAt < since || !job.IsFinal || job.Attempt == 0) continue;
                var attempts = await store.AttemptsAsync(job.Id, cancel);
                // An attempt that was lost, or never got as far as the test, says nothing of how long the test takes.
                if (attempts.LastOrDefault(a => a.RunSeconds > 0) is not { } ran) continue;
                if (past.Count == most)
                    throw RefusedException.Invalid("days", $"more than {most} jobs ran in the last {days} days; ask for fewer days, or for one org (org_id)");
                past.Add(new PastJob(
                    job.CreatedAt, Shared(names, spec.OrgId), Shared(names, spec.AppVersionId), Shared(names, spec.TestPath), spec.Target, spec.Priority,
                    ran.RunSeconds, job.EstimateSeconds, attempts.Sum(a => a.InstallSeconds), attempts.Sum(a => a.Installs)));
            }
            // Ids rise with time.
            if (page.Next is null || page.Items[^1].Job.CreatedAt < since) break;
            cursor = page.Next;
        }
        past.Reverse();
        // Replicas' clocks may disagree a little; what was submitted at once keeps its order.
        past = [.. past.OrderBy(p => p.CreatedAt)];
        var installs = await InstallsAsync(past, cancel);
        var first = past.Count == 0 ? default : past[0].CreatedAt;
        return past.ConvertAll(p => new TraceJob(
            (p.CreatedAt - first).TotalSeconds, p.OrgId, p.AppVersionId, p.Target, p.TestPath, p.Priority,
            p.RunSeconds, p.EstimateSeconds, installs[(p.OrgId, p.AppVersionId)]));
    }

    /// <summary>What installing each app version takes: its estimate, else what its attempts measured, else what is assumed of unknown ones.</summary>
    private async Task<Dictionary<(string, string), double>> InstallsAsync(List<PastJob> past, CancellationToken cancel)
    {
        var measured = new Dictionary<(string, string), (double Seconds, int Count)>();
        foreach (var job in past)
        {
            var (seconds, count) = measured.GetValueOrDefault((job.OrgId, job.AppVersionId));
            measured[(job.OrgId, job.AppVersionId)] = (seconds + job.InstallSeconds, count + job.Installs);
        }
        var installs = new Dictionary<(string, string), double>();
        foreach (var ((org, version), (seconds, count)) in measured)
            installs[(org, version)] = (await store.FindAppVersionAsync(org, version, cancel))?.InstallSeconds
                ?? (count > 0 ? seconds / count : Estimates.UnknownInstallSeconds);
        return installs;
    }

    /// <summary>The one string of that content: a million rows name few things.</summary>
    private static string Shared(Dictionary<string, string> names, string name) => names.TryGetValue(name, out var known) ? known : names[name] = name;

    private readonly record struct PastJob(
        DateTimeOffset CreatedAt, string OrgId, string AppVersionId, string TestPath, Target Target, int Priority,
        double RunSeconds, double EstimateSeconds, double InstallSeconds, int Installs);
}
