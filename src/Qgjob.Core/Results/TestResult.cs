namespace Qgjob.Core.Results;

/// <summary>How one test of a spec file ended, as Playwright's report says.</summary>
public enum TestStatus
{
    /// <summary>Passed at the first try.</summary>
    Passed,
    /// <summary>Failed in every try.</summary>
    Failed,
    /// <summary>Failed first and passed on one of Playwright's own retries.</summary>
    Flaky,
    /// <summary>Not run, by the test's own choice.</summary>
    Skipped,
    /// <summary>Ran into Playwright's own time limit.</summary>
    TimedOut,
    /// <summary>Was running when the attempt was ended from outside.</summary>
    Interrupted,
}

/// <summary>What the statuses mean, in one place.</summary>
public static class TestStatusMeaning
{
    /// <summary>The test was to pass and did not.</summary>
    public static bool IsFailure(this TestStatus status) => status is TestStatus.Failed or TestStatus.TimedOut or TestStatus.Interrupted;

    /// <summary>It was in quarantine when its result was accepted.</summary>
    public static bool IsQuarantined(this TestResult test) => test.Quarantine is { Ended: false };

    /// <summary>It failed, and nothing turns red by that: it is in quarantine.</summary>
    public static bool IsExcused(this TestResult test) => test.Status.IsFailure() && test.IsQuarantined();

    /// <summary>It failed, and that counts.</summary>
    public static bool CountsAsFailure(this TestResult test) => test.Status.IsFailure() && !test.IsQuarantined();

    /// <summary>Its author skipped it; otherwise a skipped test did not get its turn, because of a failure before it, say.</summary>
    public static bool IsSkippedByChoice(this TestResult test) =>
        test.Status is TestStatus.Skipped && test.Annotations?.Any(a => a.Type is "skip" or "fixme") is true;
}

/// <summary>One test's result in one attempt.</summary>
/// <param name="TitlePath">Titles from the outermost <c>describe</c> to the test itself; at least one.</param>
/// <param name="File">Path relative to the project, with forward slashes.</param>
/// <param name="Line">1-based line of the test in <paramref name="File"/>.</param>
/// <param name="Status">The verdict over all of Playwright's retries.</param>
/// <param name="DurationMs">Milliseconds of the last try.</param>
/// <param name="Retry">Index of the last try; 0 when there was no retry.</param>
/// <param name="Error">Message of the last failing try, without terminal colours.</param>
/// <param name="Snippet">Code frame around the failing line, if Playwright gave one.</param>
/// <param name="ErrorLine">1-based line in <paramref name="File"/> where it failed, if known.</param>
public sealed record TestResult(
    IReadOnlyList<string> TitlePath,
    string File,
    int Line,
    TestStatus Status,
    double DurationMs,
    int Retry = 0,
    string? Error = null,
    string? Snippet = null,
    int? ErrorLine = null)
{
    /// <summary>Name of the Playwright project it ran in; null when that has none, or the agent is an older one.</summary>
    public string? Project { get; init; }
    /// <summary>Its tags, with their <c>@</c>; null: none.</summary>
    public IReadOnlyList<string>? Tags { get; init; }
    /// <summary>What the test said of itself: why it is skipped, an issue it belongs to; null: nothing.</summary>
    public IReadOnlyList<TestAnnotation>? Annotations { get; init; }
    /// <summary>
    /// Every try, oldest first. Null for a test that passed at once and left no attachment, and for one that never ran:
    /// most tests of most runs, of which there is nothing more to tell.
    /// </summary>
    public IReadOnlyList<TestTry>? Tries { get; init; }

    /// <summary>The org's word on the test when its result was accepted, set by the server; null: it is not in quarantine.</summary>
    public QuarantineMark? Quarantine { get; init; }
    /// <summary>In the results of a job over its attempts: the attempt that decided; null in an attempt's own results.</summary>
    public int? Attempt { get; init; }
    /// <summary>In the results of a rerun: the job whose attempt that was, when it is one of an earlier run; null: the job in question.</summary>
    public string? JobId { get; init; }

    /// <summary>Why it was skipped, in its author's words; null when it was not, or they gave no reason.</summary>
    public string? SkipReason => Status is not TestStatus.Skipped
        ? null
        : Annotations?.LastOrDefault(a => a.Type is "skip" or "fixme" && a.Description is not null)?.Description;

    /// <summary>The title path joined the way Playwright prints it.</summary>
    public string Title => string.Join(" › ", TitlePath);
}

/// <summary>How many tests ended how. A flaky test counts as passed, too.</summary>
/// <param name="Passed">Passed, at the first try or later.</param>
/// <param name="Failed">Failed, ran out of time or was interrupted, and is not in quarantine.</param>
/// <param name="Flaky">Passed only on a retry, and is not in quarantine.</param>
/// <param name="Skipped">Not run, by their own choice.</param>
/// <param name="Quarantined">Failed, but is in quarantine, so that it turns nothing red.</param>
public sealed record TestCounts(int Passed, int Failed, int Flaky, int Skipped, int Quarantined = 0)
{
    /// <summary>No tests.</summary>
    public static TestCounts None { get; } = new(0, 0, 0, 0);

    /// <summary>Counts these tests.</summary>
    public static TestCounts Of(IReadOnlyCollection<TestResult> tests) => new(
        tests.Count(t => t.Status is TestStatus.Passed or TestStatus.Flaky),
        tests.Count(t => t.CountsAsFailure()),
        tests.Count(t => t.Status is TestStatus.Flaky && !t.IsQuarantined()),
        tests.Count(t => t.Status is TestStatus.Skipped),
        tests.Count(t => t.IsExcused()));

    /// <summary>The sum of both.</summary>
    public TestCounts Plus(TestCounts more) =>
        new(Passed + more.Passed, Failed + more.Failed, Flaky + more.Flaky, Skipped + more.Skipped, Quarantined + more.Quarantined);
}
