using System.Globalization;
using Qgjob.Cli.Output;
using Qgjob.Client;
using Qgjob.Client.Reports;
using Qgjob.Client.Wire;
using Qgjob.Core;
using Qgjob.Core.Jobs;
using Qgjob.Core.Results;

namespace Qgjob.Cli.Watching;

/// <summary>What a finished run came to, and out of what that was read.</summary>
internal sealed record RunOutcome(OutcomeDocument Document, IReadOnlyList<JobView> Jobs, IReadOnlyList<JobResults> Results);

/// <summary>What a finished run came to.</summary>
internal static class Outcome
{
    public static async Task<RunOutcome> ReadAsync(QgjobClient client, string runId, CancellationToken cancel)
    {
        var run = await client.FindRunAsync(runId, cancel).ConfigureAwait(false) ?? throw Commands.Ids.UnknownRun(runId);
        var jobs = await RunJobs.ListAsync(client, runId, cancel).ConfigureAwait(false);
        var results = await client.FindRunResultsAsync(runId, cancel).ConfigureAwait(false);
        return new RunOutcome(Of(run.ParentRunId is null || results is null ? run : run with { Tests = results.Tests }, jobs, results?.Jobs ?? []), jobs, results?.Jobs ?? []);
    }

    public static OutcomeDocument Of(RunView run, IReadOnlyList<JobView> jobs, IReadOnlyList<JobResults> results)
    {
        var jobOf = jobs.ToDictionary(j => j.JobId);
        var failures = new List<FailedTest>();
        var flaky = new List<FlakyTest>();
        var quarantined = new List<QuarantinedFailure>();
        var judged = new HashSet<string>(StringComparer.Ordinal);
        foreach (var job in results)
            foreach (var test in job.Tests)
            {
                // What a cancel or a lost device interrupted is no failure of the test; what the run limit interrupted is.
                if (test.Status is TestStatus.Interrupted && job.Status is not (JobStatus.Failed or JobStatus.TimedOut)) continue;
                judged.Add(job.JobId);
                switch (test.Status)
                {
                    case var failed when failed.IsFailure() && test.IsExcused():
                        var mark = test.Quarantine!;
                        quarantined.Add(new QuarantinedFailure(test.Title, test.File, test.Line, test.ErrorLine, Words.Of(failed), test.Error,
                            job.JobId, jobOf.GetValueOrDefault(job.JobId)?.DeviceId, mark.Reason, mark.By, mark.Until));
                        break;
                    case TestStatus.Failed or TestStatus.TimedOut or TestStatus.Interrupted:
                        failures.Add(new FailedTest(test.Title, test.File, test.Line, test.ErrorLine, Words.Of(test.Status), test.Error, test.Snippet,
                            job.JobId, job.TestPath, jobOf.GetValueOrDefault(job.JobId)?.DeviceId, test.Quarantine is { Ended: true } past ? QuarantineText.Of(past) : null));
                        break;
                    case TestStatus.Flaky when !test.IsQuarantined():
                        flaky.Add(new FlakyTest(test.Title, test.File, test.Line, test.Retry, job.JobId, test.Attempt > 1 ? test.Attempt : null));
                        break;
                }
            }
        var ended = run.FinishedAt ?? run.CreatedAt;
        return new OutcomeDocument(
            run.RunId, run.Status, run.ExitCode, run.Tests.Passed, run.Tests.Failed, Math.Max(run.Tests.Flaky, run.Flaky), run.Tests.Skipped, run.Installs,
            Math.Round((ended - run.CreatedAt).TotalSeconds, 1),
            [.. jobs.Select(j => j.DeviceId).OfType<string>().Distinct().Order(StringComparer.Ordinal)],
            failures, flaky,
            [.. jobs.Where(j => j.Status is not JobStatus.Passed).Select(j => new FailedJob(j.JobId, j.TestPath, Words.Of(j.Status), j.Reason, j.DeviceId, j.Slice))],
            jobs.Count(j => j.Status is not JobStatus.Passed && !judged.Contains(j.JobId)),
            run.SupersededBy, run.FailedFirst, run.TestRetries, run.InfraRetries, run.ParentRunId,
            run.Tests.Quarantined, quarantined.Count == 0 ? null : quarantined, run.CloudSeconds is { } cloud ? Math.Round(cloud, 1) : null);
    }
}

/// <summary>The outcome for people: failures with place and message, flaky tests, other troubles, and one line with the counts at the end.</summary>
internal static class OutcomeText
{
    public static void Write(TextWriter output, OutcomeDocument outcome)
    {
        foreach (var test in outcome.Failures)
        {
            FailureText.Write(output, test.Status, test.File, test.ErrorLine ?? test.Line, test.Title, test.Message, test.Snippet);
            if (test.QuarantineEnded is { } past) output.WriteLine($"    its quarantine has ended: {SafeText.Line(past)}");
            output.WriteLine($"    {(test.DeviceId is null ? "" : $"on {SafeText.Line(test.DeviceId)}; ")}the log: qgjob logs {test.JobId}");
            output.WriteLine();
        }
        foreach (var test in outcome.FlakyTests)
            output.WriteLine($"FLAKY  {SafeText.Line(test.File)}:{test.Line}  {SafeText.Line(test.Title)} (passed {(test.Retries > 0 ? $"on retry {test.Retries}" : test.Attempt is { } attempt ? $"in attempt {attempt}" : "when it was run again")})");
        foreach (var test in outcome.QuarantinedTests ?? [])
        {
            output.WriteLine($"QUARANTINED  {SafeText.Line(test.File)}:{test.ErrorLine ?? test.Line}  {SafeText.Line(test.Title)}: {SafeText.Line(test.Reason)} (by {SafeText.Line(test.By)}, until {QuarantineText.Time(test.Until)})");
            output.WriteLine($"    {test.Status}: {SafeText.FirstLine(test.Message ?? test.Status)}; the log: qgjob logs {test.JobId}");
        }
        // A job that failed by the tests shown above needs no second line; one that a limit or an error ended does: its tests do not say why.
        var shown = outcome.Failures.Select(f => f.JobId).ToHashSet(StringComparer.Ordinal);
        foreach (var alike in outcome.JobsNotPassed.Where(j => j.Status != Words.Of(JobStatus.Failed) || !shown.Contains(j.JobId)).GroupBy(CanceledBy))
        {
            // What one order canceled is one piece of news, however many files it met.
            if (alike.Key is { } why && alike.Count() > 1) output.WriteLine($"{Words.Of(JobStatus.Canceled).ToUpperInvariant()}  {Quantity.Of(alike.Count(), "file")}: {SafeText.FirstLine(why)}");
            else foreach (var job in alike) WriteJob(output, job);
        }
        if (outcome.SupersededBy is { } newer) output.WriteLine($"superseded by run {SafeText.Line(newer)}: what still waited was canceled");
        if (outcome.JobsNotPassed.FirstOrDefault(j => j.JobId == outcome.FailedFirst) is { } first)
            output.WriteLine($"failed first: {SafeText.Line(first.Name())} ({first.JobId}){(outcome.JobsNotPassed.Any(j => j.Status == Words.Of(JobStatus.Canceled)) ? "; --fail-fast canceled the rest" : "")}");
        if (outcome.NotRun > 0) output.WriteLine($"{Quantity.Of(outcome.NotRun, "file")} gave no verdict");
        if (outcome.TestRetries + outcome.InfraRetries > 0)
            output.WriteLine($"further attempts: {outcome.TestRetries} after failed tests, {outcome.InfraRetries} after failed infrastructure");
        if (outcome.ParentRunId is { } parent) output.WriteLine($"with what run {SafeText.Line(parent)} left as it was:");
        if (outcome.Flaky + outcome.Skipped + outcome.Quarantined > 0)
            output.WriteLine($"flaky {outcome.Flaky}, skipped {outcome.Skipped}{(outcome.Quarantined > 0 ? $", quarantined {outcome.Quarantined}" : "")}");
        // Scripts read this line; its form is part of the interface.
        output.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"passed {outcome.Passed}, failed {outcome.Failed}, installs {outcome.Installs}, seconds {outcome.Seconds:0.0}"));
    }

    private static string? CanceledBy(FailedJob job) => job.Status == Words.Of(JobStatus.Canceled) ? job.Reason : null;

    /// <summary>A short reason stands on the job's line; one of several lines stands below it, line by line.</summary>
    private static void WriteJob(TextWriter output, FailedJob job)
    {
        IReadOnlyList<string> reason = job.Reason is null ? [] : [.. SafeText.Lines(job.Reason.Trim())];
        output.WriteLine($"{job.Status.ToUpperInvariant()}  {SafeText.Line(job.Name())}{(reason.Count == 1 ? ": " + reason[0] : "")}  ({job.JobId})");
        if (reason.Count < 2) return;
        foreach (var line in reason) output.WriteLine(line.Length == 0 ? "" : "    " + line);
    }
}
