using Qgjob.Core.Jobs;
using Qgjob.Core.Results;
using Qgjob.Core.Storage.Journal;
using TestResult = Qgjob.Core.Results.TestResult;

namespace Qgjob.Core.Tests.Results;

public sealed class TestHistoryTests
{
    private static readonly DateTimeOffset Start = new(2026, 1, 5, 9, 0, 0, TimeSpan.Zero);

    private static TestResult Test(TestStatus status, double ms = 100, string title = "t", int line = 1) =>
        new([title], "a.ts", line, status, ms, Error: status.IsFailure() ? $"{title} broke" : null);

    /// <summary>The latest attempt first, as stores give them; job 1 is the oldest.</summary>
    private static IReadOnlyList<TestsRow> Rows(params (int Job, int Attempt, AttemptOutcome Outcome, TestResult[] Tests)[] attempts) =>
        [.. attempts.Select((a, i) => new TestsRow($"j-{a.Job}", a.Attempt, a.Tests)
        {
            Origin = new TestsOrigin("acme", "a.ts", $"r-{a.Job}", $"v{a.Job}", "d1", "Pixel", Platform.Android, "13", a.Outcome, Start.AddMinutes(-i)),
        })];

    private static PastTest Only(IReadOnlyList<TestsRow> rows) => Assert.Single(TestHistory.Of(rows));

    [Fact]
    public void Rates_count_jobs_and_flaky_ones_have_passed()
    {
        var test = Only(Rows(
            (4, 1, AttemptOutcome.Passed, [Test(TestStatus.Passed, 100)]), (3, 1, AttemptOutcome.Passed, [Test(TestStatus.Flaky, 300)]),
            (2, 1, AttemptOutcome.Failed, [Test(TestStatus.TimedOut, 9000)]), (1, 1, AttemptOutcome.Passed, [Test(TestStatus.Skipped, 0)])));
        Assert.Equal(new TestRates(3, 2, 1, 1, 1, 200), test.Rates);
        Assert.Equal((1 / 3d, 1 / 3d), (test.Rates.FailureRate, test.Rates.FlakyRate));
        Assert.Equal(["j-4", "j-3", "j-2", "j-1"], test.Runs.Select(r => r.JobId));
    }

    [Fact]
    public void A_test_that_failed_in_one_attempt_and_passed_in_the_next_was_flaky_in_one_run()
    {
        var run = Only(Rows((1, 2, AttemptOutcome.Passed, [Test(TestStatus.Passed)]), (1, 1, AttemptOutcome.Failed, [Test(TestStatus.Failed)]))).Runs.Single();
        Assert.Equal((TestStatus.Flaky, 2, "t broke", true), (run.Status, run.Attempt, run.Error, run.Counts));
    }

    [Fact]
    public void A_test_that_a_further_attempt_left_out_keeps_its_verdict()
    {
        var tests = TestHistory.Of(Rows(
            (1, 2, AttemptOutcome.Passed, [Test(TestStatus.Skipped, title: "good"), Test(TestStatus.Passed, title: "bad", line: 2)]),
            (1, 1, AttemptOutcome.Failed, [Test(TestStatus.Passed, title: "good"), Test(TestStatus.Failed, title: "bad", line: 2)])));
        Assert.Equal([("good", TestStatus.Passed), ("bad", TestStatus.Flaky)], tests.Select(t => (t.Key.Title, t.Runs.Single().Status)));
    }

    [Theory]
    [InlineData(AttemptOutcome.Infra, TestStatus.Failed)]
    [InlineData(AttemptOutcome.Lost, TestStatus.Failed)]
    [InlineData(AttemptOutcome.Canceled, TestStatus.Failed)]
    [InlineData(AttemptOutcome.RunLimit, TestStatus.Interrupted)]
    public void What_was_cut_short_is_shown_and_not_counted(AttemptOutcome outcome, TestStatus status)
    {
        var test = Only(Rows((2, 1, outcome, [Test(status)]), (1, 1, AttemptOutcome.Passed, [Test(TestStatus.Passed)])));
        Assert.Equal(new TestRates(1, 1, 0, 0, 0, 100), test.Rates);
        Assert.Equal([(status, false), (TestStatus.Passed, true)], test.Runs.Select(r => (r.Status, r.Counts)));
    }

    [Fact]
    public void A_device_that_failed_before_does_not_make_a_test_flaky() =>
        Assert.Equal(TestStatus.Passed, Only(Rows((1, 2, AttemptOutcome.Passed, [Test(TestStatus.Passed)]), (1, 1, AttemptOutcome.Infra, [Test(TestStatus.Failed)]))).Runs.Single().Status);

    [Fact]
    public void Of_a_repeated_test_any_failure_decides() =>
        Assert.Equal(TestStatus.Failed, Only(Rows((1, 1, AttemptOutcome.Failed, [Test(TestStatus.Failed), Test(TestStatus.Passed)]))).Runs.Single().Status);

    [Fact]
    public void Tests_come_in_the_order_of_the_file_and_rows_from_before_there_was_a_history_are_passed_over()
    {
        var tests = TestHistory.Of([
            .. Rows((1, 1, AttemptOutcome.Passed, [Test(TestStatus.Passed, title: "second", line: 9), Test(TestStatus.Passed, title: "first", line: 3)])),
            new TestsRow("j-0", 1, [Test(TestStatus.Passed, title: "old")])]);
        Assert.Equal(["first", "second"], tests.Select(t => t.Key.Title));
        Assert.Null(TestRates.Of([]).MeanMs);
    }
}
