using Qgjob.Core.Results;

namespace Qgjob.Agent.Reports;

/// <summary>What tries of a test come to, by Playwright's rule, and whether that is what its result says.</summary>
internal static class Ends
{
    public static bool Agree(IReadOnlyList<RecordedTry> tries, TestStatus status)
    {
        // The report counts an interrupted try as none; it is shown as a failed one, with the reason.
        if (status is TestStatus.Interrupted) return tries.Count > 0 && tries[^1].Status == "interrupted";
        var expected = tries.Count(t => t.Status == t.Expected && t.Status != "skipped");
        var unexpected = tries.Count(t => t.Status != t.Expected && t.Status is not ("skipped" or "interrupted"));
        var skipped = tries.Any(t => t.Status == "skipped" && t.Expected == "skipped");
        return status switch
        {
            TestStatus.Passed => expected > 0 && unexpected == 0,
            TestStatus.Skipped => expected == 0 && unexpected == 0,
            TestStatus.Flaky => unexpected > 0 && (expected > 0 || skipped),
            _ => unexpected > 0 && expected == 0 && !skipped,
        };
    }
}
