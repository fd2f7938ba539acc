using System.Security.Cryptography;
using System.Text;
using Qgjob.Client.Wire;
using Qgjob.Core;
using Qgjob.Core.Jobs;
using Qgjob.Core.Results;
using Qgjob.Core.Runs;
using Qgjob.Core.Storage;
using Qgjob.Server.Blobs;
using Qgjob.Server.Dispatch;
using Qgjob.Server.Http;
using Qgjob.Server.Orgs;
using Qgjob.Server.Resources;

namespace Qgjob.Server.Runs;

/// <summary>Runs again what is over, on the same test bundle and app version, as a run of its own that knows which one it repeats.</summary>
internal sealed class Reruns(
    Dispatcher dispatcher, IJobStore store, RunReader runs, IBlobs blobs, ResourceNeeds needs, PriorityCaps caps, IIdSource ids, TimeProvider time)
{
    /// <param name="parent">The run.</param>
    /// <param name="jobId">Only this job of it; null: all.</param>
    /// <param name="failed">Only what did not pass.</param>
    /// <param name="idempotencyKey">Makes the call repeatable.</param>
    /// <param name="cancel">Ends it.</param>
    public async Task<RunAccepted> RerunAsync(Run parent, string? jobId, bool failed, string? idempotencyKey, CancellationToken cancel)
    {
        Check.OptionalText("Idempotency-Key", idempotencyKey, 255);
        var found = (await store.ListJobsAsync(new JobFilter(RunId: parent.Id), new PageRequest(Math.Max(1, parent.Total)), cancel)).Items
            .Where(j => jobId is null || j.Job.Id == jobId).ToList();
        if (found.FirstOrDefault(j => !j.Job.IsFinal) is { } unfinished)
            throw RefusedException.Conflict($"Job {unfinished.Job.Id} of run {parent.Id} is not finished; wait for it, or cancel it, and run it again then.");
        var chosen = failed ? found.Where(j => j.Job.Verdict is not (JobVerdict.Passed or JobVerdict.Skipped)).ToList() : found;
        if (chosen.Count == 0) throw RefusedException.Conflict($"Nothing failed in {(jobId is null ? $"run {parent.Id}" : $"job {jobId}")}: there is nothing to run again.");
        var notes = new List<string>();
        var jobs = new List<NewJob>(chosen.Count);
        foreach (var job in chosen)
        {
            var spec = await CheckAsync(parent, job.Spec, notes, cancel);
            jobs.Add(failed ? await OfFailedAsync(job, spec, cancel) : new NewJob(ids.NewId("j"), spec with { RerunOf = job.Job.Id }));
        }

        var now = time.GetUtcNow();
        var run = new Run
        {
            Id = ids.NewId("r"),
            OrgId = parent.OrgId,
            Pool = parent.Pool,
            CreatedAt = now,
            Meta = parent.Meta,
            IdempotencyKey = idempotencyKey,
            BodyHash = idempotencyKey is null ? null : Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"rerun\n{parent.Id}\n{jobId}\n{failed}"))),
            FailFast = parent.FailFast,
            MaxCloudMinutes = parent.MaxCloudMinutes,
            ParentRunId = parent.Id,
            Total = jobs.Count,
        };
        return await dispatcher.SendAsync(new Enqueue(run, jobs, now), cancel) switch
        {
            EnqueueAnswer.Accepted => new RunAccepted(run.Id, [.. jobs.Select(j => j.Id)], Notes: notes.Count == 0 ? null : [.. notes.Distinct()]),
            EnqueueAnswer.Repeated(var earlier) => new RunAccepted(
                earlier.Id, [.. (await store.ListJobsAsync(new JobFilter(RunId: earlier.Id), new PageRequest(earlier.Total), cancel)).Items.Select(j => j.Job.Id)], Repeated: true),
            EnqueueAnswer.KeyTaken(var earlier) => throw RefusedException.Conflict(
                $"This Idempotency-Key was used for another submission, run {earlier}. Use a new key for a new submission."),
            _ => throw new System.Diagnostics.UnreachableException(),
        };
    }

    /// <summary>
    /// Of a job whose tests failed or ran into the run limit, what has not passed: it starts with what is known of the others.
    /// Of one that an error, the queue limit or a cancel ended, the whole file.
    /// </summary>
    private async Task<NewJob> OfFailedAsync(JobAndSpec job, JobSpec spec, CancellationToken cancel)
    {
        // What runs again failed before, so passing is flaky: forbidding that would make every rerun fail.
        var again = spec with { RerunOf = job.Job.Id, FailOnFlaky = null };
        if (job.Job.Verdict is not JobVerdict.TestsFailed) return new NewJob(ids.NewId("j"), again);
        var tests = JobTests.WithoutDetails((await runs.ResultsOfAsync(job, cancel)).Tests);
        // What the submitter forbade failed the job, too.
        if (spec.FailOnFlaky is true) tests = [.. tests.Select(t => t.Status is TestStatus.Flaky && !t.IsQuarantined() ? t with { Status = TestStatus.Failed } : t)];
        if (spec.FailOnSkipped is true) tests = [.. tests.Select(t => t.Status is TestStatus.Skipped ? t with { Annotations = null } : t)];
        // Without a failed test the file itself failed: it does not load, say.
        return tests.Any(t => t.CountsAsFailure() || (spec.FailOnSkipped is true && t.Status is TestStatus.Skipped))
            // The new job does not know how many tests its shard has; of other selections the attempts work out what is left.
            ? new NewJob(ids.NewId("j"), again with { Continues = true, Tests = spec.Tests?.Slice?.Sharded is true ? TestSelection.Rest(spec.Tests, spec.TestPath, tests, job.Job.TestsTotal) : spec.Tests }, SoFar: tests)
            : new NewJob(ids.NewId("j"), again);
    }

    /// <summary>The same bundle and app version must still be there, and what is asked for must still be allowed.</summary>
    private async Task<JobSpec> CheckAsync(Run parent, JobSpec spec, List<string> notes, CancellationToken cancel)
    {
        const string Anew = "submit the tests anew";
        if (spec.BundleSha256 is { } bundle && !await blobs.UseAsync(BlobKeys.Bundle(spec.OrgId, bundle), time.GetUtcNow(), cancel))
            throw RefusedException.Gone($"The test bundle of run {parent.Id} ({bundle[..12]}…) was removed since nobody used it for long; {Anew}.");
        var version = await store.FindAppVersionAsync(spec.OrgId, spec.AppVersionId, cancel);
        if (version is null || version.CreatedAt > parent.FinishedAt)
            throw RefusedException.Gone($"App version {spec.AppVersionId} of {spec.OrgId}, which run {parent.Id} tested, was removed since nobody used it for long; upload it again and {Anew}.");
        spec = spec with { Resources = await needs.CheckAsync(spec.OrgId, spec.Resources, spec.Env, cancel) };
        (spec, var note) = await caps.ApplyAsync(spec, cancel);
        if (note is not null) notes.Add(note);
        return spec;
    }
}
