using System.Text.Json;
using Qgjob.Core.Results;
using TestResult = Qgjob.Core.Results.TestResult;

namespace Qgjob.Core.Tests.Results;

public sealed class ResultBoundsTests
{
    private static TestResult With(params TestTry[] tries) => new(["t"], "a.ts", 1, TestStatus.Failed, 1) { Tries = tries };

    private static TestTry Try(IReadOnlyList<TestStep>? steps = null, string? error = null) => new(0, TestStatus.Failed, 1, Error: error, Steps: steps);

    [Fact]
    public void Of_ten_thousand_steps_the_first_and_the_last_are_kept()
    {
        var steps = Enumerable.Range(0, 10_000).Select(i => new TestStep($"s{i}", "expect", 1)).ToList();
        var kept = ResultBounds.Apply(With(Try(steps))).Tries!.Single();
        Assert.Equal((ResultBounds.Steps, 10_000 - ResultBounds.Steps), (kept.Steps!.Count, kept.StepsLeftOut));
        Assert.Equal(("s0", "s99", "s9900", "s9999"), (kept.Steps[0].Title, kept.Steps[99].Title, kept.Steps[100].Title, kept.Steps[^1].Title));
    }

    [Fact]
    public void A_kept_step_keeps_the_ones_it_lies_in_and_what_lies_too_deep_goes()
    {
        var deep = new TestStep("s0");
        for (var i = 1; i < 10; i++) deep = new TestStep($"s{i}", Steps: [deep]);
        var kept = ResultBounds.Apply(With(Try([deep]))).Tries!.Single();
        Assert.Equal(10 - ResultBounds.StepDepth, kept.StepsLeftOut);

        var loop = new TestStep("loop", Steps: [.. Enumerable.Range(0, 1000).Select(i => new TestStep($"i{i}"))]);
        var both = ResultBounds.Apply(With(Try([.. Enumerable.Range(0, 500).Select(i => new TestStep($"s{i}")), loop]))).Tries!.Single();
        Assert.Equal("loop", both.Steps![^1].Title);
        Assert.Equal("i999", both.Steps[^1].Steps![^1].Title);
    }

    [Fact]
    public void Long_texts_say_how_much_is_missing_and_are_not_cut_again()
    {
        var once = ResultBounds.Apply(With(Try(error: new string('x', 100_000))));
        var error = once.Tries!.Single().Error!;
        Assert.True(error.Length <= ResultBounds.TryError);
        Assert.EndsWith($"… [{100_000 - ResultBounds.TryError + 40} more characters]", error, StringComparison.Ordinal);
        Assert.Equal(error, ResultBounds.Apply(once).Tries!.Single().Error);
    }

    [Fact]
    public void What_was_left_out_once_is_still_told()
    {
        var once = ResultBounds.Apply(With(Try([.. Enumerable.Range(0, 1000).Select(i => new TestStep($"s{i}"))])));
        Assert.Equal(800, ResultBounds.Apply(once).Tries!.Single().StepsLeftOut);
    }

    [Fact]
    public void An_attempt_that_says_too_much_keeps_its_first_tests_tries_and_says_so_of_the_others()
    {
        var tests = ResultBounds.Apply([.. Enumerable.Range(0, 1000).Select(_ => With(Try(error: new string('x', 10_000))))]);
        Assert.NotNull(tests[0].Tries);
        Assert.Null(tests[^1].Tries);
        Assert.Equal("qgjob", tests[^1].Annotations!.Single().Type);
        Assert.True(JsonSerializer.SerializeToUtf8Bytes(tests).Length < 3 * 1024 * 1024);
        Assert.Single(ResultBounds.Apply(tests)[^1].Annotations!);
    }

    [Fact]
    public void The_last_tries_and_the_first_attachments_are_kept()
    {
        var files = Enumerable.Range(0, 80).Select(i => new TestAttachment($"f{i}")).ToList();
        var test = ResultBounds.Apply(With([.. Enumerable.Range(0, 30).Select(i => new TestTry(i, TestStatus.Failed, 1, Attachments: files))]));
        Assert.Equal((20, 29), (test.Tries!.Count, test.Tries[^1].Retry));
        Assert.Equal((50, 30), (test.Tries[0].Attachments!.Count, test.Tries[0].AttachmentsLeftOut));
    }

    [Fact]
    public void A_tests_key_is_the_same_wherever_in_its_file_it_stands()
    {
        var test = new TestResult(["list", "adds"], "a.ts", 3, TestStatus.Passed, 1) { Project = "android" };
        Assert.Equal(new TestKey("a.ts", "android", "list › adds"), TestKey.Of(test));
        Assert.Equal(TestKey.Of(test).Id, TestKey.Of(test with { Line = 30, Status = TestStatus.Failed }).Id);
        Assert.NotEqual(TestKey.Of(test).Id, TestKey.Of(test with { Project = "ios" }).Id);
        Assert.Matches("^t-[0-9a-f]{20}$", TestKey.Of(test).Id);
        Assert.Equal(TestKey.Of(test with { Project = null }), TestKey.Of(test with { Project = "" }));
    }

    [Fact]
    public void A_skipped_test_gives_its_reason()
    {
        var test = new TestResult(["t"], "a.ts", 1, TestStatus.Skipped, 0) { Annotations = [new("issue", "T-1"), new("skip", "no camera")] };
        Assert.Equal("no camera", test.SkipReason);
        Assert.Null((test with { Status = TestStatus.Passed }).SkipReason);
    }
}
