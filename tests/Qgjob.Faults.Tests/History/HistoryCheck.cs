using System.Globalization;
using Qgjob.Client.Wire;
using Qgjob.Core;
using Qgjob.Core.Jobs;
using Qgjob.Faults.Tests.Load;

namespace Qgjob.Faults.Tests.History;

/// <summary>The rules that every history must keep, whatever died meanwhile. Collects what breaks them.</summary>
/// <param name="mayForget">The store may have lost what it acknowledged; then only what is there must be consistent.</param>
/// <param name="clocksAgree">The servers' clocks did not jump: their times can be compared.</param>
internal sealed class HistoryCheck(PastOf past, IReadOnlyList<RunRecord> told, IReadOnlyList<PhoneUse> uses, IReadOnlyList<FinishHeard> finishes, bool mayForget = false, bool clocksAgree = true)
{
    private readonly List<string> violations = [];

    public IReadOnlyList<string> Violations()
    {
        Acknowledged();
        Runs();
        foreach (var job in past.Jobs.Values) Job(job);
        EventOrder();
        Leases();
        Phones();
        Finishes();
        Followers();
        Counters();
        return violations;
    }

    private void Say(FormattableString what) => violations.Add(what.ToString(CultureInfo.InvariantCulture));

    /// <summary>Nothing that a submitter was told is untrue now.</summary>
    private void Acknowledged()
    {
        foreach (var run in told)
        {
            if (run.NeverEnded) Say($"run {run.RunId} did not end");
            if (!past.Runs.TryGetValue(run.RunId, out var view))
            {
                if (!mayForget) Say($"run {run.RunId} was acknowledged and is gone");
                continue;
            }
            if (run.Vanished && !mayForget) Say($"run {run.RunId} was not found for a while");
            var missing = run.JobIds.Where(id => !past.Jobs.ContainsKey(id)).ToList();
            if (missing.Count > 0) Say($"run {run.RunId} lacks {string.Join(", ", missing)}");
            foreach (var (id, status) in run.Final)
                if (past.Jobs.TryGetValue(id, out var job) && job.Status != status && !mayForget) Say($"job {id} was {Words.Of(status)} and is {Words.Of(job.Status)}");
            if (run.CancelAcknowledged && view.FinishedAt is null && !mayForget) Say($"run {run.RunId} was canceled and goes on");
        }
        if (mayForget) return;
        var known = told.Select(r => r.RunId).ToHashSet();
        foreach (var id in past.Runs.Keys.Where(id => !known.Contains(id))) Say($"run {id} was submitted by nobody: an unacknowledged repetition made it");
    }

    private void Runs()
    {
        foreach (var run in past.Runs.Values)
        {
            var jobs = past.Jobs.Values.Where(j => j.RunId == run.RunId).ToList();
            var counted = new JobCounts(
                jobs.Count, jobs.Count(j => j.Status is JobStatus.Queued), jobs.Count(j => j.Status is JobStatus.Leased or JobStatus.Installing or JobStatus.Running),
                jobs.Count(j => j.Status is JobStatus.Passed), jobs.Count(j => j.Status is JobStatus.Failed), jobs.Count(j => j.Status is JobStatus.Error),
                jobs.Count(j => j.Status is JobStatus.TimedOut), jobs.Count(j => j.Status is JobStatus.Canceled));
            if (counted != run.Jobs) Say($"run {run.RunId} counts {run.Jobs}, its jobs are {counted}");
            if (run.FinishedAt is not null != jobs.All(j => j.FinishedAt is not null)) Say($"run {run.RunId} and its jobs disagree on whether it is over");
        }
    }

    private void Job(JobView job)
    {
        var attempts = job.Attempts!;
        if (!attempts.Select(a => a.Number).SequenceEqual(Enumerable.Range(1, attempts.Count))) Say($"job {job.JobId} has the attempts {string.Join(' ', attempts.Select(a => a.Number))}");
        if (attempts.Count(a => JobLifecycle.IsTestFailure(a.Outcome)) > 2) Say($"job {job.JobId} failed more often than it may");
        if (attempts.Count(a => JobLifecycle.IsInfraFailure(a.Outcome)) > 10) Say($"job {job.JobId} was lost more often than it may");
        if (attempts.Count(a => a.Outcome is AttemptOutcome.Passed) > 1) Say($"job {job.JobId} passed twice");
        if (attempts.SkipLast(1).Any(a => a.Outcome is AttemptOutcome.None or AttemptOutcome.Passed or AttemptOutcome.Canceled)) Say($"job {job.JobId} was tried again after {string.Join(' ', attempts.Select(a => a.Outcome))}");
        if (job.Status is JobStatus.Passed && attempts is not [.., { Outcome: AttemptOutcome.Passed }]) Say($"job {job.JobId} passed without an attempt that did");
        if (job.Status is JobStatus.Failed && attempts.Count(a => a.Outcome is AttemptOutcome.Failed) != 2) Say($"job {job.JobId} failed without two failures");
        if (job.FinishedAt is not null && attempts.Any(a => a.Outcome is AttemptOutcome.None)) Say($"job {job.JobId} is over, an attempt of it is not");
    }

    /// <summary>By the events alone: a device and a job have one lease at a time, what is over stays over, numbers never come twice.</summary>
    private void EventOrder()
    {
        var all = past.Events.Values.SelectMany(e => e).OrderBy(e => e.Sequence).ToList();
        foreach (var twice in all.Zip(all.Skip(1)).Where(p => p.First.Sequence == p.Second.Sequence)) Say($"event {twice.First.Sequence} is there twice");
        var onDevice = new Dictionary<string, string>();
        var deviceOf = new Dictionary<string, string>();
        var over = new HashSet<string>();
        foreach (var e in all.Where(e => e.JobId is not null))
        {
            if (over.Contains(e.JobId!)) Say($"event {e.Sequence} ({e.Kind}) of job {e.JobId} came after its end");
            if (e.Kind == "leased")
            {
                if (onDevice.TryGetValue(e.DeviceId!, out var other)) Say($"event {e.Sequence}: {e.DeviceId} was leased to {e.JobId} while {other} had it");
                if (deviceOf.TryGetValue(e.JobId!, out var device)) Say($"event {e.Sequence}: {e.JobId} was leased {e.DeviceId} while it had {device}");
                (onDevice[e.DeviceId!], deviceOf[e.JobId!]) = (e.JobId!, e.DeviceId!);
            }
            if (e.Kind is not ("requeued" or "finished")) continue;
            if (deviceOf.Remove(e.JobId!, out var had)) onDevice.Remove(had);
            if (e.Kind == "finished") over.Add(e.JobId!);
        }
        foreach (var job in past.Jobs.Values.Where(j => j.FinishedAt is not null && past.Events.ContainsKey(j.RunId) && !over.Contains(j.JobId))) Say($"job {job.JobId} is over without an event that says so");
        foreach (var (run, events) in past.Events)
            if (events.Count(e => e.Kind == "run_finished") != 1) Say($"run {run} has {events.Count(e => e.Kind == "run_finished")} ends");
    }

    /// <summary>By the servers' times: a device's attempts follow each other.</summary>
    private void Leases()
    {
        if (!clocksAgree) return;
        foreach (var device in past.Attempts.GroupBy(a => a.Attempt.DeviceId))
        {
            var inOrder = device.OrderBy(a => a.Attempt.ClaimedAt).ToList();
            foreach (var (one, next) in inOrder.Zip(inOrder.Skip(1)))
                if (one.Attempt.EndedAt is not { } ended || ended > next.Attempt.ClaimedAt)
                    Say($"{device.Key}: {next.Job.JobId} was claimed at {next.Attempt.ClaimedAt:O}, {one.Job.JobId} ended at {one.Attempt.EndedAt:O}");
        }
    }

    /// <summary>By what reached the phones.</summary>
    private void Phones()
    {
        foreach (var phone in uses.GroupBy(u => u.Device))
        {
            var inOrder = phone.OrderBy(u => u.Begin).ToList();
            foreach (var (one, next) in inOrder.Zip(inOrder.Skip(1)))
            {
                if (one.Last > next.Begin) Say($"{phone.Key} was driven by {one.JobId}.{one.Attempt} and {next.JobId}.{next.Attempt} at once");
                if (one.Token >= next.Token) Say($"{phone.Key}: token {next.Token} came after {one.Token}");
            }
        }
        foreach (var twice in uses.GroupBy(u => (u.JobId, u.Attempt)).Where(g => g.Count() > 1 && !mayForget)) Say($"attempt {twice.Key} was made on {string.Join(" and ", twice.Select(u => u.Device))}");
    }

    /// <summary>What was acknowledged to an agent is what the job says.</summary>
    private void Finishes()
    {
        foreach (var lease in finishes.Where(f => f.Accepted).GroupBy(f => (f.Device, f.Token)))
        {
            // A store that stands at an earlier moment again gives the lease again, and its attempt is made anew.
            if (!mayForget && lease.Select(f => f.FinishId).Distinct().Count() > 1) Say($"{lease.Key} ended twice");
            if (mayForget || uses.FirstOrDefault(u => u.Device == lease.Key.Device && u.Token == lease.Key.Token) is not { } use) continue;
            var attempt = past.Jobs.GetValueOrDefault(use.JobId)?.Attempts?.FirstOrDefault(a => a.Number == use.Attempt);
            if (attempt is null || Words.Of(attempt.Outcome) != lease.First().Outcome)
                Say($"{use.JobId}.{use.Attempt}: {lease.First().Outcome} was acknowledged, {(attempt is null ? "nothing" : Words.Of(attempt.Outcome))} is there");
        }
        foreach (var stale in finishes.Where(f => !f.Accepted))
            if (uses.FirstOrDefault(u => u.Device == stale.Device && u.Token == stale.Token) is { } use
                && past.Jobs.GetValueOrDefault(use.JobId)?.Attempts?.FirstOrDefault(a => a.Number == use.Attempt) is { Outcome: not AttemptOutcome.Lost } attempt && !mayForget
                && !finishes.Any(f => f.Accepted && f.FinishId == stale.FinishId))
                Say($"{use.JobId}.{use.Attempt}: refused as stale, and {Words.Of(attempt.Outcome)}");
    }

    /// <summary>Over broken connections and several servers, a follower gets each event once, in order.</summary>
    private void Followers()
    {
        foreach (var run in told.Where(r => r is { Followed: not null, Vanished: false, NeverEnded: false }))
            if (past.Events.TryGetValue(run.RunId, out var events) && !mayForget && !events.Select(e => e.Sequence).SequenceEqual(run.Followed!.Select(e => e.Sequence)))
                Say($"run {run.RunId}: followed {string.Join(' ', run.Followed!.Select(e => e.Sequence))}, it has {string.Join(' ', events.Select(e => e.Sequence))}");
    }

    private void Counters()
    {
        foreach (var group in past.Groups.Where(g => g.Queued != 0 || g.Active != 0 || g.DevicesServing != 0)) Say($"group {group.GroupId} has {group.Queued} waiting, {group.Active} active when all is over");
        foreach (var org in past.Orgs.Where(o => o.JobsWaiting != 0 || o.DevicesInUse != 0)) Say($"org {org.OrgId} has {org.JobsWaiting} waiting, {org.DevicesInUse} devices when all is over");
        foreach (var device in past.Devices)
        {
            var made = past.Attempts.Count(a => a.Attempt.DeviceId == device.DeviceId);
            if (device.Attempts != made) Say($"{device.DeviceId} counts {device.Attempts} attempts, there were {made}");
        }
    }
}
