using Qgjob.Core.Results;

namespace Qgjob.Core.Jobs;

/// <summary>Why a job ended as it did, in a sentence for people, where its last attempt cannot know.</summary>
internal static class JobReasons
{
    /// <param name="final">What the job comes to.</param>
    /// <param name="end">How its last attempt ended by itself, and the reason that it gave.</param>
    /// <param name="further">It was not the first attempt that ran tests, so it may have run some of them only.</param>
    /// <param name="tests">Results of the job.</param>
    /// <param name="ran">Results of the last attempt.</param>
    public static string? Of(
        AfterAttempt.Final final, (AttemptOutcome Outcome, string? Reason) end, bool further, IReadOnlyList<TestResult> tests, IReadOnlyList<TestResult> ran)
    {
        var failed = tests.Where(t => t.Status.IsFailure()).ToList();
        return (final.Status, end.Outcome) switch
        {
            (JobStatus.Failed, AttemptOutcome.Passed or AttemptOutcome.Skipped or AttemptOutcome.NoTests) when failed.Count > 0 =>
                $"{failed.Count} of {tests.Count} failed and did not run again in the last attempt: {Names(failed)}. "
                + "A title that changes from run to run, or a test that skips itself at a further attempt, has this effect.",
            (JobStatus.Failed, AttemptOutcome.Failed) when further && ran.Any(t => t.Status.IsFailure()) => $"{failed.Count} of {tests.Count} failed.",
            (JobStatus.Failed, AttemptOutcome.Passed or AttemptOutcome.Skipped) => Unwanted(final, tests),
            (JobStatus.Passed, _) when final.Flaky => Flaky(tests),
            (JobStatus.Passed, AttemptOutcome.Failed) => null,
            _ => end.Reason,
        };
    }

    /// <summary>Nothing failed, but the submitter asked for more than that.</summary>
    private static string Unwanted(AfterAttempt.Final final, IReadOnlyList<TestResult> tests) =>
        tests.Where(t => t.Status is TestStatus.Skipped).ToList() is { Count: > 0 } skipped && !final.Flaky
            ? $"{skipped.Count} of {tests.Count} skipped, which --fail-on-skipped forbids: {Names(skipped)}."
            : $"{Flaky(tests)} --fail-on-flaky forbids that.";

    private static string Flaky(IReadOnlyList<TestResult> tests) =>
        tests.Where(t => t.Status is TestStatus.Flaky).ToList() is { Count: > 0 } flaky
            ? $"{flaky.Count} of {tests.Count} flaky, failed first and passed later: {Names(flaky)}."
            : "Flaky: an attempt failed, a later one passed.";

    private static string Names(List<TestResult> tests)
    {
        const int Most = 3;
        var named = string.Join(", ", tests.Take(Most).Select(t => $"'{t.Title}'"));
        return tests.Count > Most ? $"{named} and {tests.Count - Most} more" : named;
    }
}
