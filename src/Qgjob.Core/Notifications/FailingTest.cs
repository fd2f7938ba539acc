namespace Qgjob.Core.Notifications;

/// <summary>A test that fails now on one line of development. There are rows of failing tests only: what has none passes, or is not known.</summary>
public sealed record FailingTest
{
    /// <summary>The org.</summary>
    public required string OrgId { get; init; }
    /// <summary>The test's short name, see <see cref="Results.TestKey.Id"/>.</summary>
    public required string TestId { get; init; }
    /// <summary>The platform that its runs ask for; empty: they leave it to the device.</summary>
    public required string Platform { get; init; }
    /// <summary>The branch that its runs name (meta <c>branch</c>); empty: none.</summary>
    public required string Line { get; init; }
    /// <summary>The test file of its jobs.</summary>
    public required string TestPath { get; init; }
    /// <summary>The run in which it failed first.</summary>
    public required string SinceRun { get; init; }
    /// <summary>When that run ended.</summary>
    public required DateTimeOffset Since { get; init; }
    /// <summary>The latest run, by submission, in which it failed; only a later one can show that it passes again.</summary>
    public required string LastRun { get; init; }
    /// <summary>When the latest run in which it failed ended.</summary>
    public required DateTimeOffset LastAt { get; init; }
}

/// <summary>What a run says of a test that may be failing.</summary>
public enum TestNews
{
    /// <summary>Nothing new.</summary>
    None,
    /// <summary>It fails, and did not before.</summary>
    FirstFailure,
    /// <summary>It still fails.</summary>
    StillFails,
    /// <summary>It passes again.</summary>
    Recovered,
}

/// <summary>The state machine of a test on one line. Pure.</summary>
public static class FailureWatch
{
    /// <summary>
    /// What the run's word on a test means. Runs of one line may end in any order: what counts is the order in which they
    /// were submitted, which their ids have.
    /// </summary>
    /// <param name="known">What is known of the test on the line; null: it does not fail.</param>
    /// <param name="failed">It failed in the run; else it passed, perhaps on a retry.</param>
    /// <param name="runId">The run.</param>
    public static TestNews Judge(FailingTest? known, bool failed, string runId) => (known, failed) switch
    {
        (null, true) => TestNews.FirstFailure,
        (null, false) => TestNews.None,
        (_, true) => TestNews.StillFails,
        _ => string.CompareOrdinal(runId, known.LastRun) > 0 ? TestNews.Recovered : TestNews.None,
    };

    /// <summary>The test as it is known after it failed in a run.</summary>
    public static FailingTest Again(FailingTest known, string runId, DateTimeOffset at) =>
        string.CompareOrdinal(runId, known.LastRun) > 0 ? known with { LastRun = runId, LastAt = at } : known with { LastAt = at };
}
