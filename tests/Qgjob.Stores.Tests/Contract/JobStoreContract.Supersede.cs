using Qgjob.Core.Jobs;
using Qgjob.Core.Runs;
using Qgjob.Core.Storage;

namespace Qgjob.Stores.Tests.Contract;

public abstract partial class JobStoreContract
{
    [Fact]
    public async Task A_newer_run_with_the_key_cancels_what_still_waits_of_the_older_ones()
    {
        await lab.RegisterAsync("a1", "b1", Lab.Phone("d1"));
        var older = await lab.SubmitAsync(Keyed, Lab.Spec(), Lab.Spec());
        var lease = await lab.ClaimAsync("d1", older[0]);
        var newer = await lab.SubmitAsync(Keyed, Lab.Spec());

        var waiting = await lab.JobAsync(older[1]);
        var newerRun = (await lab.JobAsync(newer[0])).RunId;
        Assert.Equal((JobStatus.Canceled, JobVerdict.Canceled), (waiting.Status, waiting.Verdict));
        Assert.Contains(newerRun, waiting.Reason, StringComparison.Ordinal);
        var run = await lab.RunOfAsync(older[0]);
        Assert.Equal((newerRun, "pr-7", 0, 1, false), (run.SupersededBy, run.SupersedeKey, run.Queued, run.Active, run.IsFinished));
        Assert.Equal(JobStatus.Queued, (await lab.JobAsync(newer[0])).Status);

        // What runs goes on, and its result counts.
        Assert.Equal(LeaseState.Ok, await lab.RenewAsync("a1", lease));
        Assert.Equal(JobStatus.Passed, (await lab.FinishAsync(lease, AttemptOutcome.Passed)).Status);
        Assert.True((await lab.RunOfAsync(older[0])).IsFinished);
    }

    [Theory]
    [InlineData(AttemptOutcome.Infra)]
    [InlineData(AttemptOutcome.Failed)]
    [InlineData(AttemptOutcome.Lost)]
    public async Task A_job_of_a_superseded_run_does_not_wait_again(AttemptOutcome outcome)
    {
        await lab.RegisterAsync("a1", "b1", Lab.Phone("d1"));
        var older = await lab.SubmitAsync(Keyed, Lab.Spec() with { MaxAttempts = 3 });
        var lease = await lab.ClaimAsync("d1", older[0]);
        var newer = await lab.SubmitAsync(Keyed, Lab.Spec());
        var end = await lab.FinishAsync(lease, outcome);
        Assert.Equal((JobStatus.Canceled, JobVerdict.Canceled), (end.Status, end.Verdict));
        Assert.Contains($"Superseded by run {(await lab.JobAsync(newer[0])).RunId}", end.Reason, StringComparison.Ordinal);
        Assert.Equal(JobVerdict.Canceled, RunVerdict.Of(await lab.RunOfAsync(older[0])));
        Assert.Equal(1, (await lab.GroupOfAsync(newer[0])).Queued);
    }

    [Fact]
    public async Task A_last_failure_of_a_superseded_run_stays_a_failure()
    {
        await lab.RegisterAsync("a1", "b1", Lab.Phone("d1"));
        var older = await lab.SubmitAsync(Keyed, Lab.Spec());
        var lease = await lab.ClaimAsync("d1", older[0]);
        await lab.SubmitAsync(Keyed, Lab.Spec());
        Assert.Equal(JobVerdict.TestsFailed, (await lab.FinishAsync(lease, AttemptOutcome.Failed)).Verdict);
    }

    [Fact]
    public async Task Other_keys_other_orgs_and_runs_without_a_key_are_left_alone()
    {
        string[] jobs =
        [
            .. await lab.SubmitAsync(r => r with { SupersedeKey = "pr-8" }, Lab.Spec()),
            .. await lab.SubmitAsync(Keyed, Lab.Spec(org: "other")),
            .. await lab.SubmitAsync(Lab.Spec()),
        ];
        var first = await lab.SubmitAsync(Keyed, Lab.Spec());
        await lab.SubmitAsync(Keyed, Lab.Spec());
        foreach (var job in jobs) Assert.Equal(JobStatus.Queued, (await lab.JobAsync(job)).Status);
        Assert.Equal(JobStatus.Canceled, (await lab.JobAsync(first[0])).Status);
    }

    [Fact]
    public async Task Of_runs_in_one_batch_the_last_one_stays_and_a_repeated_submission_supersedes_nothing()
    {
        var runs = Enumerable.Range(0, 3).Select(i => lab.NewRun([Lab.Spec()], $"k{i}", "b")).Select(e => e with { Run = Keyed(e.Run) }).ToList();
        await Store.CommitAsync(runs, Cancel);
        Assert.IsType<EnqueueAnswer.Repeated>(await lab.DoAsync(runs[0]));
        JobStatus[] status = await Task.WhenAll(runs.Select(async r => (await lab.JobAsync(r.Jobs[0].Id)).Status));
        Assert.Equal([JobStatus.Canceled, JobStatus.Canceled, JobStatus.Queued], status);
        Assert.Equal(
            [runs[1].Run.Id, runs[2].Run.Id, null],
            await Task.WhenAll(runs.Select(async r => (await Store.FindRunAsync(r.Run.Id, Cancel))!.SupersededBy)));
    }

    [Fact]
    public async Task Canceling_what_waits_leaves_what_runs()
    {
        await lab.RegisterAsync("a1", "b1", Lab.Phone("d1"));
        var jobs = await SubmitManyAsync(3);
        var lease = await lab.ClaimAsync("d1", jobs[0]);
        var run = (await lab.JobAsync(jobs[0])).RunId;
        Assert.Equal(2, (await lab.DoAsync(new Cancel(run, null, "enough", lab.Now, WaitingOnly: true))).Canceled);
        Assert.Equal(0, (await lab.DoAsync(new Cancel(run, jobs[0], "enough", lab.Now, WaitingOnly: true))).Canceled);
        Assert.Equal(LeaseState.Ok, await lab.RenewAsync("a1", lease));
    }

    [Theory]
    [InlineData(AttemptOutcome.Failed)]
    [InlineData(AttemptOutcome.ProjectError)]
    [InlineData(AttemptOutcome.NoTests)]
    public async Task With_fail_fast_the_first_job_that_is_not_green_ends_the_others(AttemptOutcome outcome)
    {
        await lab.RegisterAsync("a1", "b1", Lab.Phone("d1"), Lab.Phone("d2"), Lab.Phone("d3"));
        var jobs = await lab.SubmitAsync(r => r with { FailFast = true }, Lab.Spec(), Lab.Spec(), Lab.Spec(), Lab.Spec("v2"));
        await lab.FinishAsync(await lab.ClaimAsync("d1", jobs[0]), AttemptOutcome.Passed);
        var failing = await lab.ClaimAsync("d1", jobs[1]);
        var running = await lab.ClaimAsync("d2", jobs[2]);
        Assert.Equal(1, (await lab.RunOfAsync(jobs[0])).Queued);
        var end = await lab.FinishAsync(failing, outcome);
        Assert.NotEqual(JobVerdict.Canceled, end.Verdict);
        var waiting = await lab.JobAsync(jobs[3]);
        Assert.Equal(JobVerdict.Canceled, waiting.Verdict);
        Assert.Contains(end.Id, waiting.Reason, StringComparison.Ordinal);
        Assert.Equal(LeaseState.Cancel, await lab.RenewAsync("a1", running));
        var run = await lab.RunOfAsync(jobs[0]);
        Assert.True(run is { IsFinished: true, FailFast: true });
        Assert.Equal((1, 2), (run.Count(JobVerdict.Passed), run.Count(JobVerdict.Canceled)));
    }

    [Fact]
    public async Task With_fail_fast_another_try_a_cancel_and_a_pass_end_nothing()
    {
        await lab.RegisterAsync("a1", "b1", Lab.Phone("d1"));
        var jobs = await lab.SubmitAsync(
            r => r with { FailFast = true }, [.. Enumerable.Repeat(Lab.Spec() with { MaxAttempts = 2 }, 3)]);
        await lab.FinishAsync(await lab.ClaimAsync("d1", jobs[0]), AttemptOutcome.Failed);
        await lab.FinishAsync(await lab.ClaimAsync("d1", jobs[0]), AttemptOutcome.Skipped);
        await lab.DoAsync(new Cancel((await lab.JobAsync(jobs[0])).RunId, jobs[2], "not this", lab.Now));
        Assert.Equal(1, (await lab.RunOfAsync(jobs[0])).Queued);
    }

    [Fact]
    public async Task With_fail_fast_the_queue_limit_ends_the_run()
    {
        var jobs = await lab.SubmitAsync(
            r => r with { FailFast = true }, Lab.Spec() with { Limits = new Limits(QueueSeconds: 10) }, Lab.Spec());
        lab.Now += TimeSpan.FromSeconds(10);
        await lab.DoAsync(new ExpireQueued(5, lab.Now));
        Assert.Equal(JobVerdict.NoDevice, (await lab.JobAsync(jobs[0])).Verdict);
        Assert.Equal(JobVerdict.Canceled, (await lab.JobAsync(jobs[1])).Verdict);
        Assert.True((await lab.RunOfAsync(jobs[0])).IsFinished);
    }

    private static Run Keyed(Run run) => run with { SupersedeKey = "pr-7" };
}
