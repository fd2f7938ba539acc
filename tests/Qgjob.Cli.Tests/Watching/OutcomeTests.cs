using Qgjob.Cli.Output;
using Qgjob.Cli.Watching;
using Qgjob.Client.Wire;
using Qgjob.Core.Jobs;
using Qgjob.Core.Results;
using TestResult = Qgjob.Core.Results.TestResult;

namespace Qgjob.Cli.Tests.Watching;

public sealed class OutcomeTests
{
    private const string SyntaxError = "SyntaxError: tests/broken.spec.ts: Unexpected token (3:7)\n\n  2 |\n> 3 |   let;\u001b[2J";

    private static TestResult Test(TestStatus status) => new(["adds an item"], "tests/slow.spec.ts", 4, status, 0);

    private static OutcomeDocument Of(params (JobView Job, TestResult[] Tests)[] jobs) => Outcome.Of(
        Views.Run("failed", 10, jobs.Length, finishedAt: CliRun.Now), [.. jobs.Select(j => j.Job)],
        [.. jobs.Select(j => new JobResults(j.Job.JobId, j.Job.TestPath, j.Job.Status, 1, j.Tests))]);

    private static string[] Lines(OutcomeDocument outcome)
    {
        using var output = new StringWriter { NewLine = "\n" };
        OutcomeText.Write(output, outcome);
        return output.ToString().TrimEnd('\n').Split('\n');
    }

    [Fact]
    public void Files_without_a_verdict_are_counted_before_the_last_line_and_their_reasons_keep_their_lines()
    {
        var outcome = Of(
            (Views.Job("j-1", "tests/broken.spec.ts", JobStatus.Failed) with { Reason = SyntaxError }, []),
            (Views.Job("j-2", "tests/lost.spec.ts", JobStatus.Error) with { Reason = "The phone went away." }, [Test(TestStatus.Interrupted)]),
            (Views.Job("j-3", "tests/good.spec.ts", JobStatus.Passed), [Test(TestStatus.Passed)]));
        Assert.Equal(2, outcome.NotRun);
        Assert.Equal(
        [
            "FAILED  tests/broken.spec.ts  (j-1)",
            "    SyntaxError: tests/broken.spec.ts: Unexpected token (3:7)",
            "",
            "      2 |",
            "    > 3 |   let;",
            "ERROR  tests/lost.spec.ts: The phone went away.  (j-2)",
            "2 files gave no verdict",
            "passed 0, failed 0, installs 1, seconds 65.0",
        ], Lines(outcome));
    }

    [Fact]
    public void A_limit_says_itself_why_the_tests_above_ended()
    {
        var outcome = Of((Views.Job("j-1", "tests/slow.spec.ts", JobStatus.TimedOut) with { Reason = "The tests ran for more than 8 s." }, [Test(TestStatus.Interrupted)]));
        var lines = Lines(outcome);
        Assert.Equal("INTERRUPTED  tests/slow.spec.ts:4  adds an item", lines[0]);
        Assert.Contains("TIMED_OUT  tests/slow.spec.ts: The tests ran for more than 8 s.  (j-1)", lines);
        Assert.Equal(0, outcome.NotRun);
        Assert.DoesNotContain(lines, l => l.Contains("no verdict", StringComparison.Ordinal));
    }

    [Fact]
    public void What_fails_in_quarantine_is_told_apart()
    {
        var outcome = Outcome.Of(
            Views.Run("passed", 0, 1, TestCounts.Of([Views.ExcusedTest]), CliRun.Now), [Views.Job("j-1", "tests/a.spec.ts", JobStatus.Passed)],
            [new JobResults("j-1", "tests/a.spec.ts", JobStatus.Passed, 1, [Views.ExcusedTest, Views.FlakyTest with { Quarantine = Views.ExcusedTest.Quarantine }])]);
        Assert.Empty(outcome.FlakyTests);
        Assert.Equal(
        [
            "QUARANTINED  tests/a.spec.ts:31  the list › pays: flaky bank (by anna (owner), until 2030-01-15 12:00 UTC)",
            "    failed: no bank; the log: qgjob logs j-1",
            "flaky 0, skipped 0, quarantined 1",
            "passed 0, failed 0, installs 1, seconds 65.0",
        ], Lines(outcome));
        var ended = Views.FailedTest with { Quarantine = Views.ExcusedTest.Quarantine! with { Ended = true } };
        Assert.Contains("    its quarantine has ended: flaky bank (by anna (owner), until 2030-01-15 12:00 UTC)", Lines(Of((Views.Job("j-1", "tests/a.spec.ts", JobStatus.Failed), [ended]))));
    }

    [Fact]
    public void A_job_that_failed_by_its_tests_is_not_told_twice()
    {
        var lines = Lines(Of((Views.Job("j-1", "tests/slow.spec.ts", JobStatus.Failed) with { Reason = "1 of 1 failed." }, [Test(TestStatus.Failed)])));
        Assert.DoesNotContain(lines, l => l.Contains("1 of 1 failed", StringComparison.Ordinal));
    }

    [Fact]
    public void One_file_is_one_file() =>
        Assert.Equal("1 file gave no verdict", Lines(Of((Views.Job("j-1", "tests/a.spec.ts", JobStatus.Canceled), [])))[^2]);

    [Fact]
    public void Lines_of_events_show_the_first_line_of_a_reason()
    {
        using var output = new StringWriter { NewLine = "\n" };
        using var view = new PlainView(output);
        var model = new RunModel(Views.Run());
        model.Refresh([Views.Job("j-1", "tests/broken.spec.ts", JobStatus.Running)]);
        view.Start(model);
        view.Happened(model, Views.Event(1, "finished", status: "failed", message: SyntaxError));
        view.Happened(model, Views.Event(2, "finished", status: "failed", message: new string('x', 1000)));
        var lines = output.ToString().TrimEnd('\n').Split('\n');
        Assert.Equal(3, lines.Length);
        Assert.Equal("run r-1: 1 job, app version xyz123", lines[0]);
        Assert.EndsWith("failed: SyntaxError: tests/broken.spec.ts: Unexpected token (3:7) …", lines[1], StringComparison.Ordinal);
        Assert.EndsWith("xx…", lines[2], StringComparison.Ordinal);
        Assert.InRange(lines[2].Length, 200, 250);
    }

    [Fact]
    public void What_one_order_canceled_is_one_line()
    {
        var superseded = Of(
            (Views.Job("j-1", "tests/a.spec.ts", JobStatus.Canceled) with { Reason = "Superseded by run r-2." }, []),
            (Views.Job("j-2", "tests/b.spec.ts", JobStatus.Canceled) with { Reason = "Superseded by run r-2." }, []),
            (Views.Job("j-3", "tests/c.spec.ts", JobStatus.Canceled) with { Reason = "Canceled by request." }, [])) with
        { SupersededBy = "r-2" };
        Assert.Equal(
        [
            "CANCELED  2 files: Superseded by run r-2.",
            "CANCELED  tests/c.spec.ts: Canceled by request.  (j-3)",
            "superseded by run r-2: what still waited was canceled",
        ], Lines(superseded)[..3]);
    }

    [Fact]
    public void A_run_that_failed_fast_names_who_failed_first()
    {
        var outcome = Of(
            (Views.Job("j-1", "tests/a.spec.ts", JobStatus.Canceled) with { Reason = "Canceled by --fail-fast." }, []),
            (Views.Job("j-2", "tests/b.spec.ts", JobStatus.Failed), [Test(TestStatus.Failed)])) with
        { FailedFirst = "j-2" };
        Assert.Contains("failed first: tests/b.spec.ts (j-2); --fail-fast canceled the rest", Lines(outcome));
        Assert.Equal(10, outcome.ExitCode);
    }
}
