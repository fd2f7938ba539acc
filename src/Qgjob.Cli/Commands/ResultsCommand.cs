using System.CommandLine;
using Qgjob.Cli.Output;
using Qgjob.Client.Reports;
using Qgjob.Client.Wire;
using Qgjob.Core;
using Qgjob.Core.Jobs;
using Qgjob.Core.Results;
using Qgjob.Core.Runs;

namespace Qgjob.Cli.Commands;

internal static class ResultsCommand
{
    public static Command Create(Bind bind)
    {
        var id = new Argument<string>("id") { Description = "A job or a run" };
        var command = new Command("results", "Lists every test of a job or a run with its result") { id };
        bind(command, async (call, cancel) =>
        {
            var named = call.Value(id)!;
            if (Ids.IsRun(named))
            {
                var run = await call.Client.FindRunResultsAsync(named, cancel).ConfigureAwait(false) ?? throw Ids.UnknownRun(named);
                if (call.Json) call.WriteJson("run_results", run, WireJson.Default.RunResults);
                else
                {
                    if (run.ByDevice is { } table) Write(call, table);
                    Write(call, run.Jobs);
                }
            }
            else
            {
                var job = await call.Client.FindJobResultsAsync(named, cancel).ConfigureAwait(false) ?? throw Ids.UnknownJob(named);
                if (call.Json) call.WriteJson("job_results", job, WireJson.Default.JobResults);
                else Write(call, [job]);
            }
            return ExitCode.Passed;
        });
        return command;
    }

    /// <summary>Not cut to the terminal: a device that is missing would look as if it had not been there.</summary>
    private static void Write(Call call, DeviceTable table)
    {
        Columns.Write(call.Out, ["TEST", .. table.Devices.Select(SafeText.Line)], table.Rows.Select(r => (IReadOnlyList<string?>)[$"{r.File}  {r.Title}", .. r.Results]));
        call.Out.WriteLine();
    }

    private static void Write(Call call, IReadOnlyList<JobResults> jobs)
    {
        Columns.Write(call, ["RESULT", "TIME", "PLACE", "TEST"], jobs.SelectMany(j => j.Tests).Select(t => (IReadOnlyList<string?>)
            [t.IsExcused() ? "quarantined" : Words.Of(t.Status), Durations.Show(TimeSpan.FromMilliseconds(t.DurationMs)), $"{t.File}:{t.Line}", t.Title]));
        foreach (var job in jobs.Where(j => j.Tests.Count == 0)) call.Err.WriteLine($"{job.JobId} {SafeText.Line(TestSlice.NameOf(job.TestPath, job.Slice))}: {Words.Of(job.Status)}, {(job is { Slice: not null, Reason: { } why } ? SafeText.FirstLine(why) : "no test has ended")}");
        var skipped = jobs.SelectMany(j => j.Tests).Where(t => t.SkipReason is not null).ToList();
        if (skipped.Count > 0) call.Out.WriteLine();
        foreach (var test in skipped) call.Out.WriteLine($"SKIPPED  {SafeText.Line(test.File)}:{test.Line}  {SafeText.Line(test.Title)}: {SafeText.Line(test.SkipReason!)}");
        foreach (var test in jobs.SelectMany(j => j.Tests).Where(t => t.Error is not null && t.Status is not TestStatus.Skipped))
        {
            call.Out.WriteLine();
            FailureText.Write(call.Out, test);
            TryText.Write(call.Out, test);
        }
    }
}
