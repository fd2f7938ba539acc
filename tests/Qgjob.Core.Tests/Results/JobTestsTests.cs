using CsCheck;
using Qgjob.Core.Jobs;
using Qgjob.Core.Results;
using TestResult = Qgjob.Core.Results.TestResult;

namespace Qgjob.Core.Tests.Results;

public sealed class JobTestsTests
{
    private static readonly TestStatus[] All = Enum.GetValues<TestStatus>();

    [Fact]
    public void The_last_attempt_that_ran_a_test_decides_and_a_late_pass_is_flaky()
    {
        var all = Of(
            (AttemptOutcome.Failed, [Test("a"), Test("b", TestStatus.Failed), Test("c", TestStatus.TimedOut), Test("d", TestStatus.Skipped)]),
            (AttemptOutcome.Failed, [Test("b"), Test("c", TestStatus.Failed)]));
        Assert.Equal(["a passed", "b flaky", "c failed", "d skipped"], all);
    }

    [Fact]
    public void A_flaky_test_keeps_what_it_failed_with()
    {
        var flaky = Assert.Single(JobTests.Compose(
            [Test("a", TestStatus.Failed) with { Error = "boom", Snippet = "> 3", ErrorLine = 3 }], [Test("a") with { DurationMs = 7 }]));
        Assert.Equal((TestStatus.Flaky, "boom", "> 3", 3, 7), (flaky.Status, flaky.Error, flaky.Snippet, flaky.ErrorLine, flaky.DurationMs));
    }

    [Fact]
    public void Tries_of_all_attempts_say_whose_they_are()
    {
        var failed = Test("a", TestStatus.Failed) with { Tries = [new TestTry(0, TestStatus.Failed, 5), new TestTry(1, TestStatus.Failed, 6)] };
        var test = Assert.Single(JobTests.Of([new AttemptTests(1, AttemptOutcome.Failed, [failed]), new AttemptTests(2, AttemptOutcome.Lost, []), new AttemptTests(3, AttemptOutcome.Passed, [Test("a")])]));
        Assert.Equal(3, test.Attempt);
        Assert.Equal([(1, 0, TestStatus.Failed), (1, 1, TestStatus.Failed), (3, 0, TestStatus.Passed)], test.Tries!.Select(t => (t.Attempt!.Value, t.Retry, t.Status)));
    }

    [Fact]
    public void A_test_that_was_not_run_again_keeps_its_result()
    {
        Assert.Equal(["a failed", "b passed"], Of(
            (AttemptOutcome.Failed, [Test("a", TestStatus.Failed), Test("b")]),
            (AttemptOutcome.Passed, [Test("a", TestStatus.Skipped), Test("b", TestStatus.Skipped)])));
        Assert.Equal(["a failed", "new passed"], Of((AttemptOutcome.Failed, [Test("a", TestStatus.Failed)]), (AttemptOutcome.Passed, [Test("new")])));
    }

    [Fact]
    public void What_a_failing_device_left_counts_only_where_nothing_else_is_known()
    {
        Assert.Equal(["a passed", "b failed"], Of(
            (AttemptOutcome.Infra, [Test("a", TestStatus.Failed)]),
            (AttemptOutcome.Failed, [Test("a"), Test("b", TestStatus.Failed)]),
            (AttemptOutcome.Lost, [Test("b")])));
        Assert.Equal(["a interrupted"], Of((AttemptOutcome.Infra, [Test("a", TestStatus.Interrupted)]), (AttemptOutcome.Lost, [])));
        Assert.Empty(Of((AttemptOutcome.Lost, [])));
    }

    [Fact]
    public void Tests_of_the_same_title_are_told_apart_by_their_file_and_their_number()
    {
        Assert.Equal(["a passed", "a flaky", "a failed"], Of(
            (AttemptOutcome.Failed, [Test("a"), Test("a", TestStatus.Failed), Test("a", TestStatus.Failed) with { File = "setup.ts" }]),
            (AttemptOutcome.Passed, [Test("a"), Test("a")])));
        // An anonymous describe is named by one report and left out by another.
        Assert.Equal(["a flaky"], Of(
            (AttemptOutcome.Failed, [Test("a", TestStatus.Failed) with { TitlePath = ["suite", "", "a"] }]), (AttemptOutcome.Passed, [Test("a")])));
    }

    [Fact]
    public void Attempts_may_be_composed_one_by_one_without_details_or_all_at_once() =>
        Gen.Select(Gen.Int[0, 5], Gen.Int[0, All.Length - 1]).List[0, 6].List[1, 4].Sample(attempts =>
        {
            var tests = attempts.Select(a => (IReadOnlyList<TestResult>)[.. a.DistinctBy(t => t.Item1).Select(t => Test($"t{t.Item1}", All[t.Item2]))]).ToList();
            var whole = JobTests.Of(tests.Select((t, i) => new AttemptTests(i + 1, AttemptOutcome.Failed, t)));
            IReadOnlyList<TestResult> soFar = [];
            foreach (var one in tests) soFar = JobTests.WithoutDetails(JobTests.Compose(soFar, one));
            Assert.Equal(whole.Select(Text), soFar.Select(Text));
            // Nothing is lost, nothing is there twice, and a run test's last word holds.
            Assert.Equal(tests.SelectMany(t => t).Select(t => t.Title).Distinct(), whole.Select(t => t.Title));
            foreach (var test in whole)
                if (tests.SelectMany(t => t).LastOrDefault(t => t.Title == test.Title && t.Status is not TestStatus.Skipped) is { } last)
                    Assert.Equal(last.Status.IsFailure(), test.Status.IsFailure());
        });

    [Fact]
    public void What_is_left_to_run_is_all_but_the_settled_tests_of_the_file()
    {
        TestResult[] tests = [Test("a"), Test("b", TestStatus.Failed), Test("c", TestStatus.Flaky), Test("d", TestStatus.Skipped), Test("f", TestStatus.Skipped) with { Annotations = [new("skip")] }, Test("x") with { File = "setup.ts" }];
        Assert.Equal(["suite/a", "suite/c", "suite/f"], Paths(TestSelection.Rest(null, "t.ts", tests)!.Except));
        Assert.Null(TestSelection.Rest(null, "t.ts", [Test("b", TestStatus.Failed)]));
        var asked = new TestSelection { Only = [["suite", "a"], ["suite", "b"]], Except = [["suite", "z"]] };
        var rest = TestSelection.Rest(asked, "t.ts", tests)!;
        Assert.Same(asked.Only, rest.Only);
        Assert.Equal(["suite/z", "suite/a", "suite/c", "suite/f"], Paths(rest.Except));
    }

    [Fact]
    public void A_settled_test_that_reads_like_an_open_one_runs_again()
    {
        TestResult[] tests =
        [
            Test("b c") with { TitlePath = ["a", "b c"] }, Test("c", TestStatus.Failed) with { TitlePath = ["a b", "c"] },
            Test("d @slow"), Test("d", TestStatus.TimedOut), Test("e"),
        ];
        Assert.Equal(["suite/e"], Paths(TestSelection.Rest(null, "t.ts", tests)!.Except));
    }

    private static IEnumerable<string> Paths(IReadOnlyList<IReadOnlyList<string>>? titles) => titles!.Select(t => string.Join('/', t));

    private static IEnumerable<string> Of(params (AttemptOutcome, IReadOnlyList<TestResult>)[] attempts) =>
        JobTests.Of(attempts.Select((a, i) => new AttemptTests(i + 1, a.Item1, a.Item2))).Select(Text);

    private static string Text(TestResult test) => $"{test.TitlePath[^1]} {Words.Of(test.Status)}";

    private static TestResult Test(string title, TestStatus status = TestStatus.Passed) => new(["suite", title], "t.ts", 1, status, 10);
}
