using Qgjob.Agent.Gateway;
using Qgjob.Agent.Processes;
using Qgjob.Core.Jobs;
using Qgjob.Core.Results;

namespace Qgjob.Agent.AppWright;

/// <summary>The process that runs an attempt's tests: its events, its limits, its report and the verdict; wherever the device is.</summary>
internal sealed class TestFollower(AppWrightRun run, AttemptFiles files, AttemptOutput output, AttemptFigures figures, TimeProvider time)
{
    private static readonly TimeSpan EventPoll = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan KillGrace = TimeSpan.FromSeconds(2);
    private readonly ReporterEvents events = new(run.OutFolder);
    private readonly TaskCompletionSource<string> infra = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly LineTail lines = new(files.Events);
    private PlaywrightReport? report;
    private OwnedProcess? process;

    /// <summary>From the report, or, when there is none, from what was streamed until the end.</summary>
    public IReadOnlyList<TestResult> Tests => ResultBounds.Apply(report?.WithSteps(events.Results).Tests ?? events.Results);

    /// <summary>Besides tests, something outside of them failed.</summary>
    public bool ErrorOutside => report is not null && Verdict.ErrorOutside(report) is not null;

    /// <param name="ended">Called when it is known how it ended, while the screen shows it: what follows closes the app.</param>
    public async Task<(AttemptOutcome, string?)> RunAsync(ProcessSpec tests, ConfiguredProject chosen, Func<bool, Task> ended, CancellationToken cancel)
    {
        var start = time.GetTimestamp();
        var process = OwnedProcess.Start(tests, output.Log, time);
        this.process = process;
        await using (process.ConfigureAwait(false))
        {
            try
            {
                var end = await FollowAsync(process, chosen, cancel).ConfigureAwait(false);
                await ended(end.Item1 is not (AttemptOutcome.Passed or AttemptOutcome.Skipped) || Tests.Any(t => t.Status == TestStatus.Flaky)).ConfigureAwait(false);
                return end;
            }
            finally
            {
                await process.KillAsync(KillGrace, CancellationToken.None).ConfigureAwait(false);
                figures.RunTime = time.GetElapsedTime(start);
                ReadEvents();
            }
        }
    }

    /// <summary>Takes note of what a gateway did.</summary>
    public void OnGateway(GatewayEvent happened)
    {
        switch (happened)
        {
            case SessionOpened(var reused, var duration):
                figures.AddSession(duration);
                output.Log($"qgjob: {(reused ? "session reused" : "new session")} after {duration.TotalSeconds:0.0} s");
                break;
            case Reinstalled(var duration):
                figures.AddInstall(duration);
                output.Report(new Installed(duration.TotalSeconds));
                break;
            case CommandSeen:
                process?.NoteLife();
                break;
            case InfraFailed(var reason):
                infra.TrySetResult(reason);
                break;
            default:
                break;
        }
    }

    private async Task<(AttemptOutcome, string?)> FollowAsync(OwnedProcess process, ConfiguredProject chosen, CancellationToken cancel)
    {
        using var done = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        var limit = LimitWatch.WaitAsync(run.Limits, () => process.Silence, time, done.Token);
        var events = StreamEventsAsync(done.Token);
        try
        {
            var first = await Task.WhenAny(process.Exited, infra.Task, limit).ConfigureAwait(false);
            cancel.ThrowIfCancellationRequested();
            // An infra failure also makes tests fail, so it is asked first.
            if (infra.Task.IsCompletedSuccessfully) return (AttemptOutcome.Infra, await infra.Task.ConfigureAwait(false));
            if (first == limit) return await limit.ConfigureAwait(false);
            var code = await process.Exited.ConfigureAwait(false);
            report = PlaywrightReport.Read(Path.Combine(run.OutFolder, "report.json"), run.ProjectFolder, chosen.Name, run.OutFolder);
            return Verdict.Judge(code, report, output.Tail, Verdict.Sought(run.TestFile, run.Grep, chosen.Name, SelectedTests.Describe(run.Tests)));
        }
        finally
        {
            await done.CancelAsync().ConfigureAwait(false);
            await Task.WhenAll(Quietly(limit), Quietly(events)).ConfigureAwait(false);
        }
    }

    private async Task StreamEventsAsync(CancellationToken cancel)
    {
        while (true)
        {
            ReadEvents();
            await Task.Delay(EventPoll, time, cancel).ConfigureAwait(false);
        }
    }

    private void ReadEvents()
    {
        foreach (var line in lines.Read())
        {
            if (events.Read(line) is { } happened) output.Report(happened);
        }
    }

    private static async Task Quietly(Task task)
    {
        try
        {
            await task.ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            // We ended it.
        }
    }
}
