using Qgjob.Client.Wire;
using Qgjob.Core.Jobs;
using Qgjob.Core.Storage;
using Qgjob.Simulation.Tests.World;

namespace Qgjob.Simulation.Tests.Checks;

/// <summary>What people and agents were told.</summary>
internal sealed partial class CommitChecker
{
    private readonly List<(string Submission, string Run, int Jobs, bool Keyed)> submitted = [];

    private readonly Dictionary<LeaseRef, string> first = [];

    public void Finishing(FinishItem item) => first.TryAdd(item.Lease, item.FinishId);

    public void Submitted(string submission, string run, int count, bool keyed)
    {
        if (!runs.TryGetValue(run, out var row) || row.Total != count || JobsOf(run).Count() != count)
            world.Break(Promise.NothingAcknowledgedIsLost, $"{submission} was accepted as {run} with {count} jobs, of which the journal knows {JobsOf(run).Count()}", submission, run);
        submitted.Add((submission, run, count, keyed));
    }

    public void Canceled(string run, string? job)
    {
        foreach (var of in jobs.Values.Select(j => j.Job).Where(j => j.RunId == run && (job is null || j.Id == job) && !j.IsFinal))
            world.Break(Promise.NothingAcknowledgedIsLost, $"{run} {job} was canceled, and {of.Id} is {of.Status}", run, of.Id);
    }

    public void Assigned(Assignment assignment, string agent)
    {
        if (attemptsByLease.GetValueOrDefault(assignment.Lease) is not { } attempt || attempt.JobId != assignment.JobId)
            world.Break(Promise.NothingAcknowledgedIsLost, $"{agent} got {assignment.JobId} by token {assignment.Lease.Token} of {assignment.Lease.DeviceId}, of which the journal knows nothing", assignment.JobId, assignment.Lease.DeviceId);
        else if (attempt.AgentId != agent)
            world.Break(Promise.ClaimsFit, $"{agent} got {assignment.JobId} on {assignment.Lease.DeviceId}, which was claimed at {attempt.AgentId}", assignment.JobId, assignment.Lease.DeviceId);
    }

    /// <summary>A renewal counted that was sent after the commit <paramref name="sentAfter"/>.</summary>
    public void Renewed(LeaseRef lease, long sentAfter)
    {
        if (leaseEnds.TryGetValue(lease, out var ended) && ended <= sentAfter)
            world.Break(Promise.NothingWithAnOldToken, $"token {lease.Token} of {lease.DeviceId} ended with commit {ended}, and was renewed after {sentAfter}", lease.DeviceId);
    }

    public void Answered(FinishItem item, bool accepted)
    {
        var attempt = attemptsByLease.GetValueOrDefault(item.Lease);
        var taken = attempt?.FinishId == item.FinishId && attempt.Outcome == item.End.Outcome;
        if (accepted && !taken)
            world.Break(Promise.NothingAcknowledgedIsLost, $"{item.FinishId} of token {item.Lease.Token} of {item.Lease.DeviceId} was accepted, and the journal has {attempt?.FinishId} {attempt?.Outcome}", item.Lease.DeviceId, attempt?.JobId ?? "");
        // Whatever finish there is, is the first one that the agent sent for the lease.
        if (!accepted && attempt?.FinishId is not null && first[item.Lease] == item.FinishId)
            world.Break(Promise.NothingAcknowledgedIsLost, $"{item.FinishId} of token {item.Lease.Token} of {item.Lease.DeviceId} is in the journal, and its agent was told that it came too late", item.Lease.DeviceId, attempt.JobId);
    }

    /// <summary>After everything: what was acknowledged is there still.</summary>
    public void CheckAcknowledged()
    {
        foreach (var (submission, run, count, keyed) in submitted)
        {
            if (!runs.ContainsKey(run) || JobsOf(run).Count() != count)
                world.Break(Promise.NothingAcknowledgedIsLost, $"{submission}, {run}, was accepted with {count} jobs and is not there", submission, run);
            var made = runs.Values.Count(r => r.Meta["submission"] == submission);
            if (keyed && made != 1)
                world.Break(Promise.OneRunPerSubmission, $"{submission} made {made} runs", submission, run);
        }
        foreach (var job in jobs.Values.Select(j => j.Job))
        {
            var counted = attempts.Values.Where(a => a.JobId == job.Id).ToList();
            if (counted.Count != job.Attempt)
                world.Break(Promise.AttemptsWithinLimits, $"{job.Id} is at attempt {job.Attempt} and has {counted.Count}", job.Id);
            if (job.Status is JobStatus.Passed && counted.Count(a => a.Outcome is AttemptOutcome.Passed or AttemptOutcome.Skipped) != 1)
                world.Break(Promise.OneResultPerJob, $"{job.Id} passed {counted.Count(a => a.Outcome is AttemptOutcome.Passed or AttemptOutcome.Skipped)} times", job.Id);
        }
    }
}
