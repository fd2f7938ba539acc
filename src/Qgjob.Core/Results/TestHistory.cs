using Qgjob.Core.Jobs;
using Qgjob.Core.Storage.Journal;

namespace Qgjob.Core.Results;

/// <summary>What became of a test in one job, over all of the job's attempts.</summary>
/// <param name="JobId">The job.</param>
/// <param name="Attempt">The attempt that decided.</param>
/// <param name="Origin">What that attempt ran on.</param>
/// <param name="Status">
/// Flaky when it failed and passed in one job, whether on one of Playwright's own retries or in another attempt.
/// </param>
/// <param name="DurationMs">Of the deciding try.</param>
/// <param name="Error">What it failed with.</param>
/// <param name="Counts">It says something of the test: it was not only interrupted, nor seen only by attempts that infrastructure ended.</param>
public sealed record PastRun(string JobId, int Attempt, TestsOrigin Origin, TestStatus Status, double DurationMs, string? Error, bool Counts);

/// <summary>How often a test did what. A flaky one counts as passed, too.</summary>
/// <param name="Runs">Jobs in which it ran and got a verdict.</param>
/// <param name="Passed">Of these, passed.</param>
/// <param name="Failed">Of these, failed or ran out of its own time.</param>
/// <param name="Flaky">Of these, failed first and passed then.</param>
/// <param name="Skipped">Jobs in which it was skipped; not among the runs.</param>
/// <param name="MeanMs">Mean duration where it passed; where it never did, of all; null when it never ran.</param>
public sealed record TestRates(int Runs, int Passed, int Failed, int Flaky, int Skipped, double? MeanMs)
{
    /// <summary>0 to 1; 0 when it never ran.</summary>
    public double FailureRate => Runs == 0 ? 0 : (double)Failed / Runs;
    /// <summary>0 to 1; 0 when it never ran.</summary>
    public double FlakyRate => Runs == 0 ? 0 : (double)Flaky / Runs;

    /// <summary>The rates of these; what does not count is passed over.</summary>
    public static TestRates Of(IEnumerable<PastRun> runs)
    {
        var counted = runs.Where(r => r.Counts).ToList();
        var ran = counted.Where(r => r.Status is not TestStatus.Skipped).ToList();
        var good = ran.Where(r => r.Status is TestStatus.Passed or TestStatus.Flaky).ToList();
        var timed = good.Count > 0 ? good : ran;
        return new TestRates(
            ran.Count, good.Count, ran.Count - good.Count, ran.Count(r => r.Status is TestStatus.Flaky), counted.Count - ran.Count,
            timed.Count > 0 ? Math.Round(timed.Average(r => r.DurationMs), 1) : null);
    }
}

/// <summary>A test with what became of it in the latest jobs.</summary>
/// <param name="Key">Which test.</param>
/// <param name="TitlePath">Its titles, as the latest report has them.</param>
/// <param name="Line">Where it stood in its file at last.</param>
/// <param name="Runs">The latest first.</param>
public sealed record PastTest(TestKey Key, IReadOnlyList<string> TitlePath, int Line, IReadOnlyList<PastRun> Runs)
{
    /// <summary>Over all of <see cref="Runs"/>.</summary>
    public TestRates Rates { get; } = TestRates.Of(Runs);
}

/// <summary>The history of a test file's tests, out of its latest attempts. Pure.</summary>
public static class TestHistory
{
    /// <summary>Every test that these attempts know, in the order of the file; a test of which they know nothing is not there.</summary>
    /// <param name="rows">As <see cref="Storage.IJobStore.PastTestsAsync"/> gives them: the latest first.</param>
    public static IReadOnlyList<PastTest> Of(IReadOnlyList<TestsRow> rows)
    {
        var tests = new Dictionary<TestKey, (TestResult Latest, List<PastRun> Runs)>();
        foreach (var job in rows.Where(r => r.Origin is not null).GroupBy(r => r.JobId))
        {
            // With repeatEach one attempt has several results of a test: any that failed decides.
            var seen = job.OrderBy(r => r.Attempt).SelectMany(r => r.Tests.Select(t => (Row: r, Test: t))).GroupBy(s => TestKey.Of(s.Test));
            foreach (var test in seen)
            {
                var all = test.ToList();
                if (!tests.TryGetValue(test.Key, out var known)) tests[test.Key] = known = (all[^1].Test, []);
                known.Runs.Add(Judge(all));
            }
        }
        return [.. tests.Select(t => new PastTest(t.Key, t.Value.Latest.TitlePath, t.Value.Latest.Line, t.Value.Runs))
            .OrderBy(t => t.Key.File, StringComparer.Ordinal).ThenBy(t => t.Line).ThenBy(t => t.Key.Title, StringComparer.Ordinal)];
    }

    private static PastRun Judge(List<(TestsRow Row, TestResult Test)> seen)
    {
        var verdicts = seen.Where(s => SaysSomething(s.Row.Origin!.Outcome) && s.Test.Status is not TestStatus.Interrupted).ToList();
        // A test that was skipped in a further attempt had its turn before.
        var ran = verdicts.Where(v => v.Test.Status is not TestStatus.Skipped).ToList();
        var last = ran.Count > 0 ? ran[^1] : verdicts.Count > 0 ? verdicts[^1] : seen[^1];
        var attempt = ran.Where(v => v.Row == last.Row).ToList();
        if (attempt.Count > 1 && attempt.Find(v => v.Test.Status.IsFailure()) is { Test: not null } failed) last = failed;
        var flaky = last.Test.Status is TestStatus.Passed && ran.Exists(v => v.Test.Status.IsFailure() || v.Test.Status is TestStatus.Flaky);
        return new PastRun(
            last.Row.JobId, last.Row.Attempt, last.Row.Origin!, flaky ? TestStatus.Flaky : last.Test.Status, last.Test.DurationMs,
            last.Test.Error ?? (flaky ? ran.FindLast(v => v.Test.Error is not null).Test?.Error : null), verdicts.Count > 0);
    }

    /// <summary>What devices, agents and people ended tells nothing of the tests; a test may have failed just because of that.</summary>
    private static bool SaysSomething(AttemptOutcome outcome) =>
        outcome is AttemptOutcome.Passed or AttemptOutcome.Failed or AttemptOutcome.Skipped or AttemptOutcome.RunLimit or AttemptOutcome.SilenceLimit or AttemptOutcome.Undetermined;
}
