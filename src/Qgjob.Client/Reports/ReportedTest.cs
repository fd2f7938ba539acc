using Qgjob.Client.Wire;
using Qgjob.Core;
using Qgjob.Core.Jobs;
using Qgjob.Core.Results;

namespace Qgjob.Client.Reports;

/// <summary>
/// One entry of a job in every form of a run's report: a test, or the job itself when it did not pass though no test
/// failed. All forms take their entries from here, so that they agree.
/// </summary>
/// <param name="Test">With a duration and an error also where only the job knows them.</param>
/// <param name="IsJob">It stands for the job: its file did not load, no phone took it, it was canceled …</param>
public sealed record ReportedTest(TestResult Test, bool IsJob)
{
    /// <summary>What a report shows of a job, in the order of its results.</summary>
    public static IReadOnlyList<ReportedTest> Of(JobResults job)
    {
        ArgumentNullException.ThrowIfNull(job);
        var rest = Math.Max(0, ((job.RunSeconds ?? 0) * 1000) - job.Tests.Sum(t => t.DurationMs));
        var unmeasured = job.Tests.Count(IsUnmeasured);
        var entries = job.Tests.Select(t => new ReportedTest(Explained(job, t, unmeasured == 0 ? 0 : rest / unmeasured), IsJob: false)).ToList();
        if (IsBroken(job)) entries.Add(new ReportedTest(Whole(job, unmeasured == 0 ? rest : 0), IsJob: true));
        return entries;
    }

    /// <summary>
    /// A job that did not pass though no test failed, but for those in quarantine: it must not vanish from a report that people trust to be complete,
    /// nor look green.
    /// </summary>
    private static bool IsBroken(JobResults job) =>
        job.Status is JobStatus.Failed or JobStatus.Error or JobStatus.TimedOut or JobStatus.Canceled && !job.Tests.Any(t => t.CountsAsFailure());

    /// <summary>Nobody told how long an interrupted test ran: it had what the tests that ended left of the attempt.</summary>
    private static bool IsUnmeasured(TestResult test) => test is { Status: TestStatus.Interrupted, DurationMs: 0 };

    private static TestResult Explained(JobResults job, TestResult test, double restMs) => !test.Status.IsFailure() ? test : test with
    {
        DurationMs = IsUnmeasured(test) ? restMs : test.DurationMs,
        // A test that was interrupted knows nothing of why; its job does.
        Error = test.Error ?? (test.Status is TestStatus.Interrupted ? job.Reason : null) ?? Words.Of(test.Status),
    };

    private static TestResult Whole(JobResults job, double restMs) => new(
        [TestSlice.NameOf(job.TestPath, job.Slice)], job.TestPath, 0, TestStatus.Failed, restMs, Error: job.Reason ?? $"the job ended as {Words.Of(job.Status)} without results");
}
