using Qgjob.Core.Devices;
using Qgjob.Core.Groups;
using Qgjob.Core.Jobs;
using Qgjob.Core.Runs;
using Qgjob.Core.Scheduling;
using Qgjob.Core.Storage;
using Qgjob.Core.Storage.Journal;
using Qgjob.Simulation.Tests.World;

namespace Qgjob.Simulation.Tests.Checks;

/// <summary>Reads every commit as it is written, against the rows before it, and remembers what was acknowledged.</summary>
internal sealed partial class CommitChecker(SimWorld world)
{
    /// <summary>A clock is read in at most two seconds, so that it is off by one at most: two servers by two.</summary>
    private static readonly TimeSpan ClocksApart = TimeSpan.FromSeconds(2);
    private readonly Dictionary<string, Device> devices = [];
    private readonly Dictionary<string, JobAndSpec> jobs = [];
    private readonly Dictionary<(string Job, int Number), Attempt> attempts = [];
    private readonly Dictionary<LeaseRef, Attempt> attemptsByLease = [];
    private readonly Dictionary<string, Run> runs = [];
    private readonly Dictionary<string, Group> groups = [];
    private readonly Dictionary<string, Term> terms = [];
    /// <summary>Number of the commit that ended a lease.</summary>
    private readonly Dictionary<LeaseRef, long> leaseEnds = [];
    private Head head = Head.Empty;

    public Device? FindDevice(string id) => devices.GetValueOrDefault(id);

    public IEnumerable<string> JobsOf(string run) => jobs.Values.Where(j => j.Job.RunId == run).Select(j => j.Job.Id);

    public IEnumerable<Job> Unfinished => jobs.Values.Select(j => j.Job).Where(j => !j.IsFinal);

    public bool AnyLease => devices.Values.Any(d => d.Lease is not null);

    public void Written(RowChanges commit)
    {
        if (commit.Head.Commit != head.Commit + 1 || commit.Head.Revision < head.Revision || commit.Head.Event < head.Event)
            world.Break(Promise.OneCommitAfterTheOther, $"{commit.Head} follows {head}");
        head = commit.Head;
        foreach (var run in commit.Runs) runs[run.Id] = run;
        foreach (var group in commit.Groups) groups[group.Id] = group;
        var attemptsBefore = commit.Attempts.Select(a => attempts.GetValueOrDefault((a.JobId, a.Number))).ToList();
        foreach (var attempt in commit.Attempts) attempts[(attempt.JobId, attempt.Number)] = attemptsByLease[new LeaseRef(attempt.DeviceId, attempt.Token)] = attempt;
        for (var i = 0; i < commit.Attempts.Count; i++) CheckAttempt(attemptsBefore[i], commit.Attempts[i]);
        foreach (var (job, spec) in commit.Jobs) CheckJob(job, spec);
        foreach (var device in commit.Devices) CheckDevice(device);
        foreach (var (id, until) in commit.LeaseEnds)
            if (devices[id] is { Lease: { } lease } device) devices[id] = device with { Lease = lease with { Until = until } };
        if (commit.Devices.Count > 0) CheckJobsOfLeases();
        foreach (var term in commit.Terms) CheckTerm(term);
    }

    private void CheckAttempt(Attempt? before, Attempt now)
    {
        if (before?.EndedAt is not null && (before.Outcome, before.FinishId) != (now.Outcome, now.FinishId))
            world.Break(Promise.OneResultPerJob, $"attempt {now.Number} of {now.JobId} ended as {before.Outcome} {before.FinishId}, now as {now.Outcome} {now.FinishId}", now.JobId, now.DeviceId);
        if (before?.EndedAt is not null || now.EndedAt is null) return;
        var lease = new LeaseRef(now.DeviceId, now.Token);
        leaseEnds[lease] = head.Commit;
        // Unless it came and went within the commit, its lease was the device's.
        if (before is not null && devices[now.DeviceId].Lease?.Token != now.Token)
            world.Break(Promise.NothingWithAnOldToken, $"attempt {now.Number} of {now.JobId} ended by token {now.Token} of {now.DeviceId}, which holds {devices[now.DeviceId].Lease?.Token}", now.JobId, now.DeviceId);
    }

    private void CheckJob(Job job, JobSpec? spec)
    {
        var before = jobs.GetValueOrDefault(job.Id);
        jobs[job.Id] = new JobAndSpec(job, spec ?? before!.Spec);
        var limits = jobs[job.Id].Spec;
        if (before is { Job: { IsFinal: true } old } && (old.Status, old.Verdict, old.Attempt) != (job.Status, job.Verdict, job.Attempt))
            world.Break(
                old.Status is JobStatus.Canceled ? Promise.NothingAfterCancel : Promise.OneResultPerJob,
                $"{job.Id} was {old.Status} after attempt {old.Attempt}, now is {job.Status} after {job.Attempt}", job.Id, job.DeviceId ?? "");
        if (before is not null && job.Attempt < before.Job.Attempt)
            world.Break(Promise.TokensRise, $"{job.Id} had attempt {before.Job.Attempt}, now {job.Attempt}", job.Id);
        if (job.TestFailures > limits.MaxAttempts || job.InfraFailures > limits.InfraAttempts || job.Attempt > limits.MaxAttempts + limits.InfraAttempts - 1)
            world.Break(Promise.AttemptsWithinLimits, $"{job.Id}: {job.Attempt} attempts, {job.TestFailures} of {limits.MaxAttempts} test failures, {job.InfraFailures} of {limits.InfraAttempts} others", job.Id);
    }

    private void CheckDevice(Device device)
    {
        var before = devices.GetValueOrDefault(device.Id);
        devices[device.Id] = device;
        if (device.LastToken < (before?.LastToken ?? 0) || device.Lease is { } held && held.Token != device.LastToken)
            world.Break(Promise.TokensRise, $"{device.Id} had token {before?.LastToken}, now {device.LastToken}, lease {device.Lease?.Token}", device.Id);
        if (before?.Lease is { } old && old.Token != device.Lease?.Token && attemptsByLease[new LeaseRef(device.Id, old.Token)].EndedAt is null)
            world.Break(Promise.OneLeasePerDevice, $"{device.Id} was leased to {old.JobId} by token {old.Token}, which has not ended; now token {device.Lease?.Token}", device.Id, old.JobId);
        if (device.Lease is not { } lease || lease.Token == before?.Lease?.Token) return;
        if (before is not null && lease.Token <= before.LastToken)
            world.Break(Promise.TokensRise, $"{device.Id} had token {before.LastToken}, and gives {lease.Token}", device.Id);
        if (attemptsByLease.GetValueOrDefault(new LeaseRef(device.Id, lease.Token)) is not { EndedAt: null })
            world.Break(Promise.OneLeasePerDevice, $"{device.Id} has a lease by token {lease.Token} without an attempt", device.Id);
        // Within one commit the phone may have changed after the claim.
        if (!new[] { before, device }.Any(d => d is not null && Eligibility.Matches(groups[lease.GroupId].Key, d.Offer)))
            world.Break(Promise.ClaimsFit, $"{device.Id} does not fit {lease.JobId}", device.Id, lease.JobId);
    }

    private void CheckJobsOfLeases()
    {
        var leased = new HashSet<string>();
        foreach (var device in devices.Values)
            if (device.Lease is { } lease && !leased.Add(lease.JobId))
                world.Break(Promise.OneLeasePerJob, $"two devices are leased to {lease.JobId}, one is {device.Id}", lease.JobId, device.Id);
    }

    private void CheckTerm(Term term)
    {
        var now = world.Scheduler.Outside.Time.GetUtcNow();
        if (terms.GetValueOrDefault(term.Name) is { } before && before.Holder != term.Holder && before.Until > now + ClocksApart)
            world.Break(Promise.OneHolderPerTerm, $"{term.Holder} took {term.Name}, which {before.Holder} has for another {before.Until - now}");
        terms[term.Name] = term;
    }
}
