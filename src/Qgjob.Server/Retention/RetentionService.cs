using Qgjob.Server.Dispatch;

namespace Qgjob.Server.Retention;

/// <summary>Removes what is too old, soon after the start and then every ten minutes, on the server that keeps house.</summary>
internal sealed partial class RetentionService(RetentionRound round, Housekeeping housekeeping, TimeProvider time, ILogger<RetentionService> log) : BackgroundService
{
    private static readonly TimeSpan Every = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan First = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan AskAgain = TimeSpan.FromSeconds(5);
    // By then either this server keeps house or another one does.
    private const int MostAsks = 4;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            await Task.Delay(First, time, stoppingToken);
            while (true)
            {
                await RunAsync(stoppingToken);
                await Task.Delay(Every, time, stoppingToken);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The server stops.
        }
    }

    private async Task RunAsync(CancellationToken cancel)
    {
        for (var asks = 0; !housekeeping.IsOursWhenWanted(); asks++)
        {
            if (asks == MostAsks) return;
            await Task.Delay(AskAgain, time, cancel);
        }
        try
        {
            var removed = await round.RunAsync(housekeeping.IsOursWhenWanted, cancel);
            if (!removed.IsNothing) LogRemoved(removed);
        }
        // Whatever it met, the server serves on, and the next round tries again.
        catch (Exception e) when (!cancel.IsCancellationRequested)
        {
            LogFailed(e);
        }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Retention removed {Removed}.")]
    private partial void LogRemoved(Removed removed);

    [LoggerMessage(Level = LogLevel.Error, Message = "Retention could not remove everything that is too old; it tries again in ten minutes.")]
    private partial void LogFailed(Exception error);
}
