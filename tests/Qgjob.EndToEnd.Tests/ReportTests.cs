using System.Text.Json;
using System.Xml.Linq;
using Qgjob.Core.Jobs;
using Xunit;

namespace Qgjob.EndToEnd.Tests;

/// <summary>All reports of a run agree with one another and with its results, test by test.</summary>
public sealed class ReportTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Thirty_files_on_four_phones_are_told_alike_by_all_reports()
    {
        await using var lab = await Lab.StartAsync(phones: 4);
        using var project = new ReportProject();
        foreach (var (title, file) in new[] { ("* in quarantine", "08-quarantined"), ("breaks the row", "07-serial") })
        {
            var added = await lab.QgjobInAsync(project.Folder, "quarantine", "add", title, "--file", $"tests/{file}.spec.js", "--org-id", "acme", "--reason", "QA-1 <flaky> bank");
            Assert.True(added.ExitCode == 0, added.All);
        }
        var submitted = await lab.QgjobInAsync(project.Folder, "submit", "--org-id", "acme", "--app-version-id", "todo-1.0", "--app", "builds/todo-1.0.apk",
            "--test", "tests/*.spec.js", "--timeout", "60s", "--json");
        Assert.True(submitted.ExitCode == 0, submitted.All);
        using var ids = JsonDocument.Parse(submitted.Out);
        var run = ids.RootElement.GetProperty("run_id").GetString()!;
        var dying = (await lab.JobsAsync(run)).Single(j => j.TestPath == "tests/01-phone-dies.spec.js").JobId;
        await lab.UntilAsync(async () => await lab.Client.FindJobAsync(dying, Cancel) is { Status: JobStatus.Running, TestsDone: > 0 }, "the test that needs a phone runs");
        await MisbehavingPhone.TellAsync(lab.SerialOf((await lab.Client.FindJobAsync(dying, Cancel))!.DeviceId!), "disconnect 20");

        var (junit, json, html) = (Path.Combine(project.Folder, "out", "junit.xml"), Path.Combine(project.Folder, "out", "results.json"), Path.Combine(project.Folder, "out", "html"));
        var waited = await lab.QgjobInAsync(project.Folder, "wait", run, "--report", $"junit={junit},json={json},html={html}");
        Assert.True(waited.ExitCode == 10, waited.All);
        Assert.Contains("QUARANTINED  tests/08-quarantined.spec.js:3  fails in quarantine: QA-1 <flaky> bank (by ", waited.Out, StringComparison.Ordinal);
        Assert.Contains("quarantined 2", waited.Out, StringComparison.Ordinal);
        // Green for the first; the second did not run all of its tests.
        Assert.Equal([JobStatus.Failed, JobStatus.Passed], (await lab.JobsAsync(run)).Where(j => j.TestPath is "tests/07-serial.spec.js" or "tests/08-quarantined.spec.js").Select(j => j.Status));
        Assert.Equal([AttemptOutcome.Infra, AttemptOutcome.Passed], (await lab.Client.FindJobAsync(dying, Cancel))!.Attempts!.Select(a => a.Outcome));

        var results = await lab.QgjobInAsync(project.Folder, "results", run, "--json");
        Assert.True(results.ExitCode == 0, results.All);
        var expected = OfJson(results.Out);
        Assert.Equal(ReportProject.Files, expected.Select(t => t.File).Distinct().Count());
        Assert.Contains(("tests/00-hangs.spec.js", "never ends", "failed"), expected);
        Assert.Contains(("tests/02-fails.spec.js", "a group › in a group › fails <b>& \"loudly\"</b>", "failed"), expected);
        Assert.Contains(("tests/03-flaky.spec.js", "passes at the second try", "flaky"), expected);
        Assert.Contains(("tests/04-times-out.spec.js", "takes too long", "failed"), expected);
        Assert.Contains(("tests/05-skips.spec.js", "is skipped with a reason", "skipped"), expected);
        Assert.Contains(("tests/05-skips.spec.js", "is expected to fail", "passed"), expected);
        Assert.Equal(
            [("tests/07-serial.spec.js", "breaks the row", "quarantined"), ("tests/07-serial.spec.js", "does not get its turn", "skipped"), ("tests/07-serial.spec.js", "tests/07-serial.spec.js", "failed"),
                ("tests/08-quarantined.spec.js", "fails in quarantine", "quarantined"), ("tests/08-quarantined.spec.js", "passes beside them", "passed"), ("tests/08-quarantined.spec.js", "passes in quarantine", "passed")],
            expected.Where(t => t.File is "tests/07-serial.spec.js" or "tests/08-quarantined.spec.js"));

        Assert.Equal(expected, OfJson(await File.ReadAllTextAsync(json, Cancel)));
        Assert.Equal(expected, OfJUnit(XDocument.Load(junit)));
        Assert.Equal(expected, OfHtml(html));
        var titles = expected.Select(t => t.Title).Order(StringComparer.Ordinal).ToList();
        Assert.Equal(titles, (await HtmlReportFiles.ShownAsync(new Uri(Path.Combine(html, "index.html")).AbsoluteUri, titles.Count)).Order(StringComparer.Ordinal));
        // As the server shows it: a site of its own that may not call the API.
        Assert.Equal(titles, (await HtmlReportFiles.ShownAsync($"{lab.Url}/api/v1/runs/{run}/report.html", titles.Count)).Order(StringComparer.Ordinal));
    }

    /// <summary>What the CLI's <c>results</c> and the JSON report say, with a job that has no tests as one entry.</summary>
    private static List<(string File, string Title, string Result)> OfJson(string text)
    {
        using var document = JsonDocument.Parse(text);
        var root = document.RootElement.TryGetProperty("data", out var data) ? data : document.RootElement;
        var found = new List<(string, string, string)>();
        foreach (var job in root.GetProperty("jobs").EnumerateArray())
        {
            var path = job.GetProperty("test_path").GetString()!;
            var tests = job.GetProperty("tests").EnumerateArray().ToList();
            var told = tests.Select(t => (t.GetProperty("file").GetString()!, string.Join(" › ", t.GetProperty("title_path").EnumerateArray()), t.GetProperty("status").GetString() switch
            {
                "failed" or "timed_out" or "interrupted" => t.TryGetProperty("quarantine", out var mark) && !mark.GetProperty("ended").GetBoolean() ? "quarantined" : "failed",
                var status => status!,
            })).ToList();
            found.AddRange(told);
            if (told.All(t => t.Item3 != "failed") && job.GetProperty("status").GetString() != "passed") found.Add((path, path, "failed"));
        }
        return Sorted(found);
    }

    private static List<(string, string, string)> OfJUnit(XDocument document) => Sorted(document.Descendants("testcase").Select(t => (
        t.Attribute("classname")!.Value,
        t.Attribute("name")!.Value,
        t.Element("failure") is not null || t.Element("error") is not null ? "failed" : t.Element("skipped") is { } skipped ? skipped.Attribute("message")?.Value.StartsWith("quarantined: ", StringComparison.Ordinal) is true ? "quarantined" : "skipped" : t.Element("flakyFailure") is not null ? "flaky" : "passed")));

    private static List<(string, string, string)> OfHtml(string folder) => Sorted(HtmlReportFiles.Tests(folder).Select(t => (t.File, t.Title, t.Outcome switch
    {
        "expected" => "passed",
        "unexpected" => t.Tags.Contains("@quarantined") ? "quarantined" : "failed",
        var outcome => outcome,
    })));

    private static List<(string, string, string)> Sorted(IEnumerable<(string, string, string)> tests) => [.. tests.Order()];
}
