using Qgjob.Core.Scheduling;
using Qgjob.Server.Dispatch;

namespace Qgjob.Server.Jobs;

/// <summary>
/// The latest forecast of each pool: made when somebody asks, outside the dispatcher's loop, and one at a time, so that
/// however many people look, dispatching goes on.
/// </summary>
internal sealed class Forecasts(Dispatcher dispatcher, TimeProvider time, IHostApplicationLifetime life)
{
    private static readonly TimeSpan Lasts = TimeSpan.FromSeconds(2);
    /// <summary>A large pool's forecast takes long, and then lasts so many times as long: the machine has other things to do.</summary>
    private const int LastsTimesItsMaking = 10;

    private readonly Lock gate = new();
    private readonly Dictionary<string, Latest> latest = [];

    private sealed class Latest
    {
        public Task<Forecast?> Forecast = Task.FromResult<Forecast?>(null);
        /// <summary>Known once it is made.</summary>
        public DateTimeOffset GoodUntil = DateTimeOffset.MaxValue;
    }

    /// <summary>The pool's forecast, a few seconds old at most unless the pool is very large; null when there is no such pool.</summary>
    public async Task<Forecast?> OfAsync(string pool, CancellationToken cancel)
    {
        Task<Forecast?> forecast;
        lock (gate)
        {
            var now = time.GetUtcNow();
            if (!latest.TryGetValue(pool, out var known) || now >= known.GoodUntil || known.Forecast.IsFaulted || known.Forecast.IsCanceled)
            {
                latest[pool] = known = new Latest();
                known.Forecast = PlayAsync(pool, known, now);
            }
            forecast = known.Forecast;
        }
        return await forecast.WaitAsync(cancel);
    }

    private async Task<Forecast?> PlayAsync(string pool, Latest made, DateTimeOffset now)
    {
        // Not the asker's token: others wait for the same forecast.
        var snapshot = await dispatcher.LookAsync(pools => pools.Find(pool)?.Snapshot(), life.ApplicationStopping);
        var begun = time.GetTimestamp();
        var forecast = snapshot is null ? null : Forecast.Of(snapshot, now);
        var took = time.GetElapsedTime(begun) * LastsTimesItsMaking;
        lock (gate) made.GoodUntil = now + (took > Lasts ? took : Lasts);
        return forecast;
    }
}
