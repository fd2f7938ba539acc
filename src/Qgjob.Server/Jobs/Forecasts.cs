using Qgjob.Core.Scheduling;
using Qgjob.Server.Dispatch;

namespace Qgjob.Server.Jobs;

/// <summary>
/// The latest forecast of each pool: made when somebody asks, outside the dispatcher's loop, and at most one at a time,
/// so that however many people look, dispatching goes on.
/// </summary>
internal sealed class Forecasts(Dispatcher dispatcher, TimeProvider time, IHostApplicationLifetime life)
{
    private static readonly TimeSpan Lasts = TimeSpan.FromSeconds(2);
    private readonly Lock gate = new();
    private readonly Dictionary<string, (DateTimeOffset MadeAt, Task<Forecast?> Forecast)> latest = [];

    /// <summary>The pool's forecast, at most a little older than <see cref="Lasts"/>; null when there is no such pool.</summary>
    public async Task<Forecast?> OfAsync(string pool, CancellationToken cancel)
    {
        Task<Forecast?> forecast;
        lock (gate)
        {
            var now = time.GetUtcNow();
            if (!latest.TryGetValue(pool, out var known) || (known.Forecast.IsCompleted && (now - known.MadeAt >= Lasts || !known.Forecast.IsCompletedSuccessfully)))
                latest[pool] = known = (now, PlayAsync(pool, now));
            forecast = known.Forecast;
        }
        return await forecast.WaitAsync(cancel);
    }

    private async Task<Forecast?> PlayAsync(string pool, DateTimeOffset now)
    {
        // Not the asker's token: others wait for the same forecast.
        var snapshot = await dispatcher.LookAsync(pools => pools.Find(pool)?.Snapshot(), life.ApplicationStopping);
        return snapshot is null ? null : Forecast.Of(snapshot, now);
    }
}
