using System.Text.Json;
using Qgjob.Agent.AppWright;
using Qgjob.Core.Results;

namespace Qgjob.Agent.Tests.AppWright;

/// <summary>Tries, steps, attachments, tags and annotations, from the report and from the stream.</summary>
public sealed class TryTests
{
    // Playwright 1.49's JSON reporter, shortened.
    private const string Flaky =
        """
        {
          "config": { "rootDir": "/p/tests" },
          "suites": [{
            "title": "a.spec.ts", "file": "a.spec.ts",
            "specs": [
              { "title": "adds @smoke", "file": "a.spec.ts", "line": 9, "tags": ["smoke"], "tests": [
                { "projectName": "android", "status": "flaky", "annotations": [{ "type": "issue", "description": "T-1" }], "results": [
                  { "status": "failed", "duration": 5, "retry": 0, "startTime": "2026-01-02T03:04:05.678Z",
                    "error": { "message": "\u001b[2mfirst\u001b[22m", "snippet": "> 11 |" },
                    "errors": [{ "message": "first\n\n> 11 |", "location": { "file": "/p/tests/a.spec.ts", "line": 11, "column": 3 } }, { "message": "second" }],
                    "steps": [{ "title": "outer", "duration": 4, "steps": [{ "title": "inner", "duration": 3, "error": { "message": "inner failed" } }] }],
                    "attachments": [
                      { "name": "screenshot", "contentType": "image/png", "path": "/out/test-results/a/shot.png" },
                      { "name": "elsewhere", "contentType": "text/plain", "path": "/tmp/x.txt" }] },
                  { "status": "passed", "duration": 7, "retry": 1, "startTime": "2026-01-02T03:04:06Z", "errors": [], "steps": [{ "title": "outer", "duration": 4 }] } ] } ] },
              { "title": "quick", "file": "a.spec.ts", "line": 20, "tags": [], "tests": [
                { "projectName": "android", "status": "expected", "annotations": [], "results": [
                  { "status": "passed", "duration": 7, "retry": 0, "errors": [], "steps": [{ "title": "outer", "duration": 4 }], "attachments": [] } ] } ] },
              { "title": "later", "file": "a.spec.ts", "line": 30, "tests": [
                { "projectName": "android", "status": "skipped", "annotations": [{ "type": "skip", "description": "no camera" }], "results": [
                  { "status": "skipped", "duration": 0, "retry": 0, "errors": [] } ] } ] }
            ]
          }],
          "errors": []
        }
        """;

    private static PlaywrightReport Parse(string json, string outFolder = "/out")
    {
        using var document = JsonDocument.Parse(json);
        return PlaywrightReport.Parse(document.RootElement, "/p", "android", outFolder);
    }

    [Fact]
    public void Every_try_of_a_flaky_test_is_told()
    {
        var test = Parse(Flaky).Tests[0];
        Assert.Equal(("android", "@smoke"), (test.Project, test.Tags!.Single()));
        Assert.Equal(new TestAnnotation("issue", "T-1"), test.Annotations!.Single());
        Assert.Equal("first", test.Error);
        var first = test.Tries![0];
        Assert.Equal((0, TestStatus.Failed, 5d, "first\n\nsecond", "> 11 |", 11), (first.Retry, first.Status, first.DurationMs, first.Error, first.Snippet, first.ErrorLine));
        Assert.Equal(DateTimeOffset.Parse("2026-01-02T03:04:05.678Z", System.Globalization.CultureInfo.InvariantCulture), first.StartedAt);
        Assert.Equal(new TestStep("inner", "test.step", 3, "inner failed"), first.Steps!.Single().Steps!.Single());
        Assert.Equal([("screenshot", "test-results/a/shot.png"), ("elsewhere", null)], first.Attachments!.Select(a => (a.Name, a.Path)));
        Assert.Equal((1, TestStatus.Passed, null), (test.Tries[1].Retry, test.Tries[1].Status, test.Tries[1].Steps));
    }

    [Fact]
    public void A_test_that_passed_at_once_costs_nothing_more_and_a_skipped_one_says_why()
    {
        var tests = Parse(Flaky).Tests;
        Assert.Equal((null, null, null), (tests[1].Tries, tests[1].Tags, tests[1].Annotations));
        Assert.Equal((null, "no camera"), (tests[2].Tries, tests[2].SkipReason));
    }

    [Fact]
    public void An_attachment_without_a_file_is_found_where_the_reporter_put_it()
    {
        var folder = Directory.CreateTempSubdirectory("qgjob-test-").FullName;
        const string name = "aaf4c61ddcc5e8a2dabede0f3b482cd9aea9434d.txt"; // Of "hello", as reporter.cjs made it.
        Directory.CreateDirectory(Path.Combine(folder, "attachments"));
        File.WriteAllText(Path.Combine(folder, "attachments", name), "hello");
        var report = Flaky.Replace("\"path\": \"/tmp/x.txt\"", $"\"body\": \"{Convert.ToBase64String("hello"u8)}\"", StringComparison.Ordinal);
        Assert.Equal("attachments/" + name, Parse(report, folder).Tests[0].Tries![0].Attachments![1].Path);
        Directory.Delete(folder, recursive: true);
    }

    private static ReporterEvents Streamed(params string[] lines)
    {
        var events = new ReporterEvents("/out");
        foreach (var line in lines) events.Read(line);
        return events;
    }

    private const string Start = """{"event":"start","id":"1","title":["adds @smoke"],"project":"android","file":"tests/a.spec.ts","line":9,"retry":0,"at":"2026-01-02T03:04:05.678Z"}""";
    private const string Outer = """{"event":"step","id":"1","title":"outer","category":"test.step"}""";
    private const string Inner = """{"event":"step","id":"1","in":0,"title":"expect.toBeVisible","category":"expect"}""";

    [Fact]
    public void A_killed_test_tells_the_step_that_it_was_in_and_what_it_had_attached()
    {
        var test = Streamed(
            Start, Outer, Inner, """{"event":"stepped","id":"1","step":1,"ms":3}""", """{"event":"attached","id":"1","name":"shot","type":"image/png","path":"/out/shot.png"}""",
            """{"event":"step","id":"1","in":0,"title":"tap","category":"test.step"}""").Results.Single();
        Assert.Equal((TestStatus.Interrupted, "android"), (test.Status, test.Project));
        var running = test.Tries!.Single();
        Assert.Equal(TestStatus.Interrupted, running.Status);
        Assert.Equal(new TestAttachment("shot", "image/png", "shot.png"), running.Attachments!.Single());
        var outer = running.Steps!.Single();
        Assert.Null(outer.DurationMs);
        Assert.Equal([("expect.toBeVisible", 3d), ("tap", null)], outer.Steps!.Select(s => (s.Title, s.DurationMs)));
    }

    [Fact]
    public void Tries_that_ended_are_told_whole()
    {
        var test = Streamed(
            Start, Outer,
            """{"event":"stepped","id":"1","step":0,"ms":3,"error":"no"}""",
            """{"event":"end","id":"1","title":["adds @smoke"],"project":"android","file":"tests/a.spec.ts","line":9,"retry":0,"status":"failed","expected":"passed","ms":5,"errors":[{"message":"no","snippet":"> 4","line":4},{"message":"also"}],"tags":["@smoke"],"annotations":[{"type":"issue"}],"steps_left":7}""",
            """{"event":"start","id":"1","title":["adds @smoke"],"project":"android","file":"tests/a.spec.ts","line":9,"retry":1}""", Outer,
            """{"event":"end","id":"1","title":["adds @smoke"],"project":"android","file":"tests/a.spec.ts","line":9,"retry":1,"status":"passed","expected":"passed","ms":6,"errors":[],"tags":["@smoke"],"annotations":[{"type":"issue"}]}""").Results.Single();
        Assert.Equal((TestStatus.Flaky, "@smoke", "issue"), (test.Status, test.Tags!.Single(), test.Annotations!.Single().Type));
        Assert.Equal([(0, TestStatus.Failed, "no\n\nalso", 7), (1, TestStatus.Passed, null, null)], test.Tries!.Select(t => (t.Retry, t.Status, t.Error, t.StepsLeftOut)));
        Assert.Equal(new TestStep("outer", "test.step", 3, "no"), test.Tries![0].Steps!.Single());
        Assert.Null(test.Tries[1].Steps);
    }

    [Fact]
    public void The_report_takes_the_steps_that_only_the_stream_has()
    {
        var streamed = Streamed(
            Start, Outer, Inner,
            """{"event":"end","id":"1","title":["adds @smoke"],"project":"android","file":"tests/a.spec.ts","line":9,"retry":0,"status":"failed","expected":"passed","ms":5,"errors":[]}""").Results;
        var tests = Parse(Flaky).WithSteps(streamed).Tests;
        Assert.Equal("expect", tests[0].Tries![0].Steps!.Single().Steps!.Single().Category);
        Assert.Equal("first\n\nsecond", tests[0].Tries![0].Error);
        Assert.Null(tests[1].Tries);
    }

    [Fact]
    public void A_line_of_a_test_that_never_began_is_passed_over() => Assert.Empty(Streamed(Outer, Inner).Results);
}
