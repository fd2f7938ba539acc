using System.Net;
using System.Threading.Channels;
using Qgjob.Client;
using Qgjob.Client.Http;
using Qgjob.Client.Wire;
using Qgjob.Core.Events;
using Qgjob.Core.Runs;

namespace Qgjob.Cli.Watching;

/// <summary>
/// Follows one run to its end. Events make the view quick, polls make it right: the end is what a poll says, and a
/// broken event stream is opened again after the last event seen.
/// </summary>
internal sealed class RunFollower(QgjobClient client, TimeProvider time, RunModel model, IRunView view)
{
    /// <summary>A server that stays away longer is given up.</summary>
    public static readonly TimeSpan AwayLimit = TimeSpan.FromMinutes(5);

    private static readonly TimeSpan PollEvery = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan PollManyEvery = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan LastEvents = TimeSpan.FromSeconds(2);
    /// <summary>Runs with more jobs are asked for their jobs less often.</summary>
    private const int ManyJobs = 200;

    private readonly Channel<News> news = Channel.CreateUnbounded<News>(new UnboundedChannelOptions { SingleReader = true });
    private readonly TaskCompletionSource eventsEnded = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private abstract record News
    {
        public sealed record Event(JobEvent Happened) : News;
        public sealed record Polled(RunView Run, IReadOnlyList<JobView>? Jobs) : News;
        public sealed record Away(TimeSpan Silence) : News;
        public sealed record Tick : News;
    }

    /// <summary>Returns when the run is finished.</summary>
    public async Task FollowAsync(CancellationToken cancel)
    {
        view.Start(model);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        var work = new List<Task> { EventsAsync(stop.Token), PollAsync(stop.Token) };
        if (view.TickEvery is { } every) work.Add(TickAsync(every, stop.Token));
        try
        {
            await ShowAsync(cancel).ConfigureAwait(false);
        }
        finally
        {
            await stop.CancelAsync().ConfigureAwait(false);
            await Task.WhenAll(work).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task ShowAsync(CancellationToken cancel)
    {
        var away = false;
        await foreach (var item in news.Reader.ReadAllAsync(cancel).ConfigureAwait(false))
        {
            switch (item)
            {
                case News.Event { Happened: var happened }:
                    model.Apply(happened);
                    view.Happened(model, happened);
                    break;
                case News.Polled polled:
                    if (away) view.Back();
                    away = false;
                    model.Refresh(polled.Run);
                    if (polled.Jobs is { } jobs) model.Refresh(jobs);
                    break;
                case News.Away { Silence: var silence }:
                    away = true;
                    view.Away(silence);
                    break;
                case News.Tick:
                    view.Tick(model);
                    break;
            }
        }
    }

    private async Task EventsAsync(CancellationToken cancel)
    {
        long last = 0;
        var pause = TimeSpan.FromMilliseconds(250);
        while (true)
        {
            try
            {
                await foreach (var happened in client.FollowRunAsync(model.Run.RunId, last, cancel).ConfigureAwait(false))
                {
                    pause = TimeSpan.FromMilliseconds(250);
                    if (happened.Sequence <= last) continue;
                    last = happened.Sequence;
                    news.Writer.TryWrite(new News.Event(happened));
                    if (happened.Kind != "run_finished") continue;
                    eventsEnded.TrySetResult();
                    return;
                }
            }
            catch (Exception e) when (IsPassing(e))
            {
                // The poll notices a server that stays away; this loop only tries again.
            }
            await Task.Delay(pause, time, cancel).ConfigureAwait(false);
            pause = pause * 2 < LongestPause ? pause * 2 : LongestPause;
        }
    }

    private async Task PollAsync(CancellationToken cancel)
    {
        var answered = time.GetTimestamp();
        try
        {
            while (true)
            {
                var asksAfterLastEvent = eventsEnded.Task.IsCompleted;
                try
                {
                    var run = await client.FindRunAsync(model.Run.RunId, cancel).ConfigureAwait(false)
                        ?? throw new CliException(ExitCode.General, $"The server does not know the run {model.Run.RunId} any more.", "Was its store replaced?");
                    var jobs = run.FinishedAt is null ? await RunJobs.ListAsync(client, run.RunId, cancel).ConfigureAwait(false) : null;
                    answered = time.GetTimestamp();
                    if (run.FinishedAt is not null) await Task.WhenAny(eventsEnded.Task, Task.Delay(LastEvents, time, cancel)).ConfigureAwait(false);
                    news.Writer.TryWrite(new News.Polled(run, jobs));
                    if (run.FinishedAt is not null) break;
                }
                catch (Exception e) when (IsPassing(e))
                {
                    var silence = time.GetElapsedTime(answered);
                    if (silence > AwayLimit) throw;
                    news.Writer.TryWrite(new News.Away(silence));
                }
                var pause = Task.Delay(model.Run.Jobs.Total > ManyJobs ? PollManyEvery : PollEvery, time, cancel);
                // The last event asks for one more poll at once.
                await (asksAfterLastEvent ? pause : Task.WhenAny(eventsEnded.Task, pause)).ConfigureAwait(false);
            }
            news.Writer.TryComplete();
        }
        catch (Exception e)
        {
            // Whatever ends the polling ends the watch, with its reason.
            news.Writer.TryComplete(e);
        }
    }

    private async Task TickAsync(TimeSpan every, CancellationToken cancel)
    {
        using var timer = new PeriodicTimer(every, time);
        while (await timer.WaitForNextTickAsync(cancel).ConfigureAwait(false)) news.Writer.TryWrite(new News.Tick());
    }

    /// <summary>What goes by when a server restarts.</summary>
    private static bool IsPassing(Exception e) =>
        e is ServerUnreachableException or HttpRequestException or IOException or ActionsTokenException { MayPass: true }
        || e is ApiException { Status: >= HttpStatusCode.InternalServerError or HttpStatusCode.TooManyRequests };
}
