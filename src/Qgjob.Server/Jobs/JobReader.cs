using Qgjob.Client.Wire;
using Qgjob.Core.Jobs;
using Qgjob.Core.Runs;
using Qgjob.Core.Scheduling;
using Qgjob.Core.Storage;
using Qgjob.Server.Dispatch;
using Qgjob.Server.Http;

namespace Qgjob.Server.Jobs;

/// <summary>Jobs as the API shows them.</summary>
internal sealed class JobReader(IJobStore store, Dispatcher dispatcher, Forecasts foreseen, TimeProvider time)
{
    /// <exception cref="RefusedException">There is no such job.</exception>
    public async Task<JobAndSpec> FindAsync(string jobId, CancellationToken cancel) =>
        jobId.Length <= Check.MaxIdLength && await store.FindJobAsync(jobId, cancel) is { } found ? found : throw RefusedException.NotFound("job", jobId);

    /// <summary>One job with all there is to say of it.</summary>
    public async Task<JobView> ViewAsync(string jobId, CancellationToken cancel)
    {
        var found = await FindAsync(jobId, cancel);
        var ahead = found.Job.Status is JobStatus.Queued ? await store.PositionInGroupAsync(jobId, cancel) : null;
        var attempts = await store.AttemptsAsync(jobId, cancel);
        return (await ViewAsync([found], ahead, foresee: true, cancel))[0] with { Attempts = [.. attempts.Select((a, i) => View(a, i == 0 ? found.Job.CreatedAt : attempts[i - 1].EndedAt))] };
    }

    /// <summary>A job that was just submitted. Its place in the queue is left out: counting it would make every submission to a long queue slower.</summary>
    public async Task<JobView> ViewSubmittedAsync(string jobId, CancellationToken cancel) =>
        (await ViewAsync([await FindAsync(jobId, cancel)], null, foresee: false, cancel))[0];

    public async Task<ListOf<JobView>> ListAsync(JobFilter filter, PageRequest page, CancellationToken cancel)
    {
        var part = await store.ListJobsAsync(filter, page, cancel);
        return new ListOf<JobView>(await ViewAsync(part.Items, null, foresee: true, cancel), part.Next);
    }

    /// <param name="jobs">The jobs.</param>
    /// <param name="ahead">Jobs of its group that go before the only job; null: not known.</param>
    /// <param name="foresee">False: a rough reckoning will do, for it costs next to nothing.</param>
    /// <param name="cancel">Ends it.</param>
    private async Task<IReadOnlyList<JobView>> ViewAsync(IReadOnlyList<JobAndSpec> jobs, int? ahead, bool foresee, CancellationToken cancel)
    {
        var now = time.GetUtcNow();
        var groups = jobs.Where(j => j.Job.Status is JobStatus.Queued).Select(j => j.Job.GroupId).ToHashSet();
        var waits = groups.Count == 0 ? [] : await dispatcher.LookAsync(pools => LookAt(pools, groups, ahead, now), cancel);
        var forecasts = new Dictionary<string, Forecast?>();
        if (foresee)
            foreach (var pool in waits.Values.Select(w => w.Pool).Distinct()) forecasts[pool] = await foreseen.OfAsync(pool, cancel);
        return [.. jobs.Select(j => View(
            j, ahead, waits.GetValueOrDefault(j.Job.GroupId) is { } wait ? wait with { Forecast = forecasts.GetValueOrDefault(wait.Pool) } : null, now))];
    }

    private static Dictionary<string, Wait> LookAt(PoolViews pools, HashSet<string> groups, int? ahead, DateTimeOffset now)
    {
        var waits = new Dictionary<string, Wait>();
        var answers = new Dictionary<PoolView, (WhyWaiting Why, RoughReckoning Rough)>();
        foreach (var id in groups)
        {
            if (pools.FindGroup(id) is not var (pool, group)) continue;
            if (!answers.TryGetValue(pool, out var of)) answers[pool] = of = (new WhyWaiting(pool, now), new RoughReckoning(pool, now));
            // Of a job whose place is not known, the middle of the group says most.
            var place = ahead ?? group.Queued / 2;
            waits[id] = new Wait(group.Pool, place, of.Why.Of(group, ahead ?? 0), of.Rough.Of(group, place));
        }
        return waits;
    }

    /// <summary>What is known of a group's wait.</summary>
    private sealed record Wait(string Pool, int Place, WaitReason? Reason, Expected? Rough, Forecast? Forecast = null);

    private static JobView View(JobAndSpec found, int? ahead, Wait? wait, DateTimeOffset now)
    {
        var (job, spec) = found;
        var queued = job.Status is JobStatus.Queued;
        if (!queued) wait = null;
        var reason = queued ? string.Join("; ", new[] { job.Reason, wait?.Reason?.Text }.OfType<string>()) : job.Reason;
        var expected = wait is null ? null : Waiting.Of(wait.Forecast, wait.Rough, job.GroupId, wait.Place, job.EstimateSeconds, now);
        return new JobView
        {
            JobId = job.Id,
            RunId = job.RunId,
            OrgId = job.OrgId,
            AppVersionId = spec.AppVersionId,
            TestPath = spec.TestPath,
            Slice = spec.Tests?.Slice,
            Target = spec.Target,
            Overflow = spec.Overflow,
            OverflowAfterSeconds = spec.OverflowAfterSeconds,
            Platform = spec.Platform,
            Device = spec.Device,
            OnDevice = spec.OnDevice,
            Priority = spec.Priority,
            Status = job.Status,
            ExitCode = (int)RunVerdict.ExitCodeOf(job.Verdict),
            Reason = string.IsNullOrEmpty(reason) ? null : reason,
            Waiting = Waiting.View(wait?.Reason),
            GroupId = job.GroupId,
            Position = queued ? ahead : null,
            Attempt = job.Attempt,
            DeviceId = job.DeviceId,
            TestsTotal = job.TestsTotal,
            TestsDone = job.TestsDone,
            TestsFailed = job.TestsFailed,
            Installs = job.Installs,
            Flaky = job.Flaky,
            TestFailures = job.TestFailures,
            InfraFailures = job.InfraFailures,
            RerunOf = spec.RerunOf,
            EstimateSeconds = job.EstimateSeconds,
            CreatedAt = job.CreatedAt,
            StartedAt = job.StartedAt,
            FinishedAt = job.FinishedAt,
            ExpectedStart = expected?.Start,
            ExpectedEnd = queued ? expected?.End
                : job.IsActive && job.StartedAt is { } began ? Later(now, began.AddSeconds(job.EstimateSeconds))
                : null,
            ExpectedRoughly = expected is { } e && (e.IsRough || ahead is null) ? true : null,
        };
    }

    private static DateTimeOffset Later(DateTimeOffset a, DateTimeOffset b) => a > b ? a : b;

    // It waited for a device since then.
    private static AttemptView View(Attempt a, DateTimeOffset? since) => new(
        a.Number, a.DeviceId, a.AgentId, a.ClaimedAt, a.RunningAt, a.EndedAt, a.Outcome, a.Reason, a.Installs, a.InstallSeconds, a.RunSeconds,
        since is { } waiting ? Math.Max(0, (a.ClaimedAt - waiting).TotalSeconds) : null, a.DownloadSeconds, a.SessionSeconds, a.CloudSeconds);
}
