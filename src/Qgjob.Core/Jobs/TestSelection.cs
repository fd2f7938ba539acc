using Qgjob.Core.Results;

namespace Qgjob.Core.Jobs;

/// <summary>Part of a test file: what a further attempt, a rerun or a share of a split file has to run.</summary>
/// <remarks>
/// An agent may run more than this, the whole file even: one that is older than selections does, and every agent does where
/// tests depend on one another (serial mode, a persistent device). Whoever judges results must not rely on its having run less.
/// </remarks>
public sealed record TestSelection
{
    /// <summary>Only these tests, by title path; null: all of the file.</summary>
    public IReadOnlyList<IReadOnlyList<string>>? Only { get; init; }
    /// <summary>All but these tests, by title path; null: no exceptions.</summary>
    public IReadOnlyList<IReadOnlyList<string>>? Except { get; init; }
    /// <summary>Set when the file was divided: then an agent refuses a file whose tests depend on one another, and a part without tests is no failure.</summary>
    public TestSlice? Slice { get; init; }

    /// <summary>
    /// What is left to run after these results: everything but the tests that are settled. So tests that failed and are not in quarantine, that never
    /// got their turn, and that nobody has heard of yet.
    /// </summary>
    /// <param name="asked">What the job was asked to run; null: the whole file.</param>
    /// <param name="file">The job's test file; what ran in other files (projects that it depends on) is no part of it.</param>
    /// <param name="tests">The job's results so far, as <see cref="JobTests.Compose"/> gives them.</param>
    /// <param name="total">How many tests there are for the job; null: not known.</param>
    public static TestSelection? Rest(TestSelection? asked, string file, IReadOnlyList<TestResult> tests, int? total = null)
    {
        // Which tests are in a shard depends on which tests there are, so none may be left out before Playwright has divided them.
        if (asked is { Only: null, Slice.Sharded: true })
            return tests.Count >= total ? asked with { Only = [.. tests.Where(t => t.File == file && !IsSettled(t)).Select(t => t.TitlePath)] } : asked;
        // Agents tell titles apart by their words; one that cannot be told apart from a test that has to run is run, too.
        var open = tests.Where(t => !IsSettled(t)).Select(t => Words(t.TitlePath)).ToHashSet(StringComparer.Ordinal);
        var settled = tests.Where(t => t.File == file && IsSettled(t) && !open.Contains(Words(t.TitlePath))).Select(t => t.TitlePath).ToList();
        return settled.Count == 0 ? asked : (asked ?? new TestSelection()) with { Except = [.. asked?.Except ?? [], .. settled] };
    }

    private static bool IsSettled(TestResult test) => test.Status is TestStatus.Passed or TestStatus.Flaky || test.IsSkippedByChoice() || test.IsQuarantined();

    /// <summary>A title path as Playwright's <c>grep</c> sees it, without tags, which may stand anywhere in it.</summary>
    internal static string Words(IReadOnlyList<string> titles) =>
        string.Join(' ', titles.SelectMany(t => t.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)).Where(w => w[0] != '@'));
}
