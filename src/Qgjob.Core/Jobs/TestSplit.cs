using System.Text.RegularExpressions;
using Qgjob.Core.Results;

namespace Qgjob.Core.Jobs;

/// <summary>One part of a divided test file.</summary>
/// <param name="Selection">What it runs.</param>
/// <param name="Tests">How many of the tests that are known.</param>
/// <param name="Seconds">What these took in the past.</param>
public sealed record SplitPart(TestSelection Selection, int Tests, double Seconds);

/// <summary>What is known of a test file that is to be divided, from its past. Pure.</summary>
/// <remarks>Tests that agents cannot tell apart are one unit, which no plan divides.</remarks>
public sealed class TestSplit
{
    /// <summary>Tests that none of so many latest runs of the file had are gone, most likely.</summary>
    private const int RunsBack = 10;

    private readonly IReadOnlyList<Unit> units;

    private TestSplit(IReadOnlyList<Unit> units) => this.units = units;

    /// <summary>What the known tests take, one after the other.</summary>
    public double Seconds => units.Sum(u => u.Seconds);
    /// <summary>What the longest of them takes: no plan is faster.</summary>
    public double LongestSeconds => units.Count == 0 ? 0 : units.Max(u => u.Seconds);
    /// <summary>How many tests are known.</summary>
    public int Count => units.Sum(u => u.Titles.Count);
    /// <summary>Enough tests are known for a plan.</summary>
    public bool IsKnown => units.Count > 1;

    /// <summary>Looks at the past of a file.</summary>
    /// <param name="testPath">The file.</param>
    /// <param name="history">As <see cref="TestHistory.Of"/> gives it.</param>
    /// <param name="project">The Playwright project that is to run; where it has a past, that counts alone.</param>
    /// <param name="platform">The platform that it is to run on; likewise.</param>
    public static TestSplit Of(string testPath, IReadOnlyList<PastTest> history, string? project = null, Platform? platform = null)
    {
        var latest = history.SelectMany(t => t.Runs).Select(r => r.Origin).DistinctBy(o => o.RunId)
            .OrderByDescending(o => o.EndedAt).Take(RunsBack).Select(o => o.RunId).ToHashSet();
        var file = FileInTitle(testPath);
        return new TestSplit([.. history
            // What ran in other files belongs to projects that this one depends on.
            .Where(t => t.Key.File == testPath && t.Runs.Any(r => latest.Contains(r.Origin.RunId)))
            .GroupBy(t => file.Replace(TestSelection.Words(t.TitlePath), ""))
            .Select(g => new Unit(g.Key, [.. g.Select(t => t.TitlePath).DistinctBy(t => string.Join('\n', t))], SecondsOf([.. g], project, platform)))]);
    }

    /// <summary>
    /// The parts, by longest test first to the part with the least; the last part, the shortest, names no tests of its own but
    /// runs all that the others do not, so that no test is lost, whatever was added or renamed. Fewer than two tests known: none.
    /// </summary>
    /// <param name="parts">How many are wanted; there are never more than tests.</param>
    public IReadOnlyList<SplitPart> Into(int parts)
    {
        var count = Math.Min(parts, units.Count);
        if (count < 2) return [];
        var made = Enumerable.Range(0, count).Select(_ => new Part()).ToList();
        foreach (var unit in units.OrderByDescending(u => u.Seconds).ThenBy(u => u.Words, StringComparer.Ordinal))
            made.MinBy(p => (p.Seconds, p.Units.Count))!.Units.Add(unit);
        made = [.. made.OrderByDescending(p => p.Seconds)];
        var named = made.SkipLast(1).SelectMany(p => p.Titles).ToList();
        return [.. made.Select((p, i) => new SplitPart(
            new TestSelection { Only = i < count - 1 ? [.. p.Titles] : null, Except = i < count - 1 ? null : named, Slice = new TestSlice(i + 1, count) },
            p.Titles.Count(), p.Seconds))];
    }

    /// <summary>The same number of parts as Playwright's own sharding makes of a file of which nothing is known.</summary>
    public static IReadOnlyList<TestSelection> Shards(int parts) =>
        [.. Enumerable.Range(1, parts).Select(i => new TestSelection { Slice = new TestSlice(i, parts, Sharded: true) })];

    /// <summary>
    /// What agents do not look at: they know a test by the words that follow its file's name, so what stands before the last
    /// mention of it, even within a title, is none of the test's.
    /// </summary>
    private static Regex FileInTitle(string testPath) =>
        new($@"^.*(?:^|[\s\\/]){Regex.Escape(testPath[(testPath.LastIndexOf('/') + 1)..])}(?:\s|$)", RegexOptions.Singleline);

    private static double SecondsOf(IReadOnlyList<PastTest> alike, string? project, Platform? platform)
    {
        var own = alike.Where(t => project is null || t.Key.Project == project).ToList();
        return (own.Count > 0 ? own : alike).Max(t =>
            (platform is null ? null : TestRates.Of(t.Runs.Where(r => r.Origin.Platform == platform)).MeanMs) ?? t.Rates.MeanMs ?? 0) / 1000;
    }

    private sealed record Unit(string Words, IReadOnlyList<IReadOnlyList<string>> Titles, double Seconds);

    private sealed class Part
    {
        public List<Unit> Units { get; } = [];
        public double Seconds => Units.Sum(u => u.Seconds);
        public IEnumerable<IReadOnlyList<string>> Titles => Units.SelectMany(u => u.Titles);
    }
}
