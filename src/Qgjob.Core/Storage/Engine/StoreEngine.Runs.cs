using System.Globalization;
using Qgjob.Core.Groups;
using Qgjob.Core.Jobs;
using Qgjob.Core.Notifications;
using Qgjob.Core.Scheduling;

namespace Qgjob.Core.Storage.Engine;

/// <summary>Submission, cancellation, queue limits.</summary>
public sealed partial class StoreEngine
{
    private EnqueueAnswer Apply(Enqueue command)
    {
        if (command.Run.IdempotencyKey is { } key && rows.FindRunByKey(command.Run.OrgId, key) is { } earlier)
            return earlier.BodyHash == command.Run.BodyHash ? new EnqueueAnswer.Repeated(earlier) : new EnqueueAnswer.KeyTaken(earlier.Id);

        var run = command.Run with { Total = command.Jobs.Count, Queued = command.Jobs.Count };
        if (command.Notify is { } notify) rows.Save(HookRow.Of(notify));
        // A submission without jobs would never end; it found no tests, and its verdict says so.
        if (run.Total == 0) run = CompleteRun(run, command.Now);
        var cap = rows.FindOrg(run.Pool, run.OrgId)?.MaxPriority ?? int.MaxValue;
        var entering = new List<(Job, JobSpec)>(command.Jobs.Count);
        var groupIds = new Dictionary<(string, string, Target, Platform?, string?, string, Target?, int?), string>();
        foreach (var (id, spec, estimate, soFar) in command.Jobs)
        {
            var resources = spec.Resources.Count == 0 ? "" : string.Join('\n', spec.Resources);
            var sameGroup = (spec.OrgId, spec.AppVersionId, spec.Target, spec.Platform, spec.Device, resources, spec.Overflow, spec.OverflowAfterSeconds);
            if (!groupIds.TryGetValue(sameGroup, out var groupId))
                groupIds[sameGroup] = groupId = GroupKey.Of(spec, []).ToId(run.Pool);
            var job = new Job
            {
                Id = id,
                RunId = run.Id,
                OrgId = spec.OrgId,
                GroupId = groupId,
                Ordinal = entering.Count,
                Tier = Estimates.TierOf(command.Now, Math.Min(spec.Priority, cap)),
                EstimateSeconds = estimate ?? EstimateOf(spec),
                CreatedAt = command.Now,
                ReadyAt = command.Now,
                QueueDeadline = command.Now.AddSeconds(spec.Limits.QueueSeconds),
                SoFar = soFar,
            };
            rows.Add(job, spec);
            Emit(job, "queued", command.Now);
            entering.Add((job, spec));
        }
        EnterGroups(entering, run.Pool, command.Now);
        // Afterwards, so that the org is not gone and back, which would cost it the time it saved.
        if (run.SupersedeKey is { } supersedes) Supersede(run, supersedes, command.Now);
        if (run.ParentRunId is { } parentId && rows.FindRun(parentId) is { } parent) rows.Save(parent with { RerunAs = run.Id });
        rows.Save(run);
        return new EnqueueAnswer.Accepted(run);
    }

    /// <summary>What still waits of older runs with the key is canceled; what runs is left to its end.</summary>
    private void Supersede(Runs.Run newer, string key, DateTimeOffset now)
    {
        foreach (var older in rows.UnfinishedRunsBySupersedeKey(newer.OrgId, key))
        {
            rows.Save(older with { SupersededBy = newer.Id });
            Apply(new Cancel(older.Id, null, $"Superseded by run {newer.Id}.", now, WaitingOnly: true));
        }
    }

    private CancelAnswer Apply(Cancel command)
    {
        if (rows.FindRun(command.RunId) is not { } run) return new CancelAnswer(0);
        IReadOnlyList<Job> jobs = command.JobId is not { } id ? rows.UnfinishedJobs(run.Id)
            : rows.FindJob(id) is { IsFinal: false } one && one.RunId == run.Id ? [one]
            : [];
        if (command.WaitingOnly) jobs = [.. jobs.Where(j => j.Status is JobStatus.Queued)];
        if (command.CloudOnly) jobs = [.. jobs.Where(j => rows.SpecOf(j.Id).Target is Target.Any or Target.Browserstack)];
        foreach (var job in jobs)
        {
            run = Complete(run, job, new AfterAttempt.Final(JobStatus.Canceled, JobVerdict.Canceled, false), command.Reason, command.Now);
            // The device stays leased until its agent has torn the attempt down, or the lease expires.
            if (job.IsActive && rows.FindDevice(job.DeviceId!) is { Lease: { } lease } device && lease.JobId == job.Id)
                rows.Save(device with { Lease = lease with { CancelRequested = true }, Revision = rows.NextRevision() });
        }
        foreach (var waiting in jobs.Where(j => j.Status is JobStatus.Queued).GroupBy(j => j.GroupId))
            LeaveGroup(waiting.Key, [.. waiting]);
        if (jobs.Count > 0) rows.Save(run);
        return new CancelAnswer(jobs.Count);
    }

    private ExpireAnswer Apply(ExpireQueued command)
    {
        var late = rows.QueuedPast(command.Now, command.Max);
        var fits = new Dictionary<string, bool>();
        foreach (var ofRun in late.GroupBy(j => j.RunId))
        {
            var run = rows.FindRun(ofRun.Key)!;
            foreach (var job in ofRun)
            {
                var group = rows.FindGroup(job.GroupId)!;
                if (!fits.TryGetValue(group.Id, out var fitted)) fits[group.Id] = fitted = AnyDeviceFits(group);
                fitted |= job.Attempt > 0;
                var limit = TimeSpan.FromSeconds(rows.SpecOf(job.Id).Limits.QueueSeconds);
                var reason = fitted
                    ? $"Waited {Text(limit)} (the queue limit) without getting a device; raise --queue-timeout or add devices."
                    : $"No device that fits was seen within {Text(limit)} (the queue limit): {Describe(group.Key)}.";
                run = Complete(run, job, new AfterAttempt.Final(JobStatus.TimedOut, fitted ? JobVerdict.QueueLimit : JobVerdict.NoDevice, false), reason, command.Now);
            }
            rows.Save(run);
        }
        foreach (var ofGroup in late.GroupBy(j => j.GroupId)) LeaveGroup(ofGroup.Key, [.. ofGroup]);
        foreach (var first in late.DistinctBy(j => j.RunId).Select(j => rows.FindJob(j.Id)!))
            FailFast(rows.FindRun(first.RunId)!, first.Id, new AfterAttempt.Final(first.Status, first.Verdict, false), command.Now);
        return new ExpireAnswer(late.Count);
    }

    private static string Text(TimeSpan limit)
    {
        var (number, unit) = limit switch
        {
            { TotalSeconds: < 120 } => (limit.TotalSeconds, "s"),
            { TotalMinutes: < 120 } => (limit.TotalMinutes, "min"),
            _ => (limit.TotalHours, "h"),
        };
        return string.Create(CultureInfo.InvariantCulture, $"{number:0.#} {unit}");
    }

    private bool AnyDeviceFits(Group group)
    {
        var version = rows.FindAppVersion(group.Key.OrgId, group.Key.AppVersionId);
        return rows.DevicesOfPool(group.Pool).Any(d => Eligibility.Fits(WorkKind.Of(group, version), d.Offer));
    }

    private static string Describe(GroupKey key) =>
        $"wanted target {Words.Of(key.Target)}{(key.Needs.Length > 0 ? $" with {key.Needs}" : "")}";

    private PutBuildAnswer Apply(PutBuild command)
    {
        var version = rows.FindAppVersion(command.OrgId, command.AppVersionId)
            ?? new AppVersion { OrgId = command.OrgId, Id = command.AppVersionId, CreatedAt = command.Now };
        var install = version.InstallSeconds ?? rows.FindEstimate(Estimates.InstallKey(command.OrgId, command.Build.PackageId));
        var existing = version.Builds.FirstOrDefault(b => b.Platform == command.Build.Platform);
        if (existing is not null && existing.Sha256 != command.Build.Sha256) return new PutBuildAnswer.Taken(existing);
        version = version with { UsedAt = command.Now, Revision = rows.NextRevision() };
        if (existing is null) version = version with { Builds = [.. version.Builds, command.Build], InstallSeconds = install };
        rows.Save(version);
        return new PutBuildAnswer.Stored(version, Created: existing is null);
    }
}
