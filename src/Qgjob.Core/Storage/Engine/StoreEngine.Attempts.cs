using Qgjob.Core.Devices;
using Qgjob.Core.Jobs;
using Qgjob.Core.Results;
using Qgjob.Core.Runs;
using Qgjob.Core.Scheduling;
using Qgjob.Core.Storage.Journal;

namespace Qgjob.Core.Storage.Engine;

/// <summary>What the end of an attempt changes: its job, its run, the device's health, the estimates.</summary>
public sealed partial class StoreEngine
{
    /// <summary>Frees the device and what it holds, closes the attempt and moves its job on.</summary>
    private Job EndAttempt(Device device, AttemptEnd end, string? finishId, DateTimeOffset now)
    {
        var lease = device.Lease!;
        var attempt = rows.FindAttempt(lease.JobId, lease.Attempt)!;
        rows.Save(attempt with
        {
            EndedAt = now,
            Outcome = end.Outcome,
            Reason = end.Reason,
            RunSeconds = end.RunSeconds,
            DownloadSeconds = end.DownloadSeconds,
            SessionSeconds = end.SessionSeconds,
            CloudSeconds = end.CloudSeconds,
            FinishId = finishId,
        });
        // Judged once, now: who changes the list later changes no verdict.
        if (rows.FindQuarantine(lease.OrgId) is { } quarantine) end = end with { Tests = quarantine.Mark(end.Tests, now) };
        if (end.Tests.Count > 0)
            rows.Save(new TestsRow(lease.JobId, lease.Attempt, end.Tests)
            {
                Origin = new TestsOrigin(
                    lease.OrgId, rows.SpecOf(lease.JobId).TestPath, lease.RunId, lease.AppVersionId, device.Id, device.Offer.Model, device.Offer.Platform, device.Offer.OsVersion,
                    end.Outcome, now),
            });
        rows.Save(device with
        {
            Lease = null,
            Attempts = device.Attempts + 1,
            Health = HealthAfter(device, lease, end, now),
            Version = device.Version + 1,
            Revision = rows.NextRevision(),
        });
        Free(lease, new LeaseRef(device.Id, lease.Token));
        CountServing(lease.OrgId, lease.AppVersionId, -1, now, proven: JobLifecycle.IsTestVerdict(end.Outcome));
        if (end.CloudSeconds > 0 && rows.FindRun(lease.RunId) is { } paying)
        {
            rows.Save(paying with { CloudSeconds = paying.CloudSeconds + end.CloudSeconds.Value });
            rows.Save(OrgOf(paying.Pool, paying.OrgId).WithCloud(end.CloudSeconds.Value, now) with { Revision = rows.NextRevision() });
        }
        var job = rows.FindJob(lease.JobId)!;
        // Canceled meanwhile: final already, whatever the attempt says.
        if (job.IsActive) job = MoveOn(job, end, now);
        // Last, so that the org of a job that waits again is not gone and back, which would cost it the time it saved.
        LeaveGroup(lease.GroupId, [], activeChange: -1, deviceSeconds: (now - lease.ClaimedAt).TotalSeconds - lease.ChargedSeconds);
        if (end.CloudSeconds > 0 && rows.FindRun(lease.RunId) is { IsCloudSpent: true, IsFinished: false } spent)
        {
            Apply(new Cancel(spent.Id, null, CloudSpent(spent), now, WaitingOnly: true, CloudOnly: true));
            job = rows.FindJob(job.Id)!;
        }
        return job;
    }

    private Job MoveOn(Job job, AttemptEnd end, DateTimeOffset now)
    {
        var spec = rows.SpecOf(job.Id);
        var run = rows.FindRun(job.RunId)!;
        // What a device or an agent that failed left of the tests is no word on them.
        var all = JobLifecycle.IsInfraFailure(end.Outcome) ? job.SoFar ?? [] : JobTests.Compose(job.SoFar ?? [], end.Tests);
        var outcome = JobLifecycle.OutcomeFor(end.Outcome, end.Tests, all, end.ErrorOutside is true);
        var after = JobLifecycle.After(job, spec, outcome, TestCounts.Of(all));
        if (after is AfterAttempt.Requeue && run.SupersededBy is { } newer)
        {
            after = new AfterAttempt.Final(JobStatus.Canceled, JobVerdict.Canceled, false);
            end = end with { Reason = $"Superseded by run {newer}; not tried again after {Words.Of(end.Outcome)}{(end.Reason is null ? "" : ": " + end.Reason)}" };
        }
        var (testFailed, infraFailed) = (JobLifecycle.IsTestFailure(outcome), JobLifecycle.IsInfraFailure(outcome));
        // A selection of the tests says nothing of how long the file takes.
        if (end.Outcome is AttemptOutcome.Passed or AttemptOutcome.Failed && end.RunSeconds > 0 && job.SoFar is null && spec.Tests is null)
        {
            Learn(Estimates.TestKey(spec.OrgId, spec.TestPath, spec.Target), end.RunSeconds, now);
            Learn(Estimates.OrgKey(spec.OrgId), end.RunSeconds, now);
        }
        var further = job.SoFar is not null;
        job = job with
        {
            TestFailures = job.TestFailures + (testFailed ? 1 : 0),
            InfraFailures = job.InfraFailures + (infraFailed ? 1 : 0),
        };
        if (after is AfterAttempt.Final final)
        {
            // Of a job that no other attempt says anything of, even what a failing device left is worth showing.
            var shown = all.Count > 0 ? all : end.Tests;
            // The report is exact; progress may have been sent twice or not at all.
            if (shown.Count > 0) job = job with { TestsTotal = Math.Max(job.TestsTotal ?? 0, shown.Count), TestsDone = shown.Count, TestsFailed = TestCounts.Of(shown).Failed };
            run = Complete(run, job with { SoFar = shown }, final, JobReasons.Of(final, end, further, all), now);
            rows.Save(run);
            FailFast(run, job.Id, final, now);
            return rows.FindJob(job.Id)!;
        }
        if (!infraFailed && all.Count > 0) job = job with { SoFar = JobTests.WithoutDetails(all) };
        if (end.Tests.Count > 0)
            job = job with { TestsTotal = Math.Max(job.TestsTotal ?? 0, end.Tests.Count), TestsDone = end.Tests.Count, TestsFailed = TestCounts.Of(end.Tests).Failed };
        job = Requeue(job, spec, run.Pool, ((AfterAttempt.Requeue)after).BarDevice, end, now);
        rows.Save(run with { Queued = run.Queued + 1, Active = run.Active - 1, TestRetries = run.TestRetries + (infraFailed ? 0 : 1), InfraRetries = run.InfraRetries + (infraFailed ? 1 : 0) });
        EnterGroups([(job, spec)], run.Pool, now);
        return job;
    }

    private DeviceHealth HealthAfter(Device device, Lease lease, AttemptEnd end, DateTimeOffset now)
    {
        var subject = Cooldown.SubjectOf(lease.JobId, rows.FindAppVersion(lease.OrgId, lease.AppVersionId)!);
        var elsewhere = rows.FindJob(lease.JobId)!.Barred.Count(d => d != device.Id);
        return Cooldown.After(device.Health, end.Outcome, subject, elsewhere, now);
    }

    private static string CloudSpent(Run run) => string.Create(System.Globalization.CultureInfo.InvariantCulture,
        $"Canceled: the run has used {run.CloudSeconds / 60:0.0} of its {run.MaxCloudMinutes} cloud minutes (--max-cloud-minutes). Rerun it with more, or with --target device.");

    /// <summary>What an install took, for the app version and for the next ones of its package.</summary>
    private void LearnInstall(Lease lease, ResidentBuild build, double seconds, DateTimeOffset now)
    {
        Learn(Estimates.InstallKey(lease.OrgId, build.PackageId), seconds, now);
        var version = rows.FindAppVersion(lease.OrgId, lease.AppVersionId)!;
        rows.Save(version with { InstallSeconds = Estimates.Update(version.InstallSeconds, seconds), Revision = rows.NextRevision() });
    }

    /// <summary>The first job that is not green ends the others of a run that asked for it.</summary>
    private void FailFast(Run run, string jobId, AfterAttempt.Final final, DateTimeOffset now)
    {
        if (run is { FailFast: true, IsFinished: false } && final.Verdict is not (JobVerdict.Passed or JobVerdict.Skipped or JobVerdict.Canceled))
            Apply(new Cancel(run.Id, null, $"Canceled by --fail-fast: job {jobId} ended as {Words.Of(final.Status)}.", now));
    }

    private Job Requeue(Job job, JobSpec spec, string pool, bool barDevice, AttemptEnd end, DateTimeOffset now)
    {
        var barred = barDevice ? [.. job.Barred.Append(job.DeviceId!).Distinct().Order(StringComparer.Ordinal)] : job.Barred;
        job = job with
        {
            Status = JobStatus.Queued,
            Barred = barred,
            GroupId = Groups.GroupKey.Of(spec, barred).ToId(pool),
            ReadyAt = now,
            // It keeps the tier of its first submission: a failure must not send it to the back of the queue.
            QueueDeadline = now.AddSeconds(spec.Limits.QueueSeconds),
            // What was believed at first, until the test itself has shown more; of a part of it the file says nothing.
            EstimateSeconds = spec.Tests?.Slice is not null ? job.EstimateSeconds : rows.FindEstimate(Estimates.TestKey(spec.OrgId, spec.TestPath, spec.Target)) ?? job.EstimateSeconds,
            Reason = end.Reason,
        };
        rows.Save(job);
        Emit(job, "requeued", now, $"{Words.Of(end.Outcome)}{(end.Reason is null ? "" : ": " + end.Reason)}");
        return job;
    }
}
