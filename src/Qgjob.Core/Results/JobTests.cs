using Qgjob.Core.Jobs;

namespace Qgjob.Core.Results;

/// <summary>The results of a job over all of its attempts, of which each may have run only some of the tests.</summary>
public static class JobTests
{
    /// <summary>
    /// The results of a job: for each test, the last attempt that ran it decides; one that failed in an attempt and passed in a
    /// later one is flaky. In the order in which the tests were first heard of.
    /// </summary>
    /// <param name="attempts">The job's attempts in order, after those of the job that it runs again. What comes from devices and agents that failed
    /// counts only where nothing else is known.</param>
    public static IReadOnlyList<TestResult> Of(IEnumerable<AttemptTests> attempts)
    {
        IReadOnlyList<TestResult> counted = [], remains = [];
        foreach (var attempt in attempts)
            if (!JobLifecycle.IsInfraFailure(attempt.Outcome)) counted = Compose(counted, attempt.Named());
            else if (attempt.Tests.Count > 0) remains = attempt.Named();
        return counted.Count > 0 ? counted : remains;
    }

    /// <summary>What was known of a job's tests, brought up to date by what an attempt says of them.</summary>
    public static IReadOnlyList<TestResult> Compose(IReadOnlyList<TestResult> earlier, IReadOnlyList<TestResult> latest)
    {
        if (earlier.Count == 0) return latest;
        if (latest.Count == 0) return earlier;
        var composed = new List<TestResult>(earlier);
        var places = new Dictionary<(string, string, int), int>();
        foreach (var (key, place) in Keyed(earlier)) places[key] = place;
        foreach (var (key, place) in Keyed(latest))
            if (places.TryGetValue(key, out var known)) composed[known] = Update(composed[known], latest[place]);
            else composed.Add(latest[place]);
        return composed;
    }

    /// <summary>What a job keeps of its results between two attempts: which tests there are and how each stands.</summary>
    public static IReadOnlyList<TestResult> WithoutDetails(IReadOnlyList<TestResult> tests) =>
        [.. tests.Select(t => new TestResult(t.TitlePath, t.File, t.Line, t.Status, t.DurationMs, t.Retry)
        {
            Quarantine = t.Quarantine,
            Annotations = t.IsSkippedByChoice() ? [new TestAnnotation("skip")] : null,
        })];

    private static TestResult Update(TestResult before, TestResult now) => (before.Status, now.Status) switch
    {
        // A test that was not run decides nothing: it had its turn, or follows a failure in serial mode.
        (not TestStatus.Skipped, TestStatus.Skipped) => before,
        (TestStatus.Flaky, TestStatus.Passed) => FlakyAfter(before, now),
        (_, TestStatus.Passed or TestStatus.Flaky) when before.Status.IsFailure() => FlakyAfter(before, now),
        _ => now,
    };

    /// <summary>It passed, and what it failed with before is what people want to know.</summary>
    private static TestResult FlakyAfter(TestResult before, TestResult now) => now with
    {
        Status = TestStatus.Flaky,
        Error = now.Error ?? before.Error,
        Snippet = now.Error is null ? before.Snippet : now.Snippet,
        ErrorLine = now.Error is null ? before.ErrorLine : now.ErrorLine,
        Tries = before.Tries is null && now.Tries is null ? null : [.. TriesOf(before), .. TriesOf(now)],
    };

    private static IReadOnlyList<TestTry> TriesOf(TestResult test) =>
        test.Tries ?? [new TestTry(test.Retry, test.Status is TestStatus.Flaky ? TestStatus.Passed : test.Status, test.DurationMs, Error: test.Error) { Attempt = test.Attempt, JobId = test.JobId }];

    /// <summary>Tests have no ids of their own; with <c>repeatEach</c> several have the same titles.</summary>
    private static IEnumerable<((string File, string Titles, int Repeat) Key, int Place)> Keyed(IReadOnlyList<TestResult> tests)
    {
        var seen = new Dictionary<(string, string), int>();
        for (var i = 0; i < tests.Count; i++)
        {
            // Some reports name describes without a title, others leave them out.
            var name = (tests[i].File, string.Join('\u001f', tests[i].TitlePath.Where(t => t.Length > 0)));
            seen[name] = seen.GetValueOrDefault(name) + 1;
            yield return ((name.File, name.Item2, seen[name]), i);
        }
    }
}

/// <summary>What an attempt says of tests.</summary>
/// <param name="Number">Its number.</param>
/// <param name="Outcome">How it ended.</param>
/// <param name="Tests">Its results.</param>
/// <param name="JobId">The job, when it is not the one in question but one that it runs again; null: it is.</param>
public sealed record AttemptTests(int Number, AttemptOutcome Outcome, IReadOnlyList<TestResult> Tests, string? JobId = null)
{
    /// <summary>The results, each with the attempt's name.</summary>
    internal IReadOnlyList<TestResult> Named() =>
        [.. Tests.Select(t => t with { Attempt = Number, JobId = JobId, Tries = t.Tries is { } tries ? [.. tries.Select(one => one with { Attempt = Number, JobId = JobId })] : null })];
}
