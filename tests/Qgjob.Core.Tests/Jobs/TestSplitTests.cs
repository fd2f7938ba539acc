using CsCheck;
using Qgjob.Core.Jobs;
using Qgjob.Core.Results;
using Qgjob.Core.Storage.Journal;
using TestResult = Qgjob.Core.Results.TestResult;

namespace Qgjob.Core.Tests.Jobs;

public sealed class TestSplitTests
{
    private const string SpecFile = "tests/a.ts";
    private static readonly DateTimeOffset Start = new(2026, 1, 5, 9, 0, 0, TimeSpan.Zero);

    /// <summary>One run after the other, the latest first.</summary>
    private static IReadOnlyList<PastTest> Past(params (string Title, double Seconds)[][] runs) =>
        Past([.. runs.Select(r => r.Select(t => ((IReadOnlyList<string>)["list", t.Title], t.Seconds)).ToList())]);

    private static IReadOnlyList<PastTest> Past(IReadOnlyList<IReadOnlyList<(IReadOnlyList<string> Titles, double Seconds)>> runs, Platform platform = Platform.Android, string? project = null) =>
        TestHistory.Of([.. runs.Select((tests, i) =>
            new TestsRow($"j-{platform}-{project}-{i}", 1, [.. tests.Select((t, line) => new TestResult(t.Titles, SpecFile, line + 1, TestStatus.Passed, t.Seconds * 1000) { Project = project })])
            {
                Origin = new TestsOrigin("acme", SpecFile, $"r-{platform}-{project}-{i}", "v1", "d1", "Pixel", platform, "13", AttemptOutcome.Passed, Start.AddHours(-i)),
            })]);

    private static string Titles(IReadOnlyList<IReadOnlyList<string>>? titles) => string.Join(' ', (titles ?? []).Select(t => t[^1]));

    [Fact]
    public void The_longest_tests_go_first_to_the_part_with_the_least_and_the_last_part_runs_everything_else()
    {
        var parts = TestSplit.Of(SpecFile, Past([("a", 10), ("b", 60), ("c", 30), ("d", 25), ("e", 5)])).Into(3);
        Assert.Equal([("b", "", 1, 60d), ("c e", "", 2, 35d), ("", "b c e", 2, 35d)], parts.Select(p => (Titles(p.Selection.Only), Titles(p.Selection.Except), p.Tests, p.Seconds)));
        Assert.Equal([new TestSlice(1, 3), new TestSlice(2, 3), new TestSlice(3, 3)], parts.Select(p => p.Selection.Slice));
        Assert.Null(parts[0].Selection.Except);
        Assert.Null(parts[2].Selection.Only);
    }

    private static readonly string[] AnyTitle = ["a", "b", "c", "a.ts", "@slow", "a b", "b @x", " ", "x/a.ts", "a  b\n"];
    private static readonly Gen<IReadOnlyList<string>> AnyTitles = Gen.Int[0, AnyTitle.Length - 1].Select(i => AnyTitle[i]).Array[1, 3].Select(t => (IReadOnlyList<string>)t);

    [Fact]
    public void Whatever_was_known_every_test_that_there_is_runs_in_exactly_one_part() =>
        Gen.Select(Gen.Select(AnyTitles, Gen.Double[0, 100]).List[0, 12], AnyTitles.List[0, 12], Gen.Int[2, 6]).Sample((known, real, wanted) =>
        {
            var parts = TestSplit.Of(SpecFile, Past([known])).Into(wanted);
            if (parts.Count == 0) return;
            Assert.InRange(parts.Count, 2, wanted);
            // Tests of before that are gone, and tests that nobody knew of, among them.
            foreach (var test in real.Concat(known.Select(k => k.Item1)))
                Assert.Single(parts, p => IsRun(p.Selection, test));
        });

    [Fact]
    public void No_part_is_longer_than_four_thirds_of_the_best_plan() =>
        Gen.Select(Gen.Int[1, 60].Array[2, 9], Gen.Int[2, 4]).Sample((seconds, wanted) =>
        {
            var parts = TestSplit.Of(SpecFile, Past([.. new[] { seconds.Select((s, i) => ($"t{i}", (double)s)).ToArray() }])).Into(wanted);
            Assert.Equal(Math.Min(wanted, seconds.Length), parts.Count);
            Assert.Equal(seconds.Sum(), parts.Sum(p => p.Seconds), 0.01);
            Assert.True(parts.Max(p => p.Seconds) <= (4 / 3d * Best(seconds, 0, new int[parts.Count])) + 0.01);
            Assert.Equal(parts.Min(p => p.Seconds), parts[^1].Seconds, 0.01);
        });

    [Fact]
    public void There_are_no_more_parts_than_tests_and_none_of_a_file_with_one()
    {
        Assert.Equal(2, TestSplit.Of(SpecFile, Past([("a", 10), ("b", 60)])).Into(5).Count);
        Assert.Empty(TestSplit.Of(SpecFile, Past([("a", 10)])).Into(5));
        Assert.Empty(TestSplit.Of(SpecFile, []).Into(2));
        Assert.Empty(TestSplit.Of("b.ts", Past([("a", 10), ("b", 60)])).Into(2));
    }

    [Fact]
    public void Tests_that_the_latest_runs_do_not_have_any_more_are_not_planned_for()
    {
        (string, double)[] now = [("a", 10), ("b", 20)];
        var past = Past([.. Enumerable.Repeat(now, 10), [("gone", 500), ("a", 10)]]);
        Assert.Equal([("b", ""), ("", "b")], TestSplit.Of(SpecFile, past).Into(2).Select(p => (Titles(p.Selection.Only), Titles(p.Selection.Except))));
    }

    [Fact]
    public void Titles_that_agents_cannot_tell_apart_stay_together()
    {
        var parts = TestSplit.Of(SpecFile, Past([("adds one", 10), ("adds  one @slow", 20), ("b", 20)])).Into(3);
        Assert.Equal(["adds one|adds  one @slow", ""], parts.Select(p => string.Join('|', (p.Selection.Only ?? []).Select(t => t[^1]))));
    }

    [Fact]
    public void The_past_of_the_project_and_platform_counts_where_there_is_one()
    {
        IReadOnlyList<string> a = ["a"], b = ["b"];
        IReadOnlyList<PastTest> past = [.. Past([[(a, 10), (b, 20)]], Platform.Android, "one"), .. Past([[(a, 40), (b, 30)]], Platform.Ios, "two")];
        Assert.Equal("b", Titles(TestSplit.Of(SpecFile, past, project: "one").Into(2)[0].Selection.Only));
        Assert.Equal("a", Titles(TestSplit.Of(SpecFile, past, project: "two").Into(2)[0].Selection.Only));
        Assert.Equal("a", Titles(TestSplit.Of(SpecFile, past, platform: Platform.Ios).Into(2)[0].Selection.Only));
        Assert.Equal(70, TestSplit.Of(SpecFile, past, project: "new").Seconds);
    }

    [Fact]
    public void Shards_name_no_tests()
    {
        var shards = TestSplit.Shards(3);
        Assert.Equal([new TestSlice(1, 3, true), new TestSlice(2, 3, true), new TestSlice(3, 3, true)], shards.Select(s => s.Slice));
        Assert.All(shards, s => Assert.Equal((null, null), (s.Only, s.Except)));
    }

    [Fact]
    public void What_is_left_of_a_shard_is_named_once_all_its_tests_are_known()
    {
        var shard = TestSplit.Shards(3)[1];
        TestResult[] tests = [new(["a"], SpecFile, 1, TestStatus.Passed, 5), new(["b"], SpecFile, 2, TestStatus.Failed, 5)];
        Assert.Equal(("b", shard.Slice), (Titles(TestSelection.Rest(shard, SpecFile, tests, 2)!.Only), TestSelection.Rest(shard, SpecFile, tests, 2)!.Slice));
        // A third one had no turn, and nobody knows which it is.
        Assert.Same(shard, TestSelection.Rest(shard, SpecFile, tests, 3));
        Assert.Same(shard, TestSelection.Rest(shard, SpecFile, tests));
        var part = new TestSelection { Only = [["a"], ["b"]], Slice = new TestSlice(1, 2) };
        var rest = TestSelection.Rest(part, SpecFile, tests, 2)!;
        Assert.Equal(("a b", "a", part.Slice), (Titles(rest.Only), Titles(rest.Except), rest.Slice));
    }

    /// <summary>As selection.cjs does it: by words, tags apart, behind the file's name wherever it stands.</summary>
    private static bool IsRun(TestSelection selection, IReadOnlyList<string> test) =>
        (selection.Only is null || Matches(selection.Only)(test)) && (selection.Except is null || !Matches(selection.Except)(test));

    private static Predicate<IReadOnlyList<string>> Matches(IReadOnlyList<IReadOnlyList<string>> chosen)
    {
        const string tags = @"(?:\s+@\S+)*";
        var titles = chosen.Select(t => string.Concat(string.Join(' ', t).Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)
            .Where(w => w[0] != '@').Select(w => $@"\s+{System.Text.RegularExpressions.Regex.Escape(w)}{tags}")));
        var pattern = new System.Text.RegularExpressions.Regex($@"(?:^|[\s\\/])a\.ts{tags}(?:{string.Join('|', titles)})\s*$");
        return test => pattern.IsMatch($"android {SpecFile} {string.Join(' ', test)}");
    }

    /// <summary>The length of the longest part in the best plan, by trying all.</summary>
    private static int Best(int[] seconds, int next, int[] parts)
    {
        if (next == seconds.Length) return parts.Max();
        var best = int.MaxValue;
        for (var i = 0; i < parts.Length; i++)
        {
            parts[i] += seconds[next];
            best = Math.Min(best, Best(seconds, next + 1, parts));
            parts[i] -= seconds[next];
            if (parts[i] == 0) break;
        }
        return best;
    }
}
