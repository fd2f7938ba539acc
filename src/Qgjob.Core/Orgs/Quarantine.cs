using Qgjob.Core.Results;

namespace Qgjob.Core.Orgs;

/// <summary>An org's tests whose failures turn nothing red for a while: they run and are reported all the same. One row per org in every store.</summary>
public sealed record Quarantine
{
    /// <summary>The most entries of an org, those that have run out among them.</summary>
    public const int Most = 1000;

    /// <summary>What ran out is shown for so long, so that people see why something is red again.</summary>
    public static readonly TimeSpan KeepEnded = TimeSpan.FromDays(30);

    /// <summary>The org.</summary>
    public required string OrgId { get; init; }
    /// <summary>Its entries, oldest first, those that have run out among them.</summary>
    public IReadOnlyList<QuarantinedTest> Tests { get; init; } = [];

    /// <summary>The results, each with what is said now of its test's quarantine.</summary>
    public IReadOnlyList<TestResult> Mark(IReadOnlyList<TestResult> tests, DateTimeOffset now) =>
        Tests.Count == 0 ? tests : [.. tests.Select(t => MarkOf(t, now) is { } mark ? t with { Quarantine = mark } : t)];

    private QuarantineMark? MarkOf(TestResult test, DateTimeOffset now)
    {
        QuarantinedTest? ended = null;
        foreach (var entry in Tests)
        {
            if (!entry.Covers(test.File, test.Title)) continue;
            if (entry.Until > now) return entry.Mark(ended: false);
            if (test.Status.IsFailure() && !(ended?.Until >= entry.Until)) ended = entry;
        }
        return ended?.Mark(ended: true);
    }
}

/// <summary>A test, or several by a pattern, in quarantine.</summary>
/// <param name="Id">Names the entry, <c>q-…</c>.</param>
/// <param name="File">The file in which the test stands, relative to the project; <c>*</c> stands for any characters.</param>
/// <param name="Title">The title path joined by <c> › </c>, as results show it; <c>*</c> stands for any characters.</param>
/// <param name="Reason">Why.</param>
/// <param name="By">Who put it there.</param>
/// <param name="Since">From when.</param>
/// <param name="Until">It counts no longer from then on.</param>
public sealed record QuarantinedTest(string Id, string File, string Title, string Reason, string By, DateTimeOffset Since, DateTimeOffset Until)
{
    /// <summary>What a result of a test that it covers says.</summary>
    internal QuarantineMark Mark(bool ended) => new(Id, Reason, By, Until, ended);

    /// <summary>It is about this test.</summary>
    public bool Covers(string file, string title) => CoversFile(file) && Matches(Title, title);

    /// <summary>It may be about tests of this file.</summary>
    public bool CoversFile(string file) => Matches(File, file);

    /// <summary>The parts between the asterisks, one after the other; the first and the last at the ends.</summary>
    private static bool Matches(string pattern, string text)
    {
        if (!pattern.Contains('*', StringComparison.Ordinal)) return pattern == text;
        var parts = pattern.Split('*');
        if (text.Length < parts[0].Length + parts[^1].Length
            || !text.StartsWith(parts[0], StringComparison.Ordinal) || !text.EndsWith(parts[^1], StringComparison.Ordinal)) return false;
        var at = parts[0].Length;
        foreach (var part in parts[1..^1])
        {
            var found = text.IndexOf(part, at, StringComparison.Ordinal);
            if (found < 0) return false;
            at = found + part.Length;
        }
        return at <= text.Length - parts[^1].Length;
    }
}
