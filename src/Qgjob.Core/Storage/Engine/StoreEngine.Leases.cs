using Qgjob.Core.Devices;
using Qgjob.Core.Jobs;
using Qgjob.Core.Results;
using Qgjob.Core.Runs;
using Qgjob.Core.Scheduling;

namespace Qgjob.Core.Storage.Engine;

/// <summary>The life of a lease: claim, renew, progress, finish, expiry.</summary>
public sealed partial class StoreEngine
{
    private ClaimAnswer Apply(Claim command)
    {
        if (rows.FindDevice(command.DeviceId) is not { } device) return new ClaimAnswer.Conflict();
        if (device.Lease?.ClaimId == command.ClaimId)
            return new ClaimAnswer.Claimed(device, rows.FindJob(device.Lease.JobId)!, rows.SpecOf(device.Lease.JobId),
                rows.FindAppVersion(device.Lease.OrgId, device.Lease.AppVersionId)!.Builds);
        if (!device.IsFree(command.Now) || device.Version != command.DeviceVersion) return new ClaimAnswer.Conflict();
        if (rows.FindGroup(command.GroupId) is not { Queued: > 0 } group) return new ClaimAnswer.Empty();
        var version = rows.FindAppVersion(group.Key.OrgId, group.Key.AppVersionId)!;
        if (command.OpenVersion is { } seen && seen != version.OpenVersion) return new ClaimAnswer.Conflict();
        if (OrgOf(group.Pool, group.Key.OrgId).IsAtLimit) return new ClaimAnswer.Conflict();
        if (FreeUnits(group.Key) is not { } units) return new ClaimAnswer.Conflict();
        if (rows.FirstReady(group.Id) is not { } job) return new ClaimAnswer.Empty();

        var charged = job.EstimateSeconds + (command.OpenVersion is null ? 0 : version.InstallSeconds ?? Estimates.UnknownInstallSeconds);
        job = job with
        {
            Status = JobStatus.Leased,
            Attempt = job.Attempt + 1,
            DeviceId = device.Id,
            StartedAt = job.StartedAt ?? command.Now,
            Reason = null,
            TestsTotal = null,
            TestsDone = 0,
            TestsFailed = 0,
            LastNews = 0,
        };
        device = device with
        {
            LastToken = device.LastToken + 1,
            Version = device.Version + 1,
            Lease = new Lease(device.LastToken + 1, job.Id, job.RunId, job.Attempt, group.Id, job.OrgId, group.Key.AppVersionId,
                command.ClaimId, command.Now, command.Now + command.Ttl, ChargedSeconds: charged)
            { Units = units },
            Revision = rows.NextRevision(),
        };
        rows.Save(device);
        rows.Save(job);
        rows.Save(new Attempt
        {
            JobId = job.Id,
            Number = job.Attempt,
            DeviceId = device.Id,
            AgentId = device.AgentId,
            Token = device.LastToken,
            ClaimedAt = command.Now,
        });
        Hold(job.OrgId, units, new LeaseRef(device.Id, device.LastToken));
        LeaveGroup(group.Id, [job], activeChange: +1, deviceSeconds: charged);
        CountServing(group.Key.OrgId, group.Key.AppVersionId, +1);
        var run = rows.FindRun(job.RunId)!;
        rows.Save(run with { Queued = run.Queued - 1, Active = run.Active + 1 });
        Emit(job, "leased", command.Now);
        return new ClaimAnswer.Claimed(device, job, rows.SpecOf(job.Id), version.Builds);
    }

    private RenewAnswer Apply(Renew command)
    {
        if (rows.FindAgent(command.AgentId) is not { } agent) return new RenewAnswer(null);
        rows.Save(agent with { LastSeen = command.Now });
        return new RenewAnswer([.. command.Leases.Select(reference =>
        {
            if (FindLeased(reference) is not { Lease: { } lease } device) return LeaseState.Lost;
            rows.SaveLeaseEnd(device with { Lease = lease with { Until = command.Now + command.Ttl } });
            return lease.CancelRequested ? LeaseState.Cancel : LeaseState.Ok;
        })]);
    }

    private ProgressAnswer Apply(Progress command)
    {
        if (FindLeased(command.Lease) is not { Lease: { } lease } device) return new ProgressAnswer(LeaseState.Lost);
        var job = rows.FindJob(lease.JobId)!;
        var state = lease.CancelRequested || !job.IsActive ? LeaseState.Cancel : LeaseState.Ok;
        if (command.Sequence <= job.LastNews) return new ProgressAnswer(state);
        job = job with { LastNews = command.Sequence ?? job.LastNews };
        if (command.Installed is { } build)
        {
            rows.Save(job);
            NoteInstall(device, lease, build, command);
            job = rows.FindJob(lease.JobId)!;
        }
        if (state is LeaseState.Cancel) return new ProgressAnswer(state);

        if (command.TestsTotal is { } total) job = job with { TestsTotal = total };
        if (command.Status is { } status and (JobStatus.Installing or JobStatus.Running) && status != job.Status)
        {
            job = job with { Status = status };
            Emit(job, Words.Of(status), command.Now, command.Message);
            if (status is JobStatus.Running && rows.FindAttempt(job.Id, lease.Attempt) is { } attempt)
                rows.Save(attempt with { RunningAt = command.Now });
        }
        else if (command.Message is { } note && command.Installed is null) Emit(job, "note", command.Now, note);
        if (command.TestStarted is { } title) Emit(job, "test_started", command.Now, title);
        if (command.Test is { } test)
        {
            job = job with { TestsDone = job.TestsDone + 1, TestsFailed = job.TestsFailed + (test.Status.IsFailure() ? 1 : 0) };
            Emit(job, "test_ended", command.Now, $"{Words.Of(test.Status)}: {test.Title}", test.DurationMs / 1000);
        }
        rows.Save(job);
        return new ProgressAnswer(LeaseState.Ok);
    }

    /// <summary>Remembers what is on the phone now, and counts the install if there was one.</summary>
    private void NoteInstall(Device device, Lease lease, ResidentBuild build, Progress command)
    {
        var installed = command.InstallSeconds is not null;
        var residents = device.Offer.Residents.Where(r => r.PackageId != build.PackageId).Append(build);
        device = device with
        {
            Offer = device.Offer with { Residents = [.. residents] },
            Installs = device.Installs + (installed ? 1 : 0),
            Version = device.Version + 1,
            Revision = rows.NextRevision(),
        };
        rows.Save(device);
        if (!installed) return;

        LearnInstall(lease, build, command.InstallSeconds!.Value);
        if (rows.FindAttempt(lease.JobId, lease.Attempt) is { } attempt)
            rows.Save(attempt with { Installs = attempt.Installs + 1, InstallSeconds = attempt.InstallSeconds + command.InstallSeconds.Value });
        var group = rows.FindGroup(lease.GroupId)!;
        rows.Save(group with { Installs = group.Installs + 1, Revision = rows.NextRevision() });
        var run = rows.FindRun(lease.RunId)!;
        rows.Save(run with { Installs = run.Installs + 1 });
        var job = rows.FindJob(lease.JobId)!;
        rows.Save(job with { Installs = job.Installs + 1 });
        Emit(job, "installed", command.Now, command.Message, command.InstallSeconds);
    }

    private FinishAnswer Apply(Finish command)
    {
        if (FindLeased(command.Lease) is { } device)
            return new FinishAnswer.Accepted(EndAttempt(device, command.End, command.FinishId, command.Now));
        return rows.FindAttempt(command.Lease) is { } attempt && attempt.FinishId == command.FinishId
            ? new FinishAnswer.Accepted(rows.FindJob(attempt.JobId)!)
            : new FinishAnswer.Stale();
    }

    private ExpireAnswer Apply(ExpireLeases command)
    {
        var expired = rows.LeasesPast(command.Now, command.Max);
        foreach (var device in expired)
            EndAttempt(device, Lost($"Agent {device.AgentId} did not renew the lease of {device.Id} in time."), null, command.Now);
        foreach (var agent in rows.AgentsSilentSince(command.SilentSince))
        {
            rows.Save(agent with { Online = false });
            foreach (var device in rows.DevicesOf(agent.Id)) TakeOffline(device);
        }
        return new ExpireAnswer(expired.Count);
    }

    private static AttemptEnd Lost(string reason) => new(AttemptOutcome.Lost, reason, 0, []);

    private Device? FindLeased(LeaseRef reference) =>
        rows.FindDevice(reference.DeviceId) is { Lease: { } lease } device && lease.Token == reference.Token ? device : null;

    /// <summary>Frees the device and what it holds, closes the attempt and moves its job on.</summary>
    private Job EndAttempt(Device device, AttemptEnd end, string? finishId, DateTimeOffset now)
    {
        var lease = device.Lease!;
        var attempt = rows.FindAttempt(lease.JobId, lease.Attempt)!;
        rows.Save(attempt with { EndedAt = now, Outcome = end.Outcome, Reason = end.Reason, RunSeconds = end.RunSeconds, FinishId = finishId });
        if (end.Tests.Count > 0) rows.SaveTests(lease.JobId, lease.Attempt, end.Tests);
        rows.Save(device with
        {
            Lease = null,
            Attempts = device.Attempts + 1,
            Health = HealthAfter(device, lease, end, now),
            Version = device.Version + 1,
            Revision = rows.NextRevision(),
        });
        Free(lease, new LeaseRef(device.Id, lease.Token));
        CountServing(lease.OrgId, lease.AppVersionId, -1, proven: JobLifecycle.IsTestVerdict(end.Outcome));
        var job = rows.FindJob(lease.JobId)!;
        // Canceled meanwhile: final already, whatever the attempt says.
        if (job.IsActive) job = MoveOn(job, end, now);
        // Last, so that the org of a job that waits again is not gone and back, which would cost it the time it saved.
        LeaveGroup(lease.GroupId, [], activeChange: -1, deviceSeconds: (now - lease.ClaimedAt).TotalSeconds - lease.ChargedSeconds);
        return job;
    }

    private Job MoveOn(Job job, AttemptEnd end, DateTimeOffset now)
    {
        var spec = rows.SpecOf(job.Id);
        var run = rows.FindRun(job.RunId)!;
        var after = JobLifecycle.After(job, spec, end.Outcome, end.Tests.Any(t => t.Status is TestStatus.Flaky));
        if (after is AfterAttempt.Requeue && run.SupersededBy is { } newer)
        {
            after = new AfterAttempt.Final(JobStatus.Canceled, JobVerdict.Canceled, false);
            end = end with { Reason = $"Superseded by run {newer}; not tried again after {Words.Of(end.Outcome)}{(end.Reason is null ? "" : ": " + end.Reason)}" };
        }
        job = job with
        {
            TestFailures = job.TestFailures + (JobLifecycle.IsTestFailure(end.Outcome) ? 1 : 0),
            InfraFailures = job.InfraFailures + (JobLifecycle.IsInfraFailure(end.Outcome) ? 1 : 0),
        };
        // The report is exact; progress may have been sent twice or not at all.
        if (end.Tests.Count > 0)
            job = job with
            {
                TestsTotal = Math.Max(job.TestsTotal ?? 0, end.Tests.Count),
                TestsDone = end.Tests.Count,
                TestsFailed = end.Tests.Count(t => t.Status.IsFailure()),
            };
        if (end.Outcome is AttemptOutcome.Passed or AttemptOutcome.Failed && end.RunSeconds > 0)
        {
            Learn(Estimates.TestKey(spec.OrgId, spec.TestPath, spec.Target), end.RunSeconds);
            Learn(Estimates.OrgKey(spec.OrgId), end.RunSeconds);
        }
        if (after is AfterAttempt.Final final)
        {
            run = Complete(run with { Tests = run.Tests.Plus(TestCounts.Of(end.Tests)) }, job, final, end.Reason, now);
            rows.Save(run);
            FailFast(run, job.Id, final, now);
            return rows.FindJob(job.Id)!;
        }
        job = Requeue(job, spec, run.Pool, ((AfterAttempt.Requeue)after).BarDevice, end, now);
        rows.Save(run with { Queued = run.Queued + 1, Active = run.Active - 1 });
        EnterGroups([(job, spec)], run.Pool, now);
        return job;
    }

    private DeviceHealth HealthAfter(Device device, Lease lease, AttemptEnd end, DateTimeOffset now)
    {
        var subject = Cooldown.SubjectOf(lease.JobId, rows.FindAppVersion(lease.OrgId, lease.AppVersionId)!);
        var elsewhere = rows.FindJob(lease.JobId)!.Barred.Count(d => d != device.Id);
        return Cooldown.After(device.Health, end.Outcome, subject, elsewhere, now);
    }

    /// <summary>What an install took, for the app version and for the next ones of its package.</summary>
    private void LearnInstall(Lease lease, ResidentBuild build, double seconds)
    {
        Learn(Estimates.InstallKey(lease.OrgId, build.PackageId), seconds);
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
            EstimateSeconds = EstimateOf(spec),
            Reason = end.Reason,
        };
        rows.Save(job);
        Emit(job, "requeued", now, $"{Words.Of(end.Outcome)}{(end.Reason is null ? "" : ": " + end.Reason)}");
        return job;
    }
}
