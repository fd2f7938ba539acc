using System.Globalization;
using Qgjob.Core.Results;
using Qgjob.Core.Storage;

namespace Qgjob.Core.Jobs;

/// <summary>Why a job ended as it did, in a sentence for people, where its last attempt cannot know.</summary>
internal static class JobReasons
{
    /// <param name="final">What the job comes to.</param>
    /// <param name="end">How its last attempt ended by itself.</param>
    /// <param name="further">It was not the first attempt that ran tests, so it may have run some of them only.</param>
    /// <param name="tests">Results of the job.</param>
    public static string? Of(AfterAttempt.Final final, AttemptEnd end, bool further, IReadOnlyList<TestResult> tests)
    {
        var failed = tests.Where(t => t.CountsAsFailure()).ToList();
        var excused = tests.Where(t => t.IsExcused()).ToList();
        var said = (final.Status, end.Outcome) switch
        {
            (JobStatus.Failed, AttemptOutcome.Failed) when end.ErrorOutside is true => end.Reason,
            (JobStatus.Failed, AttemptOutcome.Passed or AttemptOutcome.Skipped or AttemptOutcome.NoTests) when failed.Count > 0 =>
                $"{failed.Count} of {tests.Count} failed and did not run again in the last attempt: {Names(failed)}. "
                + "A title that changes from run to run, or a test that skips itself at a further attempt, has this effect.",
            (JobStatus.Failed, _) when failed.Count == 0 && JobLifecycle.Unrun(tests).ToList() is { Count: > 0 } unrun =>
                $"{unrun.Count} of {tests.Count} did not run because of a test before them that is in quarantine: {Names(unrun)}.",
            (JobStatus.Failed, AttemptOutcome.Failed) when (further || excused.Count > 0) && end.Tests.Any(t => t.Status.IsFailure()) => $"{failed.Count} of {tests.Count} failed.",
            (JobStatus.Failed, AttemptOutcome.Passed or AttemptOutcome.Skipped) => Unwanted(final, tests),
            (JobStatus.Passed, AttemptOutcome.NoTests) when tests.Count == 0 =>
                "None of this part's tests is in the file any more, or all are left out by --grep or the config: there was nothing to run.",
            (JobStatus.Passed, _) when final.Flaky => Flaky(tests),
            // What the attempt says of itself is that tests failed.
            (JobStatus.Passed, AttemptOutcome.Failed) => null,
            _ => end.Reason,
        };
        return final.Status is not (JobStatus.Passed or JobStatus.Failed) || excused.Count + failed.Count(HadQuarantine) == 0 ? said
            : string.Join(' ', new[] { said, Excused(tests, excused), Ended([.. failed.Where(HadQuarantine)]) }.OfType<string>());
    }

    /// <summary>Nothing failed, but the submitter asked for more than that.</summary>
    private static string Unwanted(AfterAttempt.Final final, IReadOnlyList<TestResult> tests) =>
        tests.Where(t => t.Status is TestStatus.Skipped).ToList() is { Count: > 0 } skipped && !final.Flaky
            ? $"{skipped.Count} of {tests.Count} skipped, which --fail-on-skipped forbids: {Names(skipped)}."
            : $"{Flaky(tests)} --fail-on-flaky forbids that.";

    private static string Flaky(IReadOnlyList<TestResult> tests) =>
        tests.Where(t => t.Status is TestStatus.Flaky && !t.IsQuarantined()).ToList() is { Count: > 0 } flaky
            ? $"{flaky.Count} of {tests.Count} flaky, failed first and passed later: {Names(flaky)}."
            : "Flaky: an attempt failed, a later one passed.";

    private static string? Excused(IReadOnlyList<TestResult> tests, List<TestResult> excused) => excused.Count == 0 ? null
        : $"{excused.Count} of {tests.Count} failed in quarantine, which does not count: {Names(excused, t => $" ({t.Quarantine!.Reason})")}.";

    private static bool HadQuarantine(TestResult test) => test.Quarantine is { Ended: true };

    private static string? Ended(List<TestResult> tests) => tests.Count == 0 ? null
        : $"In quarantine no longer: {Names(tests, t => string.Create(CultureInfo.InvariantCulture, $" (it ended {t.Quarantine!.Until.UtcDateTime:yyyy-MM-dd HH:mm} UTC: {t.Quarantine.Reason})"))}.";

    private static string Names(List<TestResult> tests, Func<TestResult, string>? more = null)
    {
        const int Most = 3;
        var named = string.Join(", ", tests.Take(Most).Select(t => $"'{t.Title}'{more?.Invoke(t)}"));
        return tests.Count > Most ? $"{named} and {tests.Count - Most} more" : named;
    }
}
