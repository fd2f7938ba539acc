using Qgjob.Core.Results;

namespace Qgjob.Agent.AppWright;

/// <summary>What the report and the streamed events have in common about tries.</summary>
internal static class TryStatus
{
    /// <param name="word">Playwright's; null when the try told nothing.</param>
    public static TestStatus Of(string? word) => word switch
    {
        "passed" => TestStatus.Passed,
        "skipped" => TestStatus.Skipped,
        "timedOut" => TestStatus.TimedOut,
        "interrupted" => TestStatus.Interrupted,
        _ => TestStatus.Failed,
    };

    /// <summary>Null for a test that passed at once, or was skipped, and left nothing: its result says all.</summary>
    public static IReadOnlyList<TestTry>? WorthKeeping(IReadOnlyList<TestTry> tries) =>
        tries.Count > 1 || tries.Any(t => t.Status is not (TestStatus.Passed or TestStatus.Skipped) || t.Attachments is not null) ? tries : null;
}
