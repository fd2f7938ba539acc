using Qgjob.Client.Wire;
using Qgjob.Core.Jobs;
using Qgjob.Core.Runs;
using Qgjob.Core.Storage;
using Qgjob.Server.Dispatch;
using Qgjob.Server.Http;

namespace Qgjob.Server.Jobs;

/// <summary>Jobs as the API shows them.</summary>
internal sealed class JobReader(IJobStore store, Dispatcher dispatcher, TimeProvider time)
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
        return (await ViewAsync([found], ahead, cancel))[0] with { Attempts = [.. attempts.Select(View)] };
    }

    /// <summary>A job that was just submitted. Its place in the queue is left out: counting it would make every submission to a long queue slower.</summary>
    public async Task<JobView> ViewSubmittedAsync(string jobId, CancellationToken cancel) =>
        (await ViewAsync([await FindAsync(jobId, cancel)], null, cancel))[0];

    public async Task<ListOf<JobView>> ListAsync(JobFilter filter, PageRequest page, CancellationToken cancel)
    {
        var part = await store.ListJobsAsync(filter, page, cancel);
        return new ListOf<JobView>(await ViewAsync(part.Items, null, cancel), part.Next);
    }

    private async Task<IReadOnlyList<JobView>> ViewAsync(IReadOnlyList<JobAndSpec> jobs, int? ahead, CancellationToken cancel)
    {
        var now = time.GetUtcNow();
        var groups = jobs.Where(j => j.Job.Status is JobStatus.Queued).Select(j => j.Job.GroupId).ToHashSet();
        var waits = groups.Count == 0 ? [] : await dispatcher.LookAsync(
            pools => groups.Select(id => (Id: id, Found: pools.FindGroup(id))).Where(g => g.Found is not null).ToDictionary(
                g => g.Id,
                g => (Reason: Waiting.ReasonOf(g.Found!.Value.Pool, g.Found.Value.Group),
                    Start: Waiting.StartOf(g.Found.Value.Pool, g.Found.Value.Group, ahead ?? g.Found.Value.Group.Queued / 2, now))),
            cancel);
        return [.. jobs.Select(j => View(j, ahead, waits.GetValueOrDefault(j.Job.GroupId).Reason, waits.GetValueOrDefault(j.Job.GroupId).Start, now))];
    }

    private static JobView View(JobAndSpec found, int? ahead, string? waitReason, DateTimeOffset? start, DateTimeOffset now)
    {
        var (job, spec) = found;
        var queued = job.Status is JobStatus.Queued;
        var reason = queued ? string.Join("; ", new[] { job.Reason, waitReason, ahead > 0 ? $"{ahead} of its group go first" : null }.OfType<string>()) : job.Reason;
        return new JobView
        {
            JobId = job.Id,
            RunId = job.RunId,
            OrgId = job.OrgId,
            AppVersionId = spec.AppVersionId,
            TestPath = spec.TestPath,
            Target = spec.Target,
            Platform = spec.Platform,
            Device = spec.Device,
            Priority = spec.Priority,
            Status = job.Status,
            ExitCode = (int)RunVerdict.ExitCodeOf(job.Verdict),
            Reason = string.IsNullOrEmpty(reason) ? null : reason,
            GroupId = job.GroupId,
            Position = queued ? ahead : null,
            Attempt = job.Attempt,
            DeviceId = job.DeviceId,
            TestsTotal = job.TestsTotal,
            TestsDone = job.TestsDone,
            TestsFailed = job.TestsFailed,
            Installs = job.Installs,
            Flaky = job.Flaky,
            EstimateSeconds = job.EstimateSeconds,
            CreatedAt = job.CreatedAt,
            StartedAt = job.StartedAt,
            FinishedAt = job.FinishedAt,
            ExpectedStart = queued ? start : null,
            ExpectedEnd = queued ? start?.AddSeconds(job.EstimateSeconds)
                : job.IsActive && job.StartedAt is { } began ? Later(now, began.AddSeconds(job.EstimateSeconds))
                : null,
        };
    }

    private static DateTimeOffset Later(DateTimeOffset a, DateTimeOffset b) => a > b ? a : b;

    private static AttemptView View(Attempt a) => new(
        a.Number, a.DeviceId, a.AgentId, a.ClaimedAt, a.RunningAt, a.EndedAt, a.Outcome, a.Reason, a.Installs, a.InstallSeconds, a.RunSeconds);
}
