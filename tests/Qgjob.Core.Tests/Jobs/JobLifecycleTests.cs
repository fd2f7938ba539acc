using Qgjob.Core.Jobs;
using Qgjob.Core.Results;
using TestResult = Qgjob.Core.Results.TestResult;

namespace Qgjob.Core.Tests.Jobs;

public sealed class JobLifecycleTests
{
    [Theory]
    [InlineData(AttemptOutcome.Passed, JobStatus.Passed, JobVerdict.Passed)]
    [InlineData(AttemptOutcome.Skipped, JobStatus.Passed, JobVerdict.Skipped)]
    [InlineData(AttemptOutcome.NoTests, JobStatus.Failed, JobVerdict.NoTests)]
    [InlineData(AttemptOutcome.Undetermined, JobStatus.Error, JobVerdict.Undetermined)]
    [InlineData(AttemptOutcome.ProjectError, JobStatus.Error, JobVerdict.InfraError)]
    [InlineData(AttemptOutcome.Canceled, JobStatus.Canceled, JobVerdict.Canceled)]
    [InlineData(AttemptOutcome.Failed, JobStatus.Failed, JobVerdict.TestsFailed)]
    [InlineData(AttemptOutcome.RunLimit, JobStatus.TimedOut, JobVerdict.TestsFailed)]
    [InlineData(AttemptOutcome.SilenceLimit, JobStatus.TimedOut, JobVerdict.TestsFailed)]
    [InlineData(AttemptOutcome.Infra, JobStatus.Error, JobVerdict.InfraError)]
    [InlineData(AttemptOutcome.Lost, JobStatus.Error, JobVerdict.InfraError)]
    [InlineData(AttemptOutcome.InstallLimit, JobStatus.TimedOut, JobVerdict.InfraError)]
    public void An_outcome_after_the_last_attempt_is_final(AttemptOutcome outcome, JobStatus status, JobVerdict verdict) =>
        Assert.Equal(new AfterAttempt.Final(status, verdict, false), After(outcome, infraFailures: 2));

    [Fact]
    public void A_part_of_a_file_that_has_no_tests_any_more_is_no_failure() =>
        Assert.Equal(
            new AfterAttempt.Final(JobStatus.Passed, JobVerdict.Skipped, false),
            JobLifecycle.After(Of(0, 0), Spec() with { Tests = new TestSelection { Only = [["gone"]], Slice = new TestSlice(1, 2) } }, AttemptOutcome.NoTests, TestCounts.None));

    [Theory]
    [InlineData(AttemptOutcome.Failed, false)]
    [InlineData(AttemptOutcome.RunLimit, false)]
    [InlineData(AttemptOutcome.SilenceLimit, false)]
    [InlineData(AttemptOutcome.Infra, true)]
    [InlineData(AttemptOutcome.InstallLimit, true)]
    [InlineData(AttemptOutcome.Lost, false)]
    public void With_attempts_left_the_job_waits_again(AttemptOutcome outcome, bool bars) =>
        Assert.Equal(new AfterAttempt.Requeue(bars), After(outcome, maxAttempts: 2));

    [Fact]
    public void Infra_failures_do_not_use_up_test_attempts_nor_the_other_way_round()
    {
        Assert.IsType<AfterAttempt.Requeue>(After(AttemptOutcome.Failed, infraFailures: 2, maxAttempts: 2));
        Assert.IsType<AfterAttempt.Requeue>(After(AttemptOutcome.Infra, testFailures: 9));
        Assert.IsType<AfterAttempt.Final>(After(AttemptOutcome.Failed, testFailures: 1, maxAttempts: 2));
    }

    [Fact]
    public void Passing_after_a_failure_is_flaky_and_passing_after_an_infra_failure_is_not()
    {
        Assert.True(Assert.IsType<AfterAttempt.Final>(After(AttemptOutcome.Passed, testFailures: 1)).Flaky);
        Assert.True(Assert.IsType<AfterAttempt.Final>(After(AttemptOutcome.Passed, flakyTest: true)).Flaky);
        Assert.False(Assert.IsType<AfterAttempt.Final>(After(AttemptOutcome.Passed, infraFailures: 2)).Flaky);
    }

    [Fact]
    public void Whoever_forbids_flaky_or_skipped_tests_gets_a_failed_job_and_no_further_attempt()
    {
        var strict = Spec(maxAttempts: 3) with { FailOnFlaky = true, FailOnSkipped = true };
        Assert.Equal(new AfterAttempt.Final(JobStatus.Failed, JobVerdict.TestsFailed, true),
            JobLifecycle.After(Of(0, 0), strict, AttemptOutcome.Passed, new TestCounts(2, 0, 1, 0)));
        Assert.Equal(new AfterAttempt.Final(JobStatus.Failed, JobVerdict.TestsFailed, true),
            JobLifecycle.After(Of(1, 0), strict, AttemptOutcome.Passed, TestCounts.None));
        Assert.Equal(new AfterAttempt.Final(JobStatus.Failed, JobVerdict.TestsFailed, false),
            JobLifecycle.After(Of(0, 0), strict, AttemptOutcome.Skipped, new TestCounts(0, 0, 0, 2)));
        Assert.Equal(new AfterAttempt.Final(JobStatus.Passed, JobVerdict.Passed, false),
            JobLifecycle.After(Of(0, 2), strict, AttemptOutcome.Passed, new TestCounts(2, 0, 0, 0)));
        Assert.Equal(JobStatus.Passed, ((AfterAttempt.Final)JobLifecycle.After(Of(0, 0), Spec(), AttemptOutcome.Passed, new TestCounts(2, 0, 1, 1))).Status);
    }

    [Fact]
    public void An_attempt_at_some_of_the_tests_is_judged_by_all_of_them()
    {
        TestResult passed = Test("a", TestStatus.Passed), failed = Test("b", TestStatus.Failed), flaky = Test("b", TestStatus.Flaky), skipped = Test("c", TestStatus.Skipped);
        Assert.Equal(AttemptOutcome.Passed, JobLifecycle.OutcomeFor(AttemptOutcome.Passed, [passed], [passed, flaky]));
        Assert.Equal(AttemptOutcome.Failed, JobLifecycle.OutcomeFor(AttemptOutcome.Passed, [passed], [passed, failed]));
        Assert.Equal(AttemptOutcome.Failed, JobLifecycle.OutcomeFor(AttemptOutcome.NoTests, [], [passed, failed]));
        Assert.Equal(AttemptOutcome.Passed, JobLifecycle.OutcomeFor(AttemptOutcome.Skipped, [skipped], [passed, skipped]));
        Assert.Equal(AttemptOutcome.NoTests, JobLifecycle.OutcomeFor(AttemptOutcome.NoTests, [], []));
        // A file that does not load fails without a test that does.
        Assert.Equal(AttemptOutcome.Failed, JobLifecycle.OutcomeFor(AttemptOutcome.Failed, [passed], [passed]));
        Assert.Equal(AttemptOutcome.RunLimit, JobLifecycle.OutcomeFor(AttemptOutcome.RunLimit, [passed], [passed]));
        Assert.Equal(AttemptOutcome.Infra, JobLifecycle.OutcomeFor(AttemptOutcome.Infra, [], [passed]));
    }

    [Fact]
    public void Every_outcome_has_an_answer_and_counts_as_at_most_one_kind_of_failure()
    {
        foreach (var outcome in Enum.GetValues<AttemptOutcome>().Where(o => o is not AttemptOutcome.None))
        {
            Assert.NotNull(After(outcome));
            Assert.False(JobLifecycle.IsTestFailure(outcome) && JobLifecycle.IsInfraFailure(outcome));
            Assert.False(JobLifecycle.IsTestVerdict(outcome) && JobLifecycle.IsInfraFailure(outcome));
        }
        Assert.Throws<ArgumentOutOfRangeException>(() => After(AttemptOutcome.None));
    }

    [Fact]
    public void Active_and_final_states_are_apart()
    {
        foreach (var status in Enum.GetValues<JobStatus>())
        {
            var job = Of(0, 0) with { Status = status };
            Assert.Equal(status is JobStatus.Queued, !job.IsActive && !job.IsFinal);
            Assert.False(job.IsActive && job.IsFinal);
        }
    }

    private static AfterAttempt After(
        AttemptOutcome outcome, int testFailures = 0, int infraFailures = 0, int maxAttempts = 1, bool flakyTest = false) =>
        JobLifecycle.After(
            Of(testFailures, infraFailures),
            Spec(maxAttempts),
            outcome,
            flakyTest ? new TestCounts(1, 0, 1, 0) : TestCounts.None);

    private static JobSpec Spec(int maxAttempts = 1) =>
        new() { OrgId = "o", AppVersionId = "v", TestPath = "t", MaxAttempts = maxAttempts, InfraAttempts = 3 };

    private static TestResult Test(string title, TestStatus status) => new([title], "t", 1, status, 1);

    private static Job Of(int testFailures, int infraFailures) => new()
    {
        Id = "j",
        RunId = "r",
        OrgId = "o",
        GroupId = "g",
        Ordinal = 0,
        CreatedAt = DateTimeOffset.UnixEpoch,
        ReadyAt = DateTimeOffset.UnixEpoch,
        QueueDeadline = DateTimeOffset.UnixEpoch,
        TestFailures = testFailures,
        InfraFailures = infraFailures,
    };
}
