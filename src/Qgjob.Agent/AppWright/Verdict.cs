using System.Globalization;
using Qgjob.Core.Jobs;
using Qgjob.Core.Results;

namespace Qgjob.Agent.AppWright;

/// <summary>Judges an attempt by Playwright's report, with the exit code as a cross-check. Pure.</summary>
internal static class Verdict
{
    // A shell's code for "ended by signal 9", most often for want of memory.
    private const int FirstSignalCode = 128;

    /// <param name="tail">The end of the process's output, for errors that made it into no report.</param>
    /// <param name="sought">What was looked for, for when nothing was found.</param>
    public static (AttemptOutcome Outcome, string? Reason) Judge(int exitCode, PlaywrightReport? report, string tail, string sought = "the file")
    {
        if (exitCode >= FirstSignalCode)
        {
            return (AttemptOutcome.Infra, string.Create(CultureInfo.InvariantCulture, $"The test process was ended by signal {exitCode - FirstSignalCode}."));
        }

        if (report is null)
        {
            return exitCode == 0
                ? (AttemptOutcome.Undetermined, "The test process ended with 0, but wrote no report.")
                : (AttemptOutcome.ProjectError, $"The test process ended with {exitCode} before it could write a report:\n{tail}");
        }

        var failed = report.Tests.Count(t => t.Status.IsFailure());
        if (failed > 0)
        {
            return exitCode == 0
                ? (AttemptOutcome.Undetermined, $"The report has {failed} failed, but the test process ended with 0.")
                : (AttemptOutcome.Failed, $"{failed} of {report.Tests.Count} failed.{(ErrorOutside(report) is { } other ? $" Besides, outside of tests: {other}" : "")}");
        }

        if (ErrorOutside(report) is { } error)
        {
            return exitCode == 0
                ? (AttemptOutcome.Undetermined, $"The report has an error, but the test process ended with 0: {error}")
                // The file does not load, a syntax error say: to its author that is a failed test, not trouble of the lab.
                : (AttemptOutcome.Failed, error);
        }

        if (report.Tests.Count == 0) return (AttemptOutcome.NoTests, $"No test was found: looked for {sought}.");
        if (exitCode != 0) return (AttemptOutcome.Undetermined, $"The report has no failure, but the test process ended with {exitCode}.");
        return report.Tests.All(t => t.Status == TestStatus.Skipped)
            ? (AttemptOutcome.Skipped, "All tests were skipped.")
            : (AttemptOutcome.Passed, null);
    }

    /// <summary>What failed outside of tests: the file does not load, a worker broke down; null: nothing.</summary>
    public static string? ErrorOutside(PlaywrightReport report) => report.Errors.FirstOrDefault(e => !IsNoTests(e));

    /// <summary>What an attempt looks for, in words.</summary>
    public static string Sought(string testFile, string? grep, string project, string? selection = null) => string.Join(", ", new[]
    {
        $"tests in {testFile}",
        selection,
        grep is null ? null : $"titles that match '{grep}'",
        project.Length == 0 ? null : $"the config's project '{project}'",
    }.OfType<string>());

    private static bool IsNoTests(string error) => error.Contains("No tests found", StringComparison.Ordinal);
}
