using CsCheck;
using Qgjob.Core.Orgs;
using Qgjob.Core.Results;
using TestResult = Qgjob.Core.Results.TestResult;

namespace Qgjob.Core.Tests.Orgs;

public sealed class QuarantineTests
{
    private static readonly DateTimeOffset Now = new(2026, 1, 5, 9, 0, 0, TimeSpan.Zero);

    private static QuarantinedTest Entry(string title, string file = "tests/a.spec.ts", int hours = 1, string id = "q-1") => new(id, file, title, "why", "anna", Now.AddDays(-1), Now.AddHours(hours));

    private static TestResult Test(string title, TestStatus status = TestStatus.Failed) => new(["a", title], "tests/a.spec.ts", 3, status, 1);

    [Theory]
    [InlineData("tests/a.spec.ts", "a › pays", true)]
    [InlineData("tests/a.spec.ts", "pays", false)]
    [InlineData("tests/b.spec.ts", "a › pays", false)]
    [InlineData("tests/A.spec.ts", "a › pays", false)]
    [InlineData("tests/*", "a › *", true)]
    [InlineData("*", "*pays", true)]
    [InlineData("*a*", "*› pays*", true)]
    [InlineData("*", "a*a › pays", false)]
    [InlineData("*", "a › pays*pays", false)]
    [InlineData("*.spec.ts", "*y*p*", false)]
    [InlineData("tests/a.spec.t", "*", false)]
    public void Tests_are_named_by_file_and_title_path_or_by_patterns(string file, string title, bool covered) =>
        Assert.Equal(covered, Entry(title, file).Covers("tests/a.spec.ts", "a › pays"));

    [Fact]
    public void A_pattern_covers_what_its_asterisks_stand_for() =>
        Gen.Char['a', 'c'].Array[0, 3].Array[1, 5].Sample(parts =>
        {
            var words = parts.Select(p => new string(p)).ToArray();
            var pattern = string.Join('*', words);
            Assert.True(Entry(pattern).Covers("tests/a.spec.ts", string.Join("xy", words)));
            if (words.Length > 1) Assert.True(Entry(pattern).Covers("tests/a.spec.ts", string.Concat(words)));
            Assert.False(Entry(pattern).Covers("tests/a.spec.ts", "z" + string.Concat(words) + "z") && pattern[0] != '*' && words[0].Length > 0);
        });

    [Fact]
    public void What_counts_now_goes_before_what_ran_out()
    {
        var quarantine = new Quarantine { OrgId = "acme", Tests = [Entry("a › x", hours: -3, id: "q-1"), Entry("a › *", hours: -2, id: "q-2"), Entry("* › x", hours: 1, id: "q-3"), Entry("a › y", hours: 0, id: "q-4")] };
        var marked = quarantine.Mark([Test("x"), Test("y"), Test("z"), Test("z", TestStatus.Passed), Test("x", TestStatus.Passed)], Now);
        Assert.Equal([("q-3", false), ("q-4", true), ("q-2", true), null, ("q-3", false)], marked.Select(t => t.Quarantine is { } m ? (m.Id, m.Ended) : ((string, bool)?)null));
        Assert.Equal(new TestCounts(2, 2, 0, 0, 1), TestCounts.Of([.. marked]));
        Assert.Equal([true, false, false, false, false], marked.Select(t => t.IsExcused()));
    }

    [Fact]
    public void A_flaky_test_in_quarantine_is_not_counted_as_flaky()
    {
        var quarantine = new Quarantine { OrgId = "acme", Tests = [Entry("a › x")] };
        Assert.Equal(new TestCounts(2, 0, 1, 0), TestCounts.Of([.. quarantine.Mark([Test("x", TestStatus.Flaky), Test("y", TestStatus.Flaky)], Now)]));
        // An attempt before had it fail when it was in quarantine, and now it passes.
        var composed = JobTests.Compose(quarantine.Mark([Test("x")], Now), quarantine.Mark([Test("x", TestStatus.Passed)], Now));
        Assert.Equal(new TestCounts(1, 0, 0, 0), TestCounts.Of([.. composed]));
    }
}
