using System.Globalization;
using System.Text;
using Qgjob.Cli.Output;
using Qgjob.Client.Reports;
using Qgjob.Client.Wire;
using Qgjob.Core;
using Qgjob.Core.Jobs;
using Qgjob.Core.Results;

namespace Qgjob.Cli.Ci;

/// <summary>A run's outcome as a page of Markdown: what failed and why, each file, what was flaky and slow. Titles and messages are shown as they are, never as Markdown.</summary>
internal static class MarkdownSummary
{
    // A page may have a megabyte for all steps of a job.
    private const int MostFailures = 50;
    private const int MostFiles = 300;
    private const int MostOfMessage = 4000;
    private const int Slowest = 5;

    /// <param name="outcome">What the run came to.</param>
    /// <param name="jobs">Its jobs.</param>
    /// <param name="results">Their results.</param>
    /// <param name="url">The run's page.</param>
    public static string Of(OutcomeDocument outcome, IReadOnlyList<JobView> jobs, IReadOnlyList<JobResults> results, string url)
    {
        var page = new StringBuilder();
        Line(page, $"## {Sign(outcome.ExitCode)} {Text(outcome.Status.Replace('_', ' '))}: {outcome.Passed} passed, {outcome.Failed} failed{(outcome.Flaky > 0 ? $", {outcome.Flaky} flaky" : "")}{(outcome.Skipped > 0 ? $", {outcome.Skipped} skipped" : "")}{(outcome.Quarantined > 0 ? $", {outcome.Quarantined} quarantined" : "")}");
        Line(page, "");
        Line(page, $"[Run {Text(outcome.RunId)}]({url}) · {Durations.Show(outcome.Seconds)} · {Quantity.Of(outcome.Devices.Count, "device")} · {Installs(outcome, results)}");
        Line(page, "");
        if (outcome.SupersededBy is { } newer) Line(page, $"Superseded by run {Text(newer)}: what still waited was canceled.\n");
        Failures(page, outcome, url);
        ByDevice(page, results);
        Files(page, jobs, results);
        foreach (var test in outcome.FlakyTests) Line(page, $"- flaky: {Code(test.Title)} in {Code($"{test.File}:{test.Line}")}");
        if (outcome.FlakyTests.Count > 0) Line(page, "");
        Quarantined(page, outcome.QuarantinedTests ?? [], url);
        var slow = results.SelectMany(r => r.Tests).Where(t => t.DurationMs > 0 && t.Status is not TestStatus.Skipped).OrderByDescending(t => t.DurationMs).Take(Slowest).ToList();
        if (slow.Count > 1)
        {
            Line(page, "<details><summary>Slowest tests</summary>\n");
            foreach (var test in slow) Line(page, $"- {Durations.Show(test.DurationMs / 1000)} {Code(test.Title)} in {Code(test.File)}");
            Line(page, "\n</details>\n");
        }
        return page.ToString();
    }

    private static void Failures(StringBuilder page, OutcomeDocument outcome, string url)
    {
        foreach (var test in outcome.Failures.Take(MostFailures))
        {
            Line(page, $"<details open><summary>❌ {Html(test.Title)}</summary>\n");
            Line(page, $"{Code($"{test.File}:{test.ErrorLine ?? test.Line}")}{(test.DeviceId is { } device ? $" on {Code(device)}" : "")}, {Text(test.Status.Replace('_', ' '))}; [the report]({url}), {Code($"qgjob logs {test.JobId}")}\n");
            Block(page, string.Join("\n\n", new[] { test.QuarantineEnded is { } past ? $"Its quarantine has ended: {past}" : null, test.Message, test.Snippet }.OfType<string>()));
            Line(page, "\n</details>\n");
        }
        if (outcome.Failures.Count > MostFailures) Line(page, $"… and {outcome.Failures.Count - MostFailures} more failures: {Code($"qgjob results {outcome.RunId}")}\n");
        var shown = outcome.Failures.Select(f => f.JobId).ToHashSet();
        foreach (var job in outcome.JobsNotPassed.Where(j => !shown.Contains(j.JobId)).Take(MostFailures))
            Line(page, $"- **{Text(job.Status.Replace('_', ' '))}** {Code(job.Name())}{(job.Reason is { } reason ? ": " + Text(SafeText.FirstLine(reason, 300)) : "")}");
        if (outcome.JobsNotPassed.Any(j => !shown.Contains(j.JobId))) Line(page, "");
    }

    /// <summary>They failed and turned nothing red; who owns them should see it all the same.</summary>
    private static void Quarantined(StringBuilder page, IReadOnlyList<QuarantinedFailure> tests, string url)
    {
        foreach (var test in tests.Take(MostFailures))
        {
            Line(page, $"<details><summary>🔇 quarantined: {Html(test.Title)}</summary>\n");
            Line(page, $"{Code($"{test.File}:{test.ErrorLine ?? test.Line}")}{(test.DeviceId is { } device ? $" on {Code(device)}" : "")}, {Text(test.Status.Replace('_', ' '))}; {Text(test.Reason)} (by {Text(test.By)}, until {QuarantineText.Time(test.Until)}); [the report]({url}), {Code($"qgjob logs {test.JobId}")}\n");
            Block(page, test.Message ?? "");
            Line(page, "\n</details>\n");
        }
        if (tests.Count > MostFailures) Line(page, $"… and {tests.Count - MostFailures} more in quarantine that failed\n");
    }

    private static void ByDevice(StringBuilder page, IReadOnlyList<JobResults> results)
    {
        if (DeviceTable.Of(results) is not { } table) return;
        Line(page, $"| test | {string.Join(" | ", table.Devices.Select(Code))} |\n| --- |{string.Concat(table.Devices.Select(_ => " --- |"))}");
        foreach (var row in table.Rows.Take(MostFiles))
            Line(page, $"| {Code(row.Title)} in {Code(row.File)} | {string.Join(" | ", row.Results.Select(Result))} |");
        if (table.Rows.Count > MostFiles) Line(page, $"\n… and {table.Rows.Count - MostFiles} more tests");
        Line(page, "");
    }

    private static string Result(string word) => word switch
    {
        "passed" => "✅",
        "flaky" => "✅ flaky",
        "quarantined" => "🔇 quarantined",
        "failed" or "timed_out" or "interrupted" or "error" => $"❌ {Text(word.Replace('_', ' '))}",
        _ => Text(word.Replace('_', ' ')),
    };

    private static void Files(StringBuilder page, IReadOnlyList<JobView> jobs, IReadOnlyList<JobResults> results)
    {
        var resultOf = results.GroupBy(r => r.JobId).ToDictionary(g => g.Key, g => g.First());
        Line(page, "| file | result | tests | device | time | attempts |\n| --- | --- | --- | --- | --- | --- |");
        foreach (var job in jobs.Take(MostFiles))
        {
            var tests = TestCounts.Of(resultOf.GetValueOrDefault(job.JobId)?.Tests ?? []);
            var time = (job.StartedAt, job.FinishedAt) is ({ } start, { } end) ? Durations.Show((end - start).TotalSeconds) : "";
            Line(page, $"| {Code(TestSlice.NameOf(job.TestPath, job.Slice))} | {Sign(job.ExitCode)} {Text(Words.Of(job.Status).Replace('_', ' '))}{(job.Flaky ? " (flaky)" : "")} | {tests.Passed} of {tests.Passed + tests.Failed + tests.Skipped + tests.Quarantined} | {(job.DeviceId is { } device ? Code(device) : "")} | {time} | {job.Attempt} |");
        }
        if (jobs.Count > MostFiles) Line(page, $"\n… and {jobs.Count - MostFiles} more files");
        Line(page, "");
    }

    /// <summary>AppWright by itself installs the app for every try of every test.</summary>
    private static string Installs(OutcomeDocument outcome, IReadOnlyList<JobResults> results)
    {
        var tries = results.SelectMany(r => r.Tests).Sum(t => t.Status is TestStatus.Skipped ? 0 : t.Retry + 1);
        return tries > outcome.Installs ? $"{Quantity.Of(outcome.Installs, "install")}, {tries - outcome.Installs} saved" : Quantity.Of(outcome.Installs, "install");
    }

    private static string Sign(int exitCode) => exitCode switch { 0 => "✅", 19 or 8 => "⚪", 3 => "⚠️", _ => "❌" };

    /// <summary>Words as they are: nothing of them is Markdown or HTML.</summary>
    public static string Text(string text)
    {
        var plain = new StringBuilder();
        foreach (var c in SafeText.Line(text))
        {
            if (c is '<' or '>' or '&') plain.Append(c switch { '<' => "&lt;", '>' => "&gt;", _ => "&amp;" });
            else if ("\\`*_{}[]()#+-.!|~@:".Contains(c, StringComparison.Ordinal)) plain.Append('\\').Append(c);
            else plain.Append(c);
        }
        return plain.ToString();
    }

    private static string Html(string text) => SafeText.Line(text).Replace("&", "&amp;", StringComparison.Ordinal).Replace("<", "&lt;", StringComparison.Ordinal).Replace(">", "&gt;", StringComparison.Ordinal);

    /// <summary>As HTML code: a pipe within backticks would still end a table's cell.</summary>
    private static string Code(string text) => $"<code>{Html(text).Replace("|", "&#124;", StringComparison.Ordinal)}</code>";

    private static void Block(StringBuilder page, string text)
    {
        if (text.Length == 0) return;
        text = SafeText.Cut(string.Join('\n', SafeText.Lines(text)), MostOfMessage);
        var longest = 0;
        for (int i = 0, run = 0; i < text.Length; i++)
        {
            run = text[i] == '`' ? run + 1 : 0;
            longest = Math.Max(longest, run);
        }
        var fence = new string('`', Math.Max(3, longest + 1));
        Line(page, $"{fence}text\n{text}\n{fence}");
    }

    private static void Line(StringBuilder page, FormattableString line) => page.Append(line.ToString(CultureInfo.InvariantCulture)).Append('\n');

    private static void Line(StringBuilder page, string line) => page.Append(line).Append('\n');
}
