using System.CommandLine;
using Qgjob.Cli.Output;
using Qgjob.Client.Wire;
using Qgjob.Core;
using Qgjob.Core.Jobs;
using Qgjob.Core.Runs;

namespace Qgjob.Cli.Commands;

internal static class StatusCommand
{
    public static Command Create(Bind bind)
    {
        var id = new Argument<string?>("id") { Description = "A job or a run", Arity = ArgumentArity.ZeroOrOne };
        var jobId = new Option<string?>("--job-id") { Description = "The job", HelpName = "JOB" };
        var runId = new Option<string?>("--run-id") { Description = "The run", HelpName = "RUN" };
        var command = new Command("status", "Shows where a job or a run stands; exit code 8 while it is unfinished, then its verdict's") { id, jobId, runId };
        bind(command, async (call, cancel) =>
        {
            var named = new[] { call.Value(jobId), call.Value(runId), call.Value(id) }.OfType<string>().ToList();
            if (named.Count != 1)
                throw CliException.Usage(named.Count == 0 ? "No job and no run is named." : "More than one job or run is named.", "Add --job-id JOB or --run-id RUN.");
            // Ids say themselves what they are, whatever option they come with.
            return Ids.IsRun(named[0]) || (call.Value(runId) is not null && !Ids.IsJob(named[0]))
                ? await ShowRunAsync(call, named[0], cancel).ConfigureAwait(false)
                : await ShowJobAsync(call, named[0], cancel).ConfigureAwait(false);
        });
        return command;
    }

    private static async Task<ExitCode> ShowJobAsync(Call call, string id, CancellationToken cancel)
    {
        var job = await call.Client.FindJobAsync(id, cancel).ConfigureAwait(false) ?? throw Ids.UnknownJob(id);
        if (call.Json) call.WriteJson("job", job, WireJson.Default.JobView);
        else StatusText.Write(call, job);
        return (ExitCode)job.ExitCode;
    }

    private static async Task<ExitCode> ShowRunAsync(Call call, string id, CancellationToken cancel)
    {
        var run = await call.Client.FindRunAsync(id, cancel).ConfigureAwait(false) ?? throw Ids.UnknownRun(id);
        if (call.Json) call.WriteJson("run", run, WireJson.Default.RunView);
        else StatusText.Write(call, run);
        return (ExitCode)run.ExitCode;
    }
}

/// <summary>A job's or a run's state for people: one <c>name  value</c> line per fact.</summary>
internal static class StatusText
{
    public static void Write(Call call, JobView job)
    {
        var (output, now) = (call.Out, call.Now);
        Fact(output, "job", job.JobId);
        Fact(output, "status", Words.Of(job.Status) + (job.Flaky ? " (flaky)" : ""));
        Fact(output, "reason", job.Reason);
        Fact(output, "run", job.RunId);
        Fact(output, "rerun of", job.RerunOf);
        Fact(output, "test", TestSlice.NameOf(job.TestPath, job.Slice));
        Fact(output, "app version", $"{job.AppVersionId} of {job.OrgId}");
        Fact(output, "wants", string.Join(' ', new[] { Words.Of(job.Target), job.Platform is { } p ? Words.Of(p) : null, job.Device }.OfType<string>()));
        Fact(output, "position", job.Position is { } ahead ? (ahead == 0 ? "next of its group" : $"{Quantity.Of(ahead, "job")} of its group {(ahead == 1 ? "goes" : "go")} before it") : null);
        Fact(output, "attempt", job.Attempt == 0 ? null : $"{job.Attempt}{(job.DeviceId is null ? "" : $" on {job.DeviceId}")}{Failures(job.TestFailures, job.InfraFailures)}");
        Fact(output, "tests", job.TestsTotal is { } total ? $"{job.TestsDone} of {total} done, {job.TestsFailed} failed" : null);
        Fact(output, "installs", job.Attempt == 0 ? null : $"{job.Installs}");
        Fact(output, "cloud", job.Attempts?.Sum(a => a.CloudSeconds ?? 0) is > 0 and var cloud ? Durations.Show(cloud) : null);
        Times(output, job.CreatedAt, job.StartedAt, job.FinishedAt, job.ExpectedStart, job.ExpectedEnd, job.ExpectedRoughly is true, now);
        if (job.Attempts is not { Count: > 0 } attempts) return;
        output.WriteLine();
        Columns.Write(call, ["ATTEMPT", "DEVICE", "OUTCOME", "QUEUE", "DOWNLOAD", "INSTALL", "SESSIONS", "RUN", "REASON"], attempts.Select(a => (IReadOnlyList<string?>)
        [
            $"{a.Number}", a.DeviceId, a.EndedAt is null ? "running" : Words.Of(a.Outcome),
            Time(a.QueueSeconds), Time(a.DownloadSeconds), a.Installs == 0 ? null : Durations.Show(a.InstallSeconds), Time(a.SessionSeconds), a.RunSeconds == 0 ? null : Durations.Show(a.RunSeconds), a.Reason,
        ]));
    }

    private static string? Time(double? seconds) => seconds is { } some ? Durations.Show(some) : null;

    public static void Write(Call call, RunView run)
    {
        var (output, now) = (call.Out, call.Now);
        Fact(output, "run", run.RunId);
        Fact(output, "status", run.Status);
        Fact(output, "rerun of", run.ParentRunId);
        Fact(output, "rerun as", run.RerunAs);
        Fact(output, "superseded", run.SupersededBy is { } newer ? $"by run {newer}" : null);
        Fact(output, "failed first", run.FailedFirst is { } first ? $"{first} (--fail-fast)" : null);
        Fact(output, "org", run.OrgId);
        var jobs = run.Jobs;
        Fact(output, "jobs", $"{jobs.Total}: {jobs.Queued} queued, {jobs.Active} on devices, {jobs.Passed} passed, {jobs.Failed + jobs.TimedOut} failed, {jobs.Error} error, {jobs.Canceled} canceled");
        Fact(output, "waits", run.Waiting is { } waiting ? $"because {waiting.Reason}" : null);
        Fact(output, "tests", $"{run.Tests.Passed} passed, {run.Tests.Failed} failed, {run.Tests.Flaky} flaky, {run.Tests.Skipped} skipped{(run.Tests.Quarantined > 0 ? $", {run.Tests.Quarantined} failed in quarantine" : "")}");
        Fact(output, "retries", run.TestRetries + run.InfraRetries == 0 ? null : $"{run.TestRetries} after failed tests, {run.InfraRetries} after failed infrastructure");
        Fact(output, "installs", $"{run.Installs}");
        Fact(output, "cloud", Durations.Cloud(run.CloudSeconds, run.MaxCloudMinutes));
        foreach (var (key, value) in run.Meta.OrderBy(m => m.Key, StringComparer.Ordinal)) Fact(output, key, value);
        Times(output, run.CreatedAt, null, run.FinishedAt, null, run.ExpectedEnd, run.ExpectedRoughly is true, now);
        Fact(output, "its jobs", $"qgjob list --jobs --run-id {run.RunId}");
        Fact(output, run.FinishedAt is null ? "watch it" : "results", $"qgjob {(run.FinishedAt is null ? "wait" : "results")} {run.RunId}");
    }

    private static void Times(
        TextWriter output, DateTimeOffset created, DateTimeOffset? started, DateTimeOffset? finished,
        DateTimeOffset? expectedStart, DateTimeOffset? expectedEnd, bool roughly, DateTimeOffset now)
    {
        Fact(output, "submitted", $"{Durations.Show(now - created)} ago");
        Fact(output, "started", started is { } s ? $"{Durations.Show(now - s)} ago" : null);
        Fact(output, "finished", finished is { } f ? $"{Durations.Show(now - f)} ago, after {Durations.Show(f - created)}" : null);
        Fact(output, "starts", finished is null && expectedStart is { } es ? In(es - now, roughly) : null);
        Fact(output, "ends", finished is null && expectedEnd is { } ee ? In(ee - now, roughly) : null);
    }

    private static string Failures(int tests, int infra) =>
        tests + infra == 0 ? "" : $" (attempts failed: {tests} by tests, {infra} by infrastructure)";

    private static string In(TimeSpan wait, bool roughly) =>
        wait < TimeSpan.FromSeconds(1) ? "any moment" : $"in {(roughly ? "very roughly" : "about")} {Durations.Show(wait)}";

    private static void Fact(TextWriter output, string name, string? value)
    {
        if (value is not { Length: > 0 }) return;
        var title = SafeText.Line(name);
        foreach (var line in SafeText.Lines(value.Trim()))
        {
            output.WriteLine($"{title,-12} {line}".TrimEnd());
            title = "";
        }
    }
}
