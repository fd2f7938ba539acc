using Qgjob.Core.Jobs;
using Qgjob.Core.Runs;

namespace Qgjob.Core.Tests.Runs;

public sealed class RunVerdictTests
{
    /// <summary>The order of the interface: the first that any job has is the run's.</summary>
    private static readonly (JobVerdict Verdict, int Code)[] WorstFirst =
    [
        (JobVerdict.TestsFailed, 10),
        (JobVerdict.InfraError, 20),
        (JobVerdict.NoDevice, 18),
        (JobVerdict.QueueLimit, 20),
        (JobVerdict.NoTests, 3),
        (JobVerdict.Undetermined, 15),
        (JobVerdict.Canceled, 19),
        (JobVerdict.Passed, 0),
    ];

    [Fact]
    public void Any_two_verdicts_make_the_worse_one()
    {
        for (var worse = 0; worse < WorstFirst.Length; worse++)
            for (var better = worse; better < WorstFirst.Length; better++)
            {
                var verdict = RunVerdict.Of(Finished(WorstFirst[worse].Verdict, WorstFirst[better].Verdict, JobVerdict.Passed, JobVerdict.Skipped));
                Assert.Equal(WorstFirst[worse].Verdict, verdict);
                Assert.Equal(WorstFirst[worse].Code, (int)RunVerdict.ExitCodeOf(verdict));
            }
    }

    [Fact]
    public void Only_skipped_tests_are_not_green() =>
        Assert.Equal(ExitCode.NoTests, RunVerdict.ExitCodeOf(RunVerdict.Of(Finished(JobVerdict.Skipped, JobVerdict.Skipped))));

    [Fact]
    public void An_unfinished_run_has_no_verdict_whatever_has_failed_so_far()
    {
        var run = Finished(JobVerdict.TestsFailed) with { FinishedAt = null };
        Assert.Equal(ExitCode.Unfinished, RunVerdict.ExitCodeOf(RunVerdict.Of(run)));
    }

    [Fact]
    public void Every_verdict_has_an_exit_code()
    {
        foreach (var verdict in Enum.GetValues<JobVerdict>()) Assert.True(Enum.IsDefined(RunVerdict.ExitCodeOf(verdict)));
        Assert.Throws<ArgumentOutOfRangeException>(() => RunVerdict.ExitCodeOf((JobVerdict)99));
    }

    private static Run Finished(params JobVerdict[] verdicts)
    {
        var counts = new int[(int)JobVerdict.Passed + 1];
        foreach (var verdict in verdicts) counts[(int)verdict]++;
        return new Run { Id = "r", OrgId = "o", CreatedAt = default, FinishedAt = DateTimeOffset.UnixEpoch, Total = verdicts.Length, Verdicts = counts };
    }
}
