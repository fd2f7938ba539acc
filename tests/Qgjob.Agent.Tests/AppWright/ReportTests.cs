using System.Text.Json;
using Qgjob.Agent.AppWright;
using Qgjob.Core.Jobs;
using Qgjob.Core.Results;
using TestResult = Qgjob.Core.Results.TestResult;

namespace Qgjob.Agent.Tests.AppWright;

public sealed class ReportTests
{
    // Playwright 1.49's JSON reporter, shortened.
    private const string Sample =
        """
        {
          "config": { "rootDir": "/p/tests" },
          "suites": [{
            "title": "todo.spec.ts", "file": "todo.spec.ts",
            "specs": [
              { "title": "top", "file": "todo.spec.ts", "line": 3, "tests": [
                { "projectName": "android", "status": "expected", "expectedStatus": "passed", "results": [
                  { "status": "passed", "duration": 12, "retry": 0, "errors": [] } ] } ] }
            ],
            "suites": [{
              "title": "list", "specs": [
                { "title": "adds", "file": "todo.spec.ts", "line": 9, "tests": [
                  { "projectName": "android", "status": "flaky", "results": [
                    { "status": "failed", "duration": 5, "retry": 0, "error": { "message": "\u001b[2mexpect\u001b[22m failed", "snippet": "\u001b[31m> 11 |\u001b[39m" },
                      "errors": [{ "message": "expect failed\n\n> 11 |\n    at …", "location": { "file": "/p/tests/todo.spec.ts", "line": 11, "column": 3 } }] },
                    { "status": "passed", "duration": 7, "retry": 1, "errors": [] } ] } ] },
                { "title": "slow", "file": "todo.spec.ts", "line": 20, "tests": [
                  { "projectName": "android", "status": "unexpected", "results": [
                    { "status": "timedOut", "duration": 100, "retry": 0, "errors": [{ "message": "Test timeout" }] } ] } ] },
                { "title": "later", "file": "todo.spec.ts", "line": 30, "tests": [
                  { "projectName": "android", "status": "skipped", "results": [] } ] },
                { "title": "prepare", "file": "setup.ts", "line": 1, "tests": [
                  { "projectName": "setup", "status": "expected", "results": [ { "status": "passed", "duration": 1, "retry": 0, "errors": [] } ] } ] }
              ] }]
          }],
          "errors": []
        }
        """;

    private static PlaywrightReport Parsed
    {
        get
        {
            using var json = JsonDocument.Parse(Sample);
            return PlaywrightReport.Parse(json.RootElement, "/p", "android", "/out");
        }
    }

    private static PlaywrightReport With(params TestStatus[] statuses) =>
        new([.. statuses.Select(s => new TestResult(["t"], "a.ts", 1, s, 1))], []);

    [Fact]
    public void Each_test_has_titles_place_status_and_error()
    {
        var tests = Parsed.Tests;
        Assert.Equal(["top", "list › adds", "list › slow", "list › later"], tests.Select(t => t.Title));
        Assert.Equal([TestStatus.Passed, TestStatus.Flaky, TestStatus.TimedOut, TestStatus.Skipped], tests.Select(t => t.Status));
        Assert.Equal(("tests/todo.spec.ts", 9, 1, 7d), (tests[1].File, tests[1].Line, tests[1].Retry, tests[1].DurationMs));
        Assert.Equal(("expect failed", "> 11 |", 11), (tests[1].Error, tests[1].Snippet, tests[1].ErrorLine));
        Assert.Equal("Test timeout", tests[2].Error);
    }

    [Fact]
    public void A_damaged_report_is_no_report()
    {
        var folder = Directory.CreateTempSubdirectory("qgjob-test-").FullName;
        var file = Path.Combine(folder, "report.json");
        Assert.Null(PlaywrightReport.Read(file, "/p", "android", folder));
        File.WriteAllText(file, Sample[..300]);
        Assert.Null(PlaywrightReport.Read(file, "/p", "android", folder));
        File.WriteAllText(file, "{}");
        Assert.Null(PlaywrightReport.Read(file, "/p", "android", folder));
        Directory.Delete(folder, recursive: true);
    }

    [Theory]
    [InlineData(0, new[] { TestStatus.Passed }, AttemptOutcome.Passed)]
    [InlineData(0, new[] { TestStatus.Flaky, TestStatus.Skipped }, AttemptOutcome.Passed)]
    [InlineData(0, new[] { TestStatus.Skipped }, AttemptOutcome.Skipped)]
    [InlineData(1, new[] { TestStatus.Passed, TestStatus.Failed }, AttemptOutcome.Failed)]
    [InlineData(1, new[] { TestStatus.TimedOut }, AttemptOutcome.Failed)]
    [InlineData(0, new[] { TestStatus.Failed }, AttemptOutcome.Undetermined)]
    [InlineData(1, new[] { TestStatus.Passed }, AttemptOutcome.Undetermined)]
    [InlineData(1, new TestStatus[0], AttemptOutcome.NoTests)]
    [InlineData(137, new[] { TestStatus.Passed }, AttemptOutcome.Infra)]
    public void The_report_decides_and_the_exit_code_must_agree(int exit, TestStatus[] tests, AttemptOutcome outcome)
    {
        Assert.Equal(outcome, Verdict.Judge(exit, With(tests), "").Outcome);
    }

    [Fact]
    public void Without_a_report_nothing_is_green()
    {
        Assert.Equal(AttemptOutcome.Undetermined, Verdict.Judge(0, null, "").Outcome);
        var (outcome, reason) = Verdict.Judge(1, null, "SyntaxError: oops");
        Assert.Equal(AttemptOutcome.ProjectError, outcome);
        Assert.Contains("SyntaxError: oops", reason, StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_that_does_not_load_has_failed()
    {
        Assert.Equal((AttemptOutcome.Failed, "Cannot find module 'x'"), Verdict.Judge(1, new PlaywrightReport([], ["Cannot find module 'x'"]), ""));
        Assert.Equal(AttemptOutcome.NoTests, Verdict.Judge(1, new PlaywrightReport([], ["Error: No tests found"]), "").Outcome);
    }

    [Fact]
    public void What_failed_outside_of_tests_is_told_besides_them()
    {
        // No quarantine of the test excuses it.
        var report = With(TestStatus.Failed, TestStatus.Passed) with { Errors = ["Error: No tests found", "worker process exited"] };
        Assert.Equal("worker process exited", Verdict.ErrorOutside(report));
        Assert.Equal((AttemptOutcome.Failed, "1 of 2 failed. Besides, outside of tests: worker process exited"), Verdict.Judge(1, report, ""));
        Assert.Null(Verdict.ErrorOutside(With(TestStatus.Failed)));
    }

    [Fact]
    public void When_no_test_is_found_it_says_what_was_looked_for()
    {
        var sought = Verdict.Sought("tests/a.spec.ts", "@smoke", "android");
        Assert.Equal(
            (AttemptOutcome.NoTests, "No test was found: looked for tests in tests/a.spec.ts, titles that match '@smoke', the config's project 'android'."),
            Verdict.Judge(1, new PlaywrightReport([], ["Error: No tests found"]), "", sought));
        Assert.Equal("tests in tests/a.spec.ts", Verdict.Sought("tests/a.spec.ts", null, ""));
    }

    [Fact]
    public void Streamed_events_tell_what_a_killed_attempt_had_done()
    {
        var events = new ReporterEvents("/out");
        Assert.Equal(new TestsFound(2), events.Read("""{"event":"begin","total":2}"""));
        Assert.IsType<TestStarted>(events.Read("""{"event":"start","id":"1","title":["list","adds"],"file":"tests/a.ts","line":3,"retry":0}"""));
        var ended = Assert.IsType<TestEnded>(events.Read(
            """{"event":"end","id":"1","title":["list","adds"],"file":"tests/a.ts","line":3,"retry":0,"status":"failed","expected":"passed","ms":5,"errors":[{"message":"\u001b[31mno\u001b[39m","snippet":"> 4","line":4}]}"""));
        Assert.Equal((TestStatus.Failed, "no", "> 4", 4), (ended.Result.Status, ended.Result.Error, ended.Result.Snippet, ended.Result.ErrorLine));
        events.Read("""{"event":"end","id":"1","title":["list","adds"],"file":"tests/a.ts","line":3,"retry":1,"status":"passed","expected":"passed","ms":5,"errors":[]}""");
        events.Read("""{"event":"start","id":"2","title":["last"],"file":"tests/a.ts","line":9,"retry":0}""");
        Assert.Null(events.Read("""{"event":"end","id":"2","ti"""));
        Assert.Equal([("list › adds", TestStatus.Flaky), ("last", TestStatus.Interrupted)], events.Results.Select(r => (r.Title, r.Status)));
    }

    [Fact]
    public void A_test_that_is_expected_to_fail_and_does_has_passed()
    {
        var events = new ReporterEvents("/out");
        events.Read("""{"event":"end","id":"1","title":["t"],"file":"a.ts","line":3,"retry":0,"status":"failed","expected":"failed","ms":5,"errors":[{"message":"x"}]}""");
        Assert.Equal(TestStatus.Passed, events.Results.Single().Status);
    }

    [Fact]
    public void A_followed_file_gives_whole_lines_only()
    {
        var file = Path.GetTempFileName();
        var tail = new LineTail(file);
        File.AppendAllText(file, "one\nt");
        Assert.Equal(["one"], tail.Read());
        Assert.Empty(tail.Read());
        File.AppendAllText(file, "wo é\n");
        Assert.Equal(["two é"], tail.Read());
        File.Delete(file);
    }
}
