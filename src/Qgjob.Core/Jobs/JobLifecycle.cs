using Qgjob.Core.Results;

namespace Qgjob.Core.Jobs;

/// <summary>What becomes of a job when an attempt at it has ended.</summary>
public abstract record AfterAttempt
{
    private AfterAttempt() { }

    /// <summary>The job is over.</summary>
    public sealed record Final(JobStatus Status, JobVerdict Verdict, bool Flaky) : AfterAttempt;

    /// <summary>The job waits again; with <paramref name="BarDevice"/>, not for the device that it just had.</summary>
    public sealed record Requeue(bool BarDevice) : AfterAttempt;
}

/// <summary>The job's state machine: pure rules, used by every store.</summary>
public static class JobLifecycle
{
    /// <summary>
    /// How an attempt ended for its job. It may have run only some of the tests, so what it says of itself is not all:
    /// the job has passed only when no test's last word is a failure, but for tests in quarantine.
    /// </summary>
    /// <param name="said">How the attempt ended by itself.</param>
    /// <param name="ran">Results of the attempt.</param>
    /// <param name="all">Results of the job with the attempt's.</param>
    /// <param name="errorOutside">Something failed outside of the tests, too.</param>
    public static AttemptOutcome OutcomeFor(AttemptOutcome said, IReadOnlyList<TestResult> ran, IReadOnlyList<TestResult> all, bool errorOutside = false) => said switch
    {
        // The file itself failed, not one of its tests: no test's quarantine is about that.
        AttemptOutcome.Failed when errorOutside || !ran.Any(t => t.Status.IsFailure()) => AttemptOutcome.Failed,
        AttemptOutcome.Passed or AttemptOutcome.Failed or AttemptOutcome.Skipped or AttemptOutcome.NoTests when all.Count > 0 =>
            all.Any(t => t.CountsAsFailure()) || Unrun(all).Any() ? AttemptOutcome.Failed
            : all.All(t => t.Status is TestStatus.Skipped) ? AttemptOutcome.Skipped
            : AttemptOutcome.Passed,
        _ => said,
    };

    /// <summary>
    /// Tests that had no turn because one in quarantine failed before them, in serial mode say. Its quarantine excuses that test
    /// alone: green means that every other test ran.
    /// </summary>
    public static IEnumerable<TestResult> Unrun(IReadOnlyList<TestResult> all) =>
        all.Any(t => t.IsExcused()) ? all.Where(t => t.Status is TestStatus.Skipped && !t.IsSkippedByChoice() && !t.IsQuarantined()) : [];

    /// <summary>Decides what an attempt's end means for its job.</summary>
    /// <param name="job">The job with its failures counted before this attempt.</param>
    /// <param name="spec">Its limits on attempts, and what it does not put up with.</param>
    /// <param name="outcome">How the attempt ended for the job; see <see cref="OutcomeFor"/>.</param>
    /// <param name="tests">The job's tests, this attempt's among them.</param>
    public static AfterAttempt After(Job job, JobSpec spec, AttemptOutcome outcome, TestCounts tests) => outcome switch
    {
        AttemptOutcome.Passed or AttemptOutcome.Skipped => Green(outcome, spec, tests, flaky: tests.Flaky > 0 || job.TestFailures > 0),
        // The tests of this part may be gone, or left out by --grep: the others have what there is.
        AttemptOutcome.NoTests when spec.Tests?.Slice is not null => new AfterAttempt.Final(JobStatus.Passed, JobVerdict.Skipped, false),
        AttemptOutcome.NoTests => new AfterAttempt.Final(JobStatus.Failed, JobVerdict.NoTests, false),
        AttemptOutcome.Undetermined => new AfterAttempt.Final(JobStatus.Error, JobVerdict.Undetermined, false),
        AttemptOutcome.ProjectError => new AfterAttempt.Final(JobStatus.Error, JobVerdict.InfraError, false),
        AttemptOutcome.Canceled => new AfterAttempt.Final(JobStatus.Canceled, JobVerdict.Canceled, false),
        AttemptOutcome.Failed or AttemptOutcome.RunLimit or AttemptOutcome.SilenceLimit =>
            job.TestFailures + 1 < spec.MaxAttempts
                ? new AfterAttempt.Requeue(BarDevice: false)
                : new AfterAttempt.Final(outcome is AttemptOutcome.Failed ? JobStatus.Failed : JobStatus.TimedOut, JobVerdict.TestsFailed, false),
        AttemptOutcome.Infra or AttemptOutcome.InstallLimit or AttemptOutcome.Lost =>
            job.InfraFailures + 1 < spec.InfraAttempts
                // A lost agent says nothing against its phone.
                ? new AfterAttempt.Requeue(BarDevice: outcome is not AttemptOutcome.Lost)
                : new AfterAttempt.Final(outcome is AttemptOutcome.InstallLimit ? JobStatus.TimedOut : JobStatus.Error, JobVerdict.InfraError, false),
        _ => throw new ArgumentOutOfRangeException(nameof(outcome), outcome, "an attempt that ended has an outcome"),
    };

    private static AfterAttempt.Final Green(AttemptOutcome outcome, JobSpec spec, TestCounts tests, bool flaky) =>
        (flaky && spec.FailOnFlaky is true) || (tests.Skipped > 0 && spec.FailOnSkipped is true)
            ? new AfterAttempt.Final(JobStatus.Failed, JobVerdict.TestsFailed, flaky)
            : new AfterAttempt.Final(JobStatus.Passed, outcome is AttemptOutcome.Skipped ? JobVerdict.Skipped : JobVerdict.Passed, flaky);

    /// <summary>True for outcomes that count against <see cref="JobSpec.MaxAttempts"/>.</summary>
    public static bool IsTestFailure(AttemptOutcome outcome) =>
        outcome is AttemptOutcome.Failed or AttemptOutcome.RunLimit or AttemptOutcome.SilenceLimit;

    /// <summary>True for outcomes that show that the app could be installed and its tests started.</summary>
    public static bool IsTestVerdict(AttemptOutcome outcome) =>
        outcome is AttemptOutcome.Passed or AttemptOutcome.Failed or AttemptOutcome.Skipped;

    /// <summary>True for outcomes that count against <see cref="JobSpec.InfraAttempts"/>.</summary>
    public static bool IsInfraFailure(AttemptOutcome outcome) =>
        outcome is AttemptOutcome.Infra or AttemptOutcome.InstallLimit or AttemptOutcome.Lost;
}
