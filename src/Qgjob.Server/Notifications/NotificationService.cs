using Qgjob.Core.Notifications;
using Qgjob.Core.Storage;
using Qgjob.Server.Dispatch;

namespace Qgjob.Server.Notifications;

/// <summary>
/// Judges runs that ended and sends what is due, on the server that keeps house. What is to be done are rows, so the next
/// server goes on where this one stops; between a receiver's answer and its row lies a moment in which a server may die, and
/// the message is sent again then.
/// </summary>
/// <remarks>Each hook is sent one message at a time, and no hook waits for another one's.</remarks>
internal sealed partial class NotificationService(
    IJobStore store, Dispatcher dispatcher, Housekeeping housekeeping, RunJudge judge, HookSender sender, TimeProvider time, ILogger<NotificationService> log) : BackgroundService
{
    private static readonly TimeSpan Look = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan PauseAfterError = TimeSpan.FromSeconds(5);
    private const int MostAtOnce = 64;
    private readonly Dictionary<string, Task> sending = [];
    private Task judging = Task.CompletedTask;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            while (true)
            {
                await Task.Delay(Look, time, stoppingToken);
                try
                {
                    await LookAsync(stoppingToken);
                }
                // Whatever it met, the server serves on, and the next look tries again.
                catch (Exception e) when (!stoppingToken.IsCancellationRequested)
                {
                    LogFailed(e);
                }
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            await Task.WhenAll([judging, .. sending.Values]).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task LookAsync(CancellationToken stop)
    {
        foreach (var done in sending.Where(s => s.Value.IsCompleted).Select(s => s.Key).ToList()) sending.Remove(done);
        var notices = await store.HookRowsAsync(HookKeys.Notices, stop);
        var now = time.GetUtcNow();
        var due = (await store.HookRowsAsync(HookKeys.Deliveries, stop)).Select(r => r.Delivery!).Where(d => d.State is DeliveryState.Pending && d.NextAt <= now).ToList();
        if (notices.Count + due.Count == 0 || !housekeeping.IsOursWhenWanted()) return;
        if (notices.Count > 0 && judging.IsCompleted) judging = JudgeAsync([.. notices.Select(n => n.Notice!).OrderBy(n => n.At)], stop);
        foreach (var delivery in due.OrderBy(d => d.NextAt).ThenBy(d => d.Id, StringComparer.Ordinal))
        {
            var lane = HookKeys.DeliveriesOf(delivery.OrgId, delivery.Hook);
            if (sending.Count < MostAtOnce && !sending.ContainsKey(lane)) sending[lane] = SendAsync(delivery, stop);
        }
    }

    private async Task JudgeAsync(IReadOnlyList<RunNotice> notices, CancellationToken stop)
    {
        await Task.Yield();
        foreach (var notice in notices)
            try
            {
                JudgeRun judged;
                try
                {
                    judged = await judge.JudgeAsync(notice, stop);
                }
                // One run that cannot be judged must not keep the others from it, again and again.
                catch (Exception e) when (e is not (StoreUnavailableException or OperationCanceledException))
                {
                    LogNotJudged(e, notice.RunId);
                    judged = new JudgeRun(notice.RunId, [], [], []);
                }
                await dispatcher.SendAsync(judged, stop);
            }
            // The notice is still there; the next look tries again.
            catch (Exception e) when (e is StoreUnavailableException or OperationCanceledException)
            {
                return;
            }
    }

    private async Task SendAsync(Delivery delivery, CancellationToken stop)
    {
        await Task.Yield();
        try
        {
            var found = await store.HookRowsAsync(HookKeys.HooksOf(delivery.OrgId) + delivery.Hook, stop);
            if (found.Count == 0) found = await store.HookRowsAsync(HookKeys.RunHooks + delivery.Hook, stop);
            if (found.FirstOrDefault(r => r.Hook!.Name == delivery.Hook)?.Hook is not { Disabled: null } hook) return;
            var tried = await sender.SendAsync(hook, delivery, stop);
            var note = After(delivery, tried, time.GetUtcNow());
            if (note.Disable is { } reason) LogDisabled(hook.OrgId, hook.Name, reason);
            await NoteAsync(note, stop);
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // It is sent again by whoever goes on.
        }
        catch (Exception e)
        {
            LogNotSent(e, delivery.Id);
        }
    }

    /// <summary>Until the store takes it: what was sent must not be sent again because a database was away.</summary>
    private async Task NoteAsync(NoteDelivery note, CancellationToken stop)
    {
        while (true)
            try
            {
                await dispatcher.SendAsync(note, stop);
                return;
            }
            catch (StoreUnavailableException)
            {
                await Task.Delay(PauseAfterError, time, stop);
            }
    }

    /// <summary>The delivery after a try. Pure.</summary>
    internal static NoteDelivery After(Delivery delivery, Tried tried, DateTimeOffset now)
    {
        delivery = delivery with { Tries = delivery.Tries + 1, Log = [.. delivery.Log.Append(tried.Try).TakeLast(Delivery.MostLogged)] };
        if (tried.Taken) return new NoteDelivery(delivery with { State = DeliveryState.Delivered });
        if (tried.Gone)
            return new NoteDelivery(
                delivery with { State = DeliveryState.Failed, Note = "The receiver answered 410 Gone." }, Disable: "The receiver answered 410 Gone: it wants no more. Add the hook again to go on.");
        return new NoteDelivery(DeliveryBackoff.After(delivery.Tries, tried.RetryAfter) is { } pause
            ? delivery with { NextAt = now + pause }
            : delivery with { State = DeliveryState.Failed, Note = $"Given up after {delivery.Tries} tries." });
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "What is to be told could not be looked up; the next second tries again.")]
    private partial void LogFailed(Exception error);

    [LoggerMessage(Level = LogLevel.Error, Message = "Run {Run} could not be judged; nobody is told of it.")]
    private partial void LogNotJudged(Exception error, string run);

    [LoggerMessage(Level = LogLevel.Error, Message = "Delivery {Delivery} met a bug; it is tried again.")]
    private partial void LogNotSent(Exception error, string delivery);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Hook {Name} of {Org} is disabled: {Reason}")]
    private partial void LogDisabled(string org, string name, string reason);
}
