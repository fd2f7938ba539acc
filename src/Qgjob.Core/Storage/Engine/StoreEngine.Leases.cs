using Qgjob.Core.Devices;
using Qgjob.Core.Jobs;
using Qgjob.Core.Results;
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
        if (!OrgOf(group.Pool, group.Key.OrgId).MayTake(device.Offer.Target, command.Now)) return new ClaimAnswer.Conflict();
        if (FreeUnits(group.Key) is not { } units) return new ClaimAnswer.Conflict();
        if (rows.FirstReady(group.Id) is not { } job) return new ClaimAnswer.Empty();

        // Rises with every claim; by the clock too, so that it does not come again after a store was restored from a
        // backup, or a device was forgotten, and tokens given out since are still in use somewhere.
        var token = Math.Max(device.LastToken + 1, command.Now.ToUnixTimeMilliseconds());
        var charged = job.EstimateSeconds + (command.OpenVersion is null ? 0 : Estimates.InstallSecondsOf(version));
        job = job with
        {
            Status = JobStatus.Leased,
            Attempt = job.Attempt + 1,
            DeviceId = device.Id,
            StartedAt = job.StartedAt ?? command.Now,
            Reason = null,
            // What is left of a shard can be named only by who knows how many tests it has.
            TestsTotal = job.SoFar is not null && rows.SpecOf(job.Id).Tests?.Slice?.Sharded is true ? job.TestsTotal : null,
            TestsDone = 0,
            TestsFailed = 0,
            LastNews = 0,
        };
        device = device with
        {
            LastToken = token,
            Version = device.Version + 1,
            Lease = new Lease(token, job.Id, job.RunId, job.Attempt, group.Id, job.OrgId, group.Key.AppVersionId,
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
        CountServing(group.Key.OrgId, group.Key.AppVersionId, +1, command.Now);
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
            var until = command.Now + command.Ttl;
            // A renewal that was under way for long must not shorten what a later one gave.
            if (until > lease.Until) rows.SaveLeaseEnd(device with { Lease = lease with { Until = until } });
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
        if (command.Test is { } ended)
        {
            var test = Marked(lease.OrgId, ended, command.Now);
            job = job with { TestsDone = job.TestsDone + 1, TestsFailed = job.TestsFailed + (test.CountsAsFailure() ? 1 : 0) };
            Emit(job, "test_ended", command.Now, $"{Words.Of(test.Status)}{(test.IsExcused() ? " (quarantined)" : "")}: {test.Title}", test.DurationMs / 1000);
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

        LearnInstall(lease, build, command.InstallSeconds!.Value, command.Now);
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
            foreach (var device in rows.DevicesOf(agent.Id)) TakeOffline(device, command.Now);
        }
        return new ExpireAnswer(expired.Count);
    }

    private static AttemptEnd Lost(string reason) => new(AttemptOutcome.Lost, reason, 0, []);

    private Device? FindLeased(LeaseRef reference) =>
        rows.FindDevice(reference.DeviceId) is { Lease: { } lease } device && lease.Token == reference.Token ? device : null;
}
