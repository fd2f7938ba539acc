using Qgjob.Core.Jobs;

namespace Qgjob.Core.Runs;

/// <summary>Exit codes of the command line; part of the interface.</summary>
public enum ExitCode
{
    /// <summary>Everything passed.</summary>
    Passed = 0,
    /// <summary>Something went wrong that has no code of its own.</summary>
    General = 1,
    /// <summary>The command line is wrong.</summary>
    Usage = 2,
    /// <summary>There was no test to run, or all were skipped.</summary>
    NoTests = 3,
    /// <summary>The server refused the token.</summary>
    Auth = 4,
    /// <summary>Not finished yet.</summary>
    Unfinished = 8,
    /// <summary>A test failed or hit its run limit.</summary>
    TestsFailed = 10,
    /// <summary>Report and process contradict each other.</summary>
    Undetermined = 15,
    /// <summary>No device ever fitted.</summary>
    NoDevice = 18,
    /// <summary>Canceled or superseded.</summary>
    Canceled = 19,
    /// <summary>Infrastructure failed.</summary>
    Infrastructure = 20,
    /// <summary>The wait timed out; the run goes on.</summary>
    WaitTimedOut = 124,
    /// <summary>Interrupted from the keyboard.</summary>
    Interrupted = 130,
}

/// <summary>Turns jobs' verdicts into a run's, and verdicts into exit codes.</summary>
public static class RunVerdict
{
    /// <summary>Bad news, worst first: the first that any job has is the run's verdict.</summary>
    private static readonly JobVerdict[] WorstFirst =
    [
        JobVerdict.TestsFailed, JobVerdict.InfraError, JobVerdict.NoDevice, JobVerdict.QueueLimit,
        JobVerdict.NoTests, JobVerdict.Undetermined, JobVerdict.Canceled,
    ];

    /// <summary>The run's verdict: <see cref="JobVerdict.None"/> while unfinished; a run of only skipped jobs is <see cref="JobVerdict.Skipped"/>.</summary>
    public static JobVerdict Of(Run run)
    {
        if (!run.IsFinished) return JobVerdict.None;
        foreach (var verdict in WorstFirst)
            if (run.Count(verdict) > 0) return verdict;
        return run.Count(JobVerdict.Passed) > 0 ? JobVerdict.Passed : JobVerdict.Skipped;
    }

    /// <summary>The exit code that tells a script this verdict. A run of nothing but skipped tests is not green.</summary>
    public static ExitCode ExitCodeOf(JobVerdict verdict) => verdict switch
    {
        JobVerdict.None => ExitCode.Unfinished,
        JobVerdict.TestsFailed => ExitCode.TestsFailed,
        JobVerdict.InfraError or JobVerdict.QueueLimit => ExitCode.Infrastructure,
        JobVerdict.NoDevice => ExitCode.NoDevice,
        JobVerdict.NoTests or JobVerdict.Skipped => ExitCode.NoTests,
        JobVerdict.Undetermined => ExitCode.Undetermined,
        JobVerdict.Canceled => ExitCode.Canceled,
        JobVerdict.Passed => ExitCode.Passed,
        _ => throw new ArgumentOutOfRangeException(nameof(verdict), verdict, "unknown verdict"),
    };
}
