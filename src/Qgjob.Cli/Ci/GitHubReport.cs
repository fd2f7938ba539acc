using System.Globalization;
using System.Text.Json;
using Qgjob.Cli.Output;
using Qgjob.Cli.Reports;
using Qgjob.Cli.Watching;
using Qgjob.Client.Projects;
using Qgjob.Client.Reports;

namespace Qgjob.Cli.Ci;

/// <summary>A run's outcome where people of GitHub look: the step's outputs, its summary, marks at the lines that failed.</summary>
internal static class GitHubReport
{
    // GitHub shows ten errors and ten notices of a step and drops the others without a word.
    private const int MostMarks = 10;

    public static void Tell(Call call, GitHub github, RunOutcome run, IReadOnlyList<ReportTarget> reports)
    {
        var outcome = run.Document;
        github.Output("status", outcome.Status);
        github.Output("passed", outcome.Passed);
        github.Output("failed", outcome.Failed);
        github.Output("flaky", outcome.Flaky);
        github.Output("quarantined", outcome.Quarantined);
        github.Output("results", JsonSerializer.Serialize(outcome, CliJson.Default.OutcomeDocument));
        if (outcome.SupersededBy is { } newer) github.Output("superseded-by", newer);
        // One that could not be made is no output; the log says why.
        foreach (var report in reports.Where(r => File.Exists(r.Path) || Directory.Exists(r.Path)))
            if (report.Form is "junit" or "html") github.Output(report.Form == "html" ? "report" : report.Form, report.Path);
        github.Summary(MarkdownSummary.Of(outcome, run.Jobs, run.Results, GitHub.UrlOf(call, outcome.RunId)));
        // The script stands in the project's folder; a person may be below it.
        var prefix = PrefixOf(github.Workspace, ProjectFolder.Find(call.World.CurrentFolder) ?? call.World.CurrentFolder);
        WriteErrors(github, outcome, prefix);
        foreach (var test in (outcome.QuarantinedTests ?? []).Take(MostMarks))
            github.Notice(prefix + test.File, test.ErrorLine ?? test.Line, $"{test.Title} (quarantined)",
                $"It failed in quarantine, which does not count: {test.Reason} (by {test.By}, until {QuarantineText.Time(test.Until)})\n{test.Message ?? test.Status}");
    }

    private static void WriteErrors(GitHub github, OutcomeDocument outcome, string prefix)
    {
        var all = outcome.Failures
            .Select(f => (File: (string?)(prefix + f.File), Line: (int?)(f.ErrorLine ?? f.Line), f.Title,
                Message: $"{f.Message ?? f.Status}{(f.DeviceId is null ? "" : $"\non {f.DeviceId}")}{(f.QuarantineEnded is null ? "" : $"\nits quarantine has ended: {f.QuarantineEnded}")}"))
            .Concat(outcome.JobsNotPassed.Where(j => outcome.Failures.All(f => f.JobId != j.JobId) && j.Status != "canceled")
                .Select(j => (File: (string?)(prefix + j.TestPath), Line: (int?)1, Title: $"{j.Name()}: {j.Status}", Message: j.Reason ?? j.Status)))
            .ToList();
        var shown = all.Count <= MostMarks ? all.Count : MostMarks - 1;
        foreach (var (file, line, title, message) in all.Take(shown)) github.Error(file, line, title, message);
        if (all.Count > shown)
            github.Error(null, null, string.Create(CultureInfo.InvariantCulture, $"{all.Count - shown} more failures"), "GitHub shows ten errors of a step; the summary and the reports have all of them.");
    }

    /// <summary>What leads from the repository to the project, ending in a slash; nothing when the project is elsewhere.</summary>
    private static string PrefixOf(string? workspace, string projectFolder)
    {
        if (workspace is null) return "";
        var relative = Path.GetRelativePath(workspace, projectFolder).Replace('\\', '/');
        return relative is "." || relative == ".." || relative.StartsWith("../", StringComparison.Ordinal) || Path.IsPathRooted(relative) ? "" : relative + "/";
    }
}
