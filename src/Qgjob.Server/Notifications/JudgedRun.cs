using Qgjob.Core.Jobs;
using Qgjob.Core.Notifications;
using Qgjob.Core.Results;
using Qgjob.Core.Runs;

namespace Qgjob.Server.Notifications;

/// <summary>A test of a run that ended, with whom it belongs to.</summary>
/// <param name="Result">What its deciding attempt says.</param>
/// <param name="Key">Which test.</param>
/// <param name="JobId">The job.</param>
/// <param name="TestPath">The job's file.</param>
/// <param name="Platform">What the job asked for; empty: nothing.</param>
/// <param name="Owners">Its owners.</param>
/// <param name="Failed">It failed; else it passed.</param>
internal sealed record JudgedTest(
    TestResult Result, TestKey Key, string JobId, string TestPath, string Platform, IReadOnlyList<string> Owners, bool Failed)
{
    /// <summary>What was known of it before; null: it did not fail.</summary>
    public FailingTest? Known { get; init; }
}

/// <summary>A job of a run that ended; its tests only where they matter.</summary>
internal sealed record JudgedJob(JobVerdict Verdict, string TestPath, IReadOnlyList<string> Owners, IReadOnlyList<JudgedTest> Tests)
{
    public bool IsRed => Verdict is not (JobVerdict.Passed or JobVerdict.Skipped or JobVerdict.Canceled);
}

/// <summary>A run that ended, as far as hooks can be told of it.</summary>
internal sealed record JudgedRun(Run Run, IReadOnlyList<string> AppVersions, IReadOnlyList<JudgedJob> Jobs)
{
    public const string BranchKey = "branch";

    /// <summary>The line of development: runs of one branch follow one another.</summary>
    public string Line => Run.Meta.GetValueOrDefault(BranchKey, "");

    /// <summary>Tests that begin to fail with this run.</summary>
    public IReadOnlyList<JudgedTest> FirstFailures { get; init; } = [];
    /// <summary>Tests that pass again.</summary>
    public IReadOnlyList<JudgedTest> Recovered { get; init; } = [];

    public IEnumerable<JudgedTest> FailedTests => Jobs.SelectMany(j => j.Tests).Where(t => t.Failed);

    /// <summary>Not green, and not because somebody wanted it to end.</summary>
    public bool IsRed => RunVerdict.Of(Run) is not (JobVerdict.Passed or JobVerdict.Canceled);
}
