using Qgjob.Cli.Output;
using Qgjob.Cli.Reports;
using Qgjob.Client.Http;
using Qgjob.Client.Wire;
using Qgjob.Core.Runs;

namespace Qgjob.Cli.Watching;

/// <summary>Waits for a run and tells its outcome: <c>wait</c> and <c>submit --wait</c>.</summary>
internal static class RunWatch
{
    private static readonly TimeSpan CancelLimit = TimeSpan.FromSeconds(15);

    public static async Task<ExitCode> WatchAsync(Call call, string runId, Watch watch, CancellationToken cancel)
    {
        using var limit = new CancellationTokenSource(watch.Timeout ?? Timeout.InfiniteTimeSpan, call.World.Time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(cancel, limit.Token);
        var known = false;
        call.GitHub?.Begin(call, runId);
        try
        {
            var run = await call.Client.FindRunAsync(runId, both.Token).ConfigureAwait(false) ?? throw Commands.Ids.UnknownRun(runId);
            known = true;
            if (run.FinishedAt is null) await FollowAsync(call, run, both.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (cancel.IsCancellationRequested)
        {
            throw await InterruptedAsync(call, runId, watch).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (limit.IsCancellationRequested)
        {
            throw new CliException(ExitCode.WaitTimedOut, $"{runId} is not finished after {Durations.Show(watch.Timeout!.Value)}; it goes on.", $"Watch it again: qgjob wait {runId}");
        }
        catch (ServerUnreachableException e) when (known)
        {
            throw new CliException(ExitCode.General, $"Given up: {e.InnerException!.Message} ({e.Tried}).", $"The run may go on. Watch it again: qgjob wait {runId}");
        }
        return await TellAsync(call, runId, watch, cancel).ConfigureAwait(false);
    }

    private static async Task FollowAsync(Call call, RunView run, CancellationToken cancel)
    {
        var model = new RunModel(run);
        model.Refresh(await RunJobs.ListAsync(call.Client, run.RunId, cancel).ConfigureAwait(false));
        if (call.GitHub is { } github)
        {
            using var steps = new Ci.GitHubView(github, call.Client);
            await new RunFollower(call.Client, call.World.Time, model, steps).FollowAsync(cancel).ConfigureAwait(false);
            await steps.FinishAsync(call.World.Time).ConfigureAwait(false);
            return;
        }
        using IRunView view = call.World.Redraw ? new LiveView(call.World) : new PlainView(call.Err);
        await new RunFollower(call.Client, call.World.Time, model, view).FollowAsync(cancel).ConfigureAwait(false);
    }

    private static async Task<ExitCode> TellAsync(Call call, string runId, Watch watch, CancellationToken cancel)
    {
        var read = await Outcome.ReadAsync(call.Client, runId, cancel).ConfigureAwait(false);
        var outcome = Judged(call, read.Document, watch);
        var failures = await ReportSaver.SaveAsync(call, runId, watch.Reports, cancel).ConfigureAwait(false);
        if (call.Json) call.WriteJson("outcome", outcome, CliJson.Default.OutcomeDocument);
        else OutcomeText.Write(call.Out, outcome);
        if (call.GitHub is { } github) Ci.GitHubReport.Tell(call, github, read with { Document = outcome }, watch.Reports);
        foreach (var failure in failures) call.Err.WriteLine(failure);
        // Whoever asked for a report relies on it, but how the tests ended says more.
        return failures.Count > 0 && outcome.ExitCode == 0 ? ExitCode.General : (ExitCode)outcome.ExitCode;
    }

    /// <summary>What this watcher forbids and the run's submitter did not.</summary>
    private static OutcomeDocument Judged(Call call, OutcomeDocument outcome, Watch watch)
    {
        var unwanted = watch.FailOnFlaky && outcome.Flaky > 0 ? $"{outcome.Flaky} flaky (--fail-on-flaky)"
            : watch.FailOnSkipped && outcome.Skipped > 0 ? $"{outcome.Skipped} skipped (--fail-on-skipped)" : null;
        if (unwanted is null || (ExitCode)outcome.ExitCode is not (ExitCode.Passed or ExitCode.NoTests)) return outcome;
        call.Err.WriteLine($"Nothing failed, but {unwanted}: exit code {(int)ExitCode.TestsFailed}");
        return outcome with { ExitCode = (int)ExitCode.TestsFailed };
    }

    private static async Task<CliException> InterruptedAsync(Call call, string runId, Watch watch)
    {
        if (!watch.CancelOnInterrupt)
            return new CliException(ExitCode.Interrupted, $"Interrupted; {runId} goes on.", $"Watch it again: qgjob wait {runId}   End it: qgjob cancel {runId}");
        using var limit = new CancellationTokenSource(CancelLimit, call.World.Time);
        try
        {
            var canceled = await call.Client.CancelRunAsync(runId, limit.Token).ConfigureAwait(false);
            return new CliException(ExitCode.Interrupted, $"Interrupted; {runId} is canceled ({Quantity.Of(canceled.Canceled, "job")}).");
        }
        catch (Exception e) when (e is OperationCanceledException or ServerUnreachableException or ApiException or HttpRequestException or ActionsTokenException)
        {
            return new CliException(ExitCode.Interrupted, $"Interrupted; {runId} could not be canceled: {e.Message}", $"Try: qgjob cancel {runId}");
        }
    }
}
