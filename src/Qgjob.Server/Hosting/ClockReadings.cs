using Qgjob.Core.Storage;
using Qgjob.Server.Dispatch;

namespace Qgjob.Server.Hosting;

/// <summary>Keeps this server's clock with the store's.</summary>
internal sealed partial class ClockReadings(StoreClock clock, IJobStore store, Contact contact, ILogger<ClockReadings> log) : BackgroundService
{
    private static readonly TimeSpan Look = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(10);
    // The machine slept, or its clock was set: the monotonic clock alone cannot tell which.
    private static readonly TimeSpan Odd = TimeSpan.FromSeconds(1);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var readAt = clock.GetTimestamp();
        var ahead = clock.MachineAhead;
        using var timer = new PeriodicTimer(Look, clock);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken))
            {
                if (clock.IsSure && clock.GetElapsedTime(readAt) < StoreClock.ReadEvery && (clock.MachineAhead - ahead).Duration() < Odd) continue;
                await ReadAsync(stoppingToken);
                (readAt, ahead) = (clock.GetTimestamp(), clock.MachineAhead);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The server stops.
        }
    }

    private async Task ReadAsync(CancellationToken stop)
    {
        using var limit = new CancellationTokenSource(Limit, clock);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, stop);
        try
        {
            if (!await clock.ReadAsync(store, both.Token)) return;
            LogStep();
            contact.ClockStepped();
        }
        // Whatever it met: a clock that goes on by itself is good for a long time, and the next reading comes.
        catch (Exception e) when (!stop.IsCancellationRequested)
        {
            LogUnread(e.Message);
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The store's clock and this server's were apart by more than a second; this server follows, and no lease expires for a while.")]
    private partial void LogStep();

    [LoggerMessage(Level = LogLevel.Debug, Message = "The store's clock could not be read: {Reason}")]
    private partial void LogUnread(string reason);
}
