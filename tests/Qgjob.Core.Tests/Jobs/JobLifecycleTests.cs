using Qgjob.Core.Jobs;

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
            new JobSpec { OrgId = "o", AppVersionId = "v", TestPath = "t", MaxAttempts = maxAttempts, InfraAttempts = 3 },
            outcome,
            flakyTest);

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
