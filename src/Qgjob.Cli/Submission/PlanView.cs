using Qgjob.Cli.Output;
using Qgjob.Client.Wire;
using Qgjob.Core;
using Qgjob.Core.Jobs;
using Qgjob.Core.Runs;

namespace Qgjob.Cli.Submission;

/// <summary>What <c>submit --list</c> shows.</summary>
internal static class PlanView
{
    /// <summary>Files that are to be divided are looked up at the server, which knows their past; others need none.</summary>
    public static async Task<ExitCode> ShowAsync(Call call, SubmitRun run, string? folder, int? files, CancellationToken cancel)
    {
        var plan = run.Split is null ? Whole(run) : await call.Client.PlanAsync(run, cancel).ConfigureAwait(false);
        foreach (var note in plan.Notes ?? []) call.Err.WriteLine(SafeText.Line(note));
        var jobs = plan.Jobs.Select(j => new PlannedJob(j.TestPath, run.Target ?? Target.Any, j.Platform, run.Device, j.Slice, j.Tests, j.ExpectedSeconds)).ToList();
        if (call.Json)
        {
            call.WriteJson("plan", new PlanDocument(run.OrgId!, run.AppVersionId!, folder, files, jobs, plan.Notes), CliJson.Default.PlanDocument);
            return ExitCode.Passed;
        }
        string[] headers = ["TEST", "TARGET", "PLATFORM", "DEVICE"];
        Columns.Write(call, run.Split is null ? headers : [.. headers, "TESTS", "EXPECTED"], jobs.Select(j => (IReadOnlyList<string?>)
        [
            TestSlice.NameOf(j.TestPath, j.Slice), Words.Of(j.Target), j.Platform is { } p ? Words.Of(p) : null, j.Device,
            .. run.Split is null ? Array.Empty<string?>() : [TestsOf(j), j.ExpectedSeconds is { } s ? Durations.Show(s) : null],
        ]));
        if (run.EachDevice is true) call.Err.WriteLine("--each-device: each is submitted once for every device that fits then");
        call.Err.WriteLine($"{Quantity.Of(jobs.Count, "job")}{(folder is null ? "" : $", project {folder} ({Quantity.Of(files ?? 0, "file")})")}; nothing was submitted");
        return ExitCode.Passed;
    }

    private static RunPlan Whole(SubmitRun run)
    {
        IReadOnlyList<Platform?> platforms = run.Platforms is { } several ? [.. several.Select(p => (Platform?)p)] : [run.Platform];
        return new RunPlan([.. run.Tests!.SelectMany(test => platforms.Select(p => new PlannedPart(test, p)))]);
    }

    /// <summary>The last part also runs what nobody knows of yet.</summary>
    private static string? TestsOf(PlannedJob job) =>
        job.Tests is not { } tests ? null : job.Slice is { } slice && slice.Index == slice.Of ? $"{tests} and new ones" : $"{tests}";
}
