using Qgjob.Core.Jobs;
using Qgjob.Core.Results;
using Qgjob.Core.Storage;
using TestResult = Qgjob.Core.Results.TestResult;

namespace Qgjob.Stores.Tests.Contract;

public abstract partial class JobStoreContract
{
    private static readonly TestResult[] TwoOfThreeFail =
        [Lab.Test("x", TestStatus.Passed), Lab.Test("y", TestStatus.Failed) with { Error = "boom" }, Lab.Test("z", TestStatus.Failed)];

    [Fact]
    public async Task A_job_that_is_tried_again_knows_how_its_tests_stand()
    {
        var (job, _) = await AfterOneFailureAsync(maxAttempts: 2);
        Assert.Equal(JobStatus.Queued, job.Status);
        Assert.Equal([("a › x", TestStatus.Passed), ("a › y", TestStatus.Failed), ("a › z", TestStatus.Failed)], job.SoFar!.Select(t => (t.Title, t.Status)));
        // Messages are in the attempt's results; a job's row is written often.
        Assert.All(job.SoFar!, t => Assert.Null(t.Error));
        Assert.Equal(State.Text(job), State.Text(await lab.JobAsync(job.Id)));
        var run = await lab.RunOfAsync(job.Id);
        Assert.Equal((TestCounts.None, 1, 0), (run.Tests, run.TestRetries, run.InfraRetries));
    }

    [Fact]
    public async Task A_further_attempt_that_runs_only_what_failed_counts_with_the_rest()
    {
        var (job, lease) = await AfterOneFailureAsync(maxAttempts: 2);
        job = await lab.FinishAsync(await lease(), AttemptOutcome.Failed, Lab.Test("y", TestStatus.Passed), Lab.Test("z", TestStatus.Failed));
        Assert.Equal((JobStatus.Failed, JobVerdict.TestsFailed, 3, 3, 1), (job.Status, job.Verdict, job.TestsTotal, job.TestsDone, job.TestsFailed));
        Assert.Equal("1 of 3 failed.", job.Reason);
        Assert.Null(job.SoFar);
        Assert.Equal(State.Text(job), State.Text(await lab.JobAsync(job.Id)));
        Assert.Equal(new TestCounts(2, 1, 1, 0), (await lab.RunOfAsync(job.Id)).Tests);
    }

    [Fact]
    public async Task A_job_whose_failed_tests_all_passed_later_is_flaky_and_passed()
    {
        var (job, lease) = await AfterOneFailureAsync(maxAttempts: 2);
        job = await lab.FinishAsync(await lease(), AttemptOutcome.Passed, Lab.Test("y", TestStatus.Passed), Lab.Test("z", TestStatus.Passed));
        Assert.Equal((JobStatus.Passed, JobVerdict.Passed, true), (job.Status, job.Verdict, job.Flaky));
        Assert.Equal("2 of 3 flaky, failed first and passed later: 'a › y', 'a › z'.", job.Reason);
        Assert.Equal(new TestCounts(3, 0, 2, 0), (await lab.RunOfAsync(job.Id)).Tests);
    }

    [Fact]
    public async Task A_failed_test_that_never_ran_again_has_not_passed()
    {
        var (job, lease) = await AfterOneFailureAsync(maxAttempts: 2);
        job = await lab.FinishAsync(await lease(), AttemptOutcome.Passed, Lab.Test("y", TestStatus.Passed));
        Assert.Equal((JobStatus.Failed, JobVerdict.TestsFailed), (job.Status, job.Verdict));
        Assert.Contains("'a › z'", job.Reason, StringComparison.Ordinal);
        (job, lease) = await AfterOneFailureAsync(maxAttempts: 2);
        job = await lab.FinishAsync(await lease(), AttemptOutcome.NoTests);
        Assert.Equal((JobStatus.Failed, JobVerdict.TestsFailed), (job.Status, job.Verdict));
    }

    [Fact]
    public async Task Infrastructure_that_fails_in_between_changes_nothing_of_the_tests()
    {
        var (job, lease) = await AfterOneFailureAsync(maxAttempts: 2);
        job = await lab.FinishAsync(await lease(), AttemptOutcome.Lost, Lab.Test("y", TestStatus.Passed), Lab.Test("z", TestStatus.Interrupted));
        Assert.Equal((JobStatus.Queued, 1, 1), (job.Status, job.TestFailures, job.InfraFailures));
        Assert.Equal([TestStatus.Passed, TestStatus.Failed, TestStatus.Failed], job.SoFar!.Select(t => t.Status));
        var run = await lab.RunOfAsync(job.Id);
        Assert.Equal((1, 1), (run.TestRetries, run.InfraRetries));
        await lab.DoAsync(new Cancel(run.Id, null, "enough", lab.Now));
        job = await lab.JobAsync(job.Id);
        Assert.Null(job.SoFar);
        Assert.Equal(new TestCounts(1, 2, 0, 0), (await lab.RunOfAsync(job.Id)).Tests);
    }

    [Fact]
    public async Task What_a_submission_forbids_fails_its_job()
    {
        await lab.RegisterAsync("a1", "b1", Lab.Phone("d1"));
        var chosen = new TestSelection { Only = [["a", "x"]], Except = [["a", "y"]] };
        var id = (await lab.SubmitAsync(Lab.Spec() with { FailOnSkipped = true, Tests = chosen }))[0];
        var spec = (await Store.FindJobAsync(id, Cancel))!.Spec;
        Assert.Equal(("a/x", "a/y", true), (string.Join('/', spec.Tests!.Only![0]), string.Join('/', spec.Tests.Except![0]), spec.FailOnSkipped));
        var job = await lab.FinishAsync(await lab.ClaimAsync("d1", id), AttemptOutcome.Passed, Lab.Test("x", TestStatus.Passed), Lab.Test("y", TestStatus.Skipped));
        Assert.Equal((JobStatus.Failed, JobVerdict.TestsFailed), (job.Status, job.Verdict));
        Assert.Equal("1 of 2 skipped, which --fail-on-skipped forbids: 'a › y'.", job.Reason);
    }

    [Fact]
    public async Task A_rerun_and_the_run_that_it_repeats_know_each_other()
    {
        var (job, lease) = await AfterOneFailureAsync(maxAttempts: 2);
        job = await lab.FinishAsync(await lease(), AttemptOutcome.Failed, Lab.Test("y", TestStatus.Passed), Lab.Test("z", TestStatus.Failed));
        var rerun = lab.NewRun([Lab.Spec() with { RerunOf = job.Id, Continues = true }]);
        var soFar = new[] { Lab.Test("x", TestStatus.Passed), Lab.Test("z", TestStatus.Failed) };
        rerun = rerun with { Run = rerun.Run with { ParentRunId = job.RunId }, Jobs = [rerun.Jobs[0] with { SoFar = soFar }] };
        await lab.DoAsync(rerun);
        Assert.Equal((job.RunId, rerun.Run.Id), ((await Store.FindRunAsync(rerun.Run.Id, Cancel))!.ParentRunId, (await Store.FindRunAsync(job.RunId, Cancel))!.RerunAs));
        var again = await lab.FinishAsync(await lab.ClaimAsync("d1", rerun.Jobs[0].Id), AttemptOutcome.Passed, Lab.Test("z", TestStatus.Passed));
        Assert.Equal((JobStatus.Passed, true, 2), (again.Status, again.Flaky, again.TestsTotal));
        // What it continues counts with it, and the first run stays what it was.
        Assert.Equal(new TestCounts(2, 0, 1, 0), (await Store.FindRunAsync(rerun.Run.Id, Cancel))!.Tests);
        Assert.Equal(new TestCounts(2, 1, 1, 0), (await lab.RunOfAsync(job.Id)).Tests);
    }

    private async Task<(Job Job, Func<Task<LeaseRef>> Claim)> AfterOneFailureAsync(int maxAttempts)
    {
        await lab.RegisterAsync("a1", "b1", Lab.Phone("d1"));
        var id = (await lab.SubmitAsync(Lab.Spec() with { MaxAttempts = maxAttempts }))[0];
        var job = await lab.FinishAsync(await lab.ClaimAsync("d1", id), AttemptOutcome.Failed, TwoOfThreeFail);
        return (job, () => lab.ClaimAsync("d1", id));
    }
}
