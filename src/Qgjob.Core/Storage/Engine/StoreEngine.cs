using System.Diagnostics;
using Qgjob.Core.Devices;
using Qgjob.Core.Events;
using Qgjob.Core.Groups;
using Qgjob.Core.Jobs;
using Qgjob.Core.Notifications;
using Qgjob.Core.Results;
using Qgjob.Core.Runs;
using Qgjob.Core.Scheduling;

namespace Qgjob.Core.Storage.Engine;

/// <summary>What every command means, once, for all stores whose rows are in this process.</summary>
/// <remarks>
/// A command first checks everything and then writes, so that a refused command leaves nothing half-done. The caller
/// wraps a batch in one transaction.
/// </remarks>
public sealed partial class StoreEngine(IStoreRows rows)
{
    /// <summary>Applies a batch and what follows from it; one answer per command, in order.</summary>
    internal IReadOnlyList<object> Apply(IReadOnlyList<StoreCommand> batch, Follow? follow, Func<string, long, PoolDelta> changed)
    {
        var answers = new List<object>(batch.Count);
        foreach (var command in batch) answers.Add(Apply(command));
        if (follow is not null) foreach (var command in follow(changed)) answers.Add(Apply(command));
        return answers;
    }

    /// <summary>Applies one command and gives its answer.</summary>
    public object Apply(StoreCommand command) => command switch
    {
        Enqueue c => Apply(c),
        Claim c => Apply(c),
        Renew c => Apply(c),
        Progress c => Apply(c),
        Finish c => Apply(c),
        Register c => Apply(c),
        Touch c => Apply(c),
        OrderDevice c => Apply(c),
        DrainAgent c => Apply(c),
        Cancel c => Apply(c),
        ExpireLeases c => Apply(c),
        ExpireQueued c => Apply(c),
        PutBuild c => Apply(c),
        SetOrg c => Apply(c),
        SetResource c => Apply(c),
        SetQuarantine c => Apply(c),
        EndQuarantine c => Apply(c),
        SetEstimate c => Apply(c),
        TakeTerm c => Apply(c),
        Forget c => Apply(c),
        SetHook c => Apply(c),
        RemoveHook c => Apply(c),
        JudgeRun c => Apply(c),
        NoteDelivery c => Apply(c),
        Redeliver c => Apply(c),
        _ => throw new UnreachableException($"no store knows {command.GetType().Name}"),
    };

    /// <summary>Refuses commands that no store could apply, before anything of their batch is applied.</summary>
    /// <exception cref="ArgumentException">A command is malformed: its caller should have checked it.</exception>
    public static void Check(IReadOnlyList<StoreCommand> batch)
    {
        foreach (var command in batch)
            switch (command)
            {
                case Enqueue enqueue:
                    foreach (var selector in enqueue.Jobs.Select(j => j.Spec.Device).Where(d => !string.IsNullOrEmpty(d)).Distinct())
                        if (!DeviceSelector.TryParse(selector!, out _, out var error)) throw new ArgumentException(error!.ToString(), nameof(batch));
                    if (enqueue.Jobs.Any(j => !IsDuration(j.EstimateSeconds ?? 0)))
                        throw new ArgumentException("a job's estimate is finite and not below 0", nameof(batch));
                    if (enqueue.Jobs.SelectMany(j => j.Spec.Resources).FirstOrDefault(r => !IsResourceName(r)) is { } odd)
                        throw new ArgumentException($"'{odd}' cannot name a resource", nameof(batch));
                    break;
                case SetResource resource when !IsResourceName(resource.Name):
                    throw new ArgumentException($"'{resource.Name}' cannot name a resource", nameof(batch));
                case SetEstimate estimate when !IsDuration(estimate.Seconds):
                    throw new ArgumentException("an estimate is finite and not below 0", nameof(batch));
                case SetOrg { Weight: not > 0 } or SetOrg { Weight: double.PositiveInfinity } or SetOrg { MaxDevices: < 0 } or SetOrg { KeepDays: < 1 } or SetOrg { MaxDiskGb: < 0 } or SetOrg { MaxCloudMinutes: < 0 }:
                    throw new ArgumentException("an org's weight is above 0 and finite, its limits of devices and room not below 0, and its days 1 or more", nameof(batch));
                case Finish { End.Outcome: AttemptOutcome.None }:
                    throw new ArgumentException("an attempt that ended has an outcome", nameof(batch));
            }
    }

    /// <summary>Submissions are many and no device serves the app version yet: for them its time of use is not kept more exactly.</summary>
    private static readonly TimeSpan WorthNoting = TimeSpan.FromHours(1);

    private static bool IsDuration(double seconds) => double.IsFinite(seconds) && seconds >= 0;

    /// <summary>Groups join names by newlines.</summary>
    private static bool IsResourceName(string name) => name.Length > 0 && !name.Contains('\n');

    private void Emit(Job job, string kind, DateTimeOffset now, string? message = null, double? seconds = null) =>
        rows.Append(new JobEvent(0, job.RunId, job.Id, now, kind, job.Attempt, job.DeviceId, Words.Of(job.Status), message, seconds));

    /// <summary>Puts queued jobs (their rows are saved already) into their groups: counters and head of each group, one save per group.</summary>
    private void EnterGroups(IEnumerable<(Job Job, JobSpec Spec)> jobs, string pool, DateTimeOffset now)
    {
        foreach (var sameGroup in jobs.GroupBy(j => j.Job.GroupId))
        {
            var (first, spec) = sameGroup.First();
            var group = rows.FindGroup(sameGroup.Key) ?? new Group
            {
                Id = sameGroup.Key,
                Key = GroupKey.Of(spec, first.Barred),
                Pool = pool,
            };
            var head = rows.FirstReady(group.Id)!;
            rows.Save(group with
            {
                Queued = group.Queued + sameGroup.Count(),
                QueuedSeconds = group.QueuedSeconds + sameGroup.Sum(j => j.Job.EstimateSeconds),
                HeadTier = head.Tier,
                HeadSubmittedAt = head.CreatedAt,
                Revision = rows.NextRevision(),
            });
            CountOrg(pool, spec.OrgId, queued: sameGroup.Count(), active: 0);
            if (rows.FindAppVersion(spec.OrgId, spec.AppVersionId) is not { } version)
                rows.Save(new AppVersion { OrgId = spec.OrgId, Id = spec.AppVersionId, CreatedAt = now, UsedAt = now, Revision = rows.NextRevision() });
            else if (now - version.UsedAt > WorthNoting)
                rows.Save(version with { UsedAt = now, Revision = rows.NextRevision() });
        }
    }

    /// <summary>Takes jobs that do not wait any more (their rows are saved already) out of their group's counters.</summary>
    /// <param name="groupId">The group.</param>
    /// <param name="leaving">The jobs.</param>
    /// <param name="activeChange">Change of the number of jobs on devices.</param>
    /// <param name="deviceSeconds">Device seconds to charge to the org, or to give back.</param>
    private void LeaveGroup(string groupId, IReadOnlyCollection<Job> leaving, int activeChange = 0, double deviceSeconds = 0)
    {
        var group = rows.FindGroup(groupId)!;
        var queued = group.Queued - leaving.Count;
        var head = queued > 0 ? rows.FirstReady(groupId) : null;
        rows.Save(group with
        {
            Queued = queued,
            // The sum of many additions and subtractions drifts; an empty queue holds exactly nothing.
            QueuedSeconds = queued == 0 ? 0 : Math.Max(0, group.QueuedSeconds - leaving.Sum(j => j.EstimateSeconds)),
            Active = group.Active + activeChange,
            HeadTier = head?.Tier ?? 0,
            HeadSubmittedAt = head?.CreatedAt ?? default,
            Revision = rows.NextRevision(),
        });
        CountOrg(group.Pool, group.Key.OrgId, -leaving.Count, activeChange, deviceSeconds);
    }

    private void CountServing(string orgId, string appVersionId, int change, DateTimeOffset now, bool proven = false)
    {
        var version = rows.FindAppVersion(orgId, appVersionId)!;
        rows.Save(version with
        {
            Serving = version.Serving + change,
            Proven = version.Proven || proven,
            OpenVersion = version.OpenVersion + 1,
            UsedAt = now,
            Revision = rows.NextRevision(),
        });
    }

    /// <summary>Makes a job final and tells its run, its tests (as they stand so far) included; the caller saves the run that comes back.</summary>
    private Run Complete(Run run, Job job, AfterAttempt.Final final, string? reason, DateTimeOffset now)
    {
        var wasActive = job.IsActive;
        var tests = TestCounts.Of(job.SoFar ?? []);
        job = job with { Status = final.Status, Verdict = final.Verdict, Flaky = final.Flaky, Reason = reason, FinishedAt = now, SoFar = null };
        rows.Save(job);
        Emit(job, "finished", now, reason);
        var verdicts = run.Verdicts.ToArray();
        verdicts[(int)final.Verdict]++;
        run = run with
        {
            Queued = run.Queued - (wasActive ? 0 : 1),
            Active = run.Active - (wasActive ? 1 : 0),
            Verdicts = verdicts,
            Flaky = run.Flaky + (final.Flaky ? 1 : 0),
            Tests = run.Tests.Plus(tests),
        };
        return run.Queued + run.Active > 0 ? run : CompleteRun(run, now);
    }

    private Run CompleteRun(Run run, DateTimeOffset now)
    {
        run = run with { FinishedAt = now };
        rows.Append(new JobEvent(0, run.Id, null, now, "run_finished", Status: Words.Of(RunVerdict.Of(run))));
        NoteForHooks(run, now);
        return run;
    }

    private double EstimateOf(JobSpec spec) =>
        rows.FindEstimate(Estimates.TestKey(spec.OrgId, spec.TestPath, spec.Target))
        ?? rows.FindEstimate(Estimates.OrgKey(spec.OrgId))
        ?? Estimates.UnknownTestSeconds;

    private void Learn(string key, double seconds, DateTimeOffset now) =>
        rows.SaveEstimate(key, Estimates.Update(rows.FindEstimate(key), seconds), now);
}
