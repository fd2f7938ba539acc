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
    /// <summary>Decides what an attempt's end means for its job.</summary>
    /// <param name="job">The job with its failures counted before this attempt.</param>
    /// <param name="spec">Its limits on attempts.</param>
    /// <param name="outcome">How the attempt ended.</param>
    /// <param name="sawFlakyTest">A test passed only on one of Playwright's own retries.</param>
    public static AfterAttempt After(Job job, JobSpec spec, AttemptOutcome outcome, bool sawFlakyTest) => outcome switch
    {
        AttemptOutcome.Passed => new AfterAttempt.Final(JobStatus.Passed, JobVerdict.Passed, sawFlakyTest || job.TestFailures > 0),
        AttemptOutcome.Skipped => new AfterAttempt.Final(JobStatus.Passed, JobVerdict.Skipped, job.TestFailures > 0),
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
