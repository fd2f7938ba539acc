using Qgjob.Client.Wire;
using Qgjob.Core.Jobs;
using Qgjob.Core.Runs;
using Qgjob.Core.Scheduling;
using Qgjob.Core.Storage;
using Qgjob.Server.Dispatch;
using Qgjob.Server.Http;
using Qgjob.Server.Jobs;

namespace Qgjob.Server.Runs;

/// <summary>Runs as the API shows them.</summary>
internal sealed partial class RunReader(IJobStore store, Dispatcher dispatcher, Forecasts forecasts, TimeProvider time)
{
    /// <exception cref="RefusedException">There is no such run.</exception>
    public async Task<Run> FindAsync(string runId, CancellationToken cancel) =>
        runId.Length <= Check.MaxIdLength && await store.FindRunAsync(runId, cancel) is { } found ? found : throw RefusedException.NotFound("run", runId);

    public async Task<RunView> ViewAsync(string runId, CancellationToken cancel)
    {
        var run = await FindAsync(runId, cancel);
        var (end, roughly, why) = run.IsFinished ? (null, false, null) : await ExpectedEndAsync(run, cancel);
        return View(run) with
        {
            Waiting = Waiting.View(why),
            ExpectedEnd = end,
            ExpectedRoughly = end is not null && roughly ? true : null,
            FailedFirst = run.FailFast ? await FailedFirstAsync(run, cancel) : null,
        };
    }

    public async Task<ListOf<RunView>> ListAsync(string? orgId, PageRequest page, CancellationToken cancel)
    {
        var part = await store.ListRunsAsync(orgId, page, cancel);
        return new ListOf<RunView>([.. part.Items.Select(View)], part.Next);
    }

    /// <summary>The job that ended the others of a run that fails fast; null while there is none.</summary>
    private async Task<string?> FailedFirstAsync(Run run, CancellationToken cancel)
    {
        // Several can end in one moment, by the queue limit; more than a page of them would change nothing.
        const int Sample = 500;
        var failed = new List<Job>();
        foreach (var status in (JobStatus[])[JobStatus.Failed, JobStatus.Error, JobStatus.TimedOut])
            failed.AddRange((await store.ListJobsAsync(new JobFilter(RunId: run.Id, Status: status), new PageRequest(Sample), cancel)).Items.Select(j => j.Job));
        return failed.OrderBy(j => j.FinishedAt).ThenBy(j => j.Ordinal).FirstOrDefault()?.Id;
    }

    /// <summary>The end of the last of the groups that the run's first waiting jobs are in; half an estimate when none waits.</summary>
    private async Task<(DateTimeOffset? End, bool Roughly, WaitReason? Why)> ExpectedEndAsync(Run run, CancellationToken cancel)
    {
        const int Sample = 100;
        var now = time.GetUtcNow();
        var queued = await store.ListJobsAsync(new JobFilter(RunId: run.Id, Status: JobStatus.Queued), new PageRequest(Sample), cancel);
        var running = await store.ListJobsAsync(new JobFilter(RunId: run.Id, Status: JobStatus.Running), new PageRequest(Sample), cancel);
        DateTimeOffset? end = running.Items
            .Select(j => j.Job.StartedAt?.AddSeconds(j.Job.EstimateSeconds) is { } e && e > now ? e : now).Cast<DateTimeOffset?>().Max();
        var groups = queued.Items.Select(j => j.Job.GroupId).ToHashSet();
        if (groups.Count == 0) return (end, false, null);
        var first = queued.Items[0].Job.GroupId;
        var (found, why) = await dispatcher.LookAsync(pools => LookAt(pools, groups, first, now), cancel);
        var roughly = false;
        foreach (var (id, pool, rough) in found)
        {
            var forecast = await forecasts.OfAsync(pool, cancel);
            // A group that no device serves never ends.
            if ((forecast?.Covers(id, 0) is true ? forecast.OfGroup(id) : rough) is not { } expected) return (null, false, why);
            roughly |= expected.IsRough;
            if (!(end >= expected.End)) end = expected.End;
        }
        return (end, roughly, why);
    }

    private static (List<(string Id, string Pool, Expected? Rough)> Found, WaitReason? Why) LookAt(PoolViews pools, HashSet<string> groups, string first, DateTimeOffset now)
    {
        var reckonings = new Dictionary<PoolView, RoughReckoning>();
        var found = new List<(string, string, Expected?)>();
        WaitReason? why = null;
        foreach (var id in groups)
        {
            if (pools.FindGroup(id) is not var (pool, group)) continue;
            if (!reckonings.TryGetValue(pool, out var reckoning)) reckonings[pool] = reckoning = new RoughReckoning(pool, now);
            found.Add((id, group.Pool, reckoning.Of(group, 0)));
            if (id == first) why = WhyWaiting.Of(pool, group, 0, now);
        }
        return (found, why);
    }

    public static RunView View(Run run)
    {
        var verdict = RunVerdict.Of(run);
        return new RunView
        {
            RunId = run.Id,
            OrgId = run.OrgId,
            Status = StatusOf(run, verdict),
            ExitCode = (int)RunVerdict.ExitCodeOf(verdict),
            Jobs = new JobCounts(
                run.Total,
                run.Queued,
                run.Active,
                run.Count(JobVerdict.Passed) + run.Count(JobVerdict.Skipped),
                run.Count(JobVerdict.TestsFailed) + run.Count(JobVerdict.NoTests),
                run.Count(JobVerdict.InfraError) + run.Count(JobVerdict.Undetermined),
                run.Count(JobVerdict.NoDevice) + run.Count(JobVerdict.QueueLimit),
                run.Count(JobVerdict.Canceled)),
            Tests = run.Tests,
            Flaky = run.Flaky,
            Installs = run.Installs,
            CloudSeconds = run.CloudSeconds > 0 ? run.CloudSeconds : null,
            MaxCloudMinutes = run.MaxCloudMinutes,
            CreatedAt = run.CreatedAt,
            FinishedAt = run.FinishedAt,
            SupersededBy = run.SupersededBy,
            ParentRunId = run.ParentRunId,
            RerunAs = run.RerunAs,
            TestRetries = run.TestRetries,
            InfraRetries = run.InfraRetries,
            FailFast = run.FailFast ? true : null,
            Meta = run.Meta,
        };
    }

    private static string StatusOf(Run run, JobVerdict verdict) => verdict switch
    {
        JobVerdict.None => run.Queued == run.Total ? "queued" : "running",
        JobVerdict.TestsFailed => "failed",
        JobVerdict.InfraError => "error",
        JobVerdict.NoDevice or JobVerdict.QueueLimit => "timed_out",
        JobVerdict.NoTests or JobVerdict.Skipped => "no_tests",
        JobVerdict.Undetermined => "undetermined",
        JobVerdict.Canceled => "canceled",
        _ => "passed",
    };
}
