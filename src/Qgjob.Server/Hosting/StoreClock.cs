using Qgjob.Core.Storage;

namespace Qgjob.Server.Hosting;

/// <summary>
/// The one clock of all servers on a store: the store's, read now and then, and counted on in between with this
/// machine's monotonic clock. So replicas agree however their own clocks stand, and a clock that is set changes nothing.
/// </summary>
/// <remarks>
/// A store without a clock (a file, memory) gives this machine's at the start, counted on in the same way. When that is
/// set later, this one follows by a hundredth only, either way: a step of an hour must not end leases and waiting jobs.
/// </remarks>
internal sealed class StoreClock : TimeProvider
{
    /// <summary>Servers agree at the latest after this.</summary>
    public static readonly TimeSpan ReadEvery = TimeSpan.FromSeconds(30);

    /// <summary>A correction beyond this is a step: whoever trusted the earlier time must be given some.</summary>
    private static readonly TimeSpan Step = TimeSpan.FromSeconds(1);

    // The answer may have been long under way: the clock is behind the store's by that, at most.
    private static readonly TimeSpan LongestReading = TimeSpan.FromSeconds(2);
    private const double Slew = 0.01;

    private readonly TimeProvider machine;
    private Anchor anchor;
    private volatile bool isTheStores;
    private volatile bool sure;

    /// <param name="machine">This machine's clock; the timers are its as well.</param>
    public StoreClock(TimeProvider machine)
    {
        this.machine = machine;
        anchor = new Anchor(machine.GetUtcNow(), machine.GetTimestamp());
    }

    private sealed record Anchor(DateTimeOffset At, long Timestamp);

    /// <inheritdoc/>
    public override long TimestampFrequency => machine.TimestampFrequency;

    /// <inheritdoc/>
    public override TimeZoneInfo LocalTimeZone => machine.LocalTimeZone;

    /// <summary>The store has a clock, which this one follows.</summary>
    public bool IsTheStores => isTheStores;

    /// <summary>False until the first reading that took no longer than it should: read again soon.</summary>
    public bool IsSure => sure;

    /// <summary>How far this machine's own clock is ahead.</summary>
    public TimeSpan MachineAhead => machine.GetUtcNow() - GetUtcNow();

    /// <inheritdoc/>
    public override DateTimeOffset GetUtcNow()
    {
        var (at, timestamp) = Volatile.Read(ref anchor);
        return at + machine.GetElapsedTime(timestamp);
    }

    /// <inheritdoc/>
    public override long GetTimestamp() => machine.GetTimestamp();

    /// <inheritdoc/>
    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
        machine.CreateTimer(callback, state, dueTime, period);

    /// <summary>Reads the store's clock. One caller at a time.</summary>
    /// <returns>True when the time made a step.</returns>
    /// <exception cref="StoreUnavailableException">The store did not answer; the clock goes on as before.</exception>
    public async ValueTask<bool> ReadAsync(IJobStore store, CancellationToken cancel)
    {
        var before = machine.GetTimestamp();
        var read = await store.ReadClockAsync(cancel);
        var after = machine.GetTimestamp();
        var took = machine.GetElapsedTime(before, after);
        if (read is not { } stores)
        {
            Follow(after);
            sure = true;
            return false;
        }
        isTheStores = true;
        // Before the first good one any is better than this machine's clock, which may be wrong by hours.
        if (took > LongestReading && sure) return false;
        sure |= took <= LongestReading;
        // Never ahead of the store's: what is ahead ends leases and terms that others still have.
        var correction = stores - At(after);
        anchor = new Anchor(At(after) + correction, after);
        return correction.Duration() > Step;
    }

    private void Follow(long timestamp)
    {
        var most = machine.GetElapsedTime(anchor.Timestamp, timestamp) * Slew;
        var now = At(timestamp);
        var behind = machine.GetUtcNow() - now;
        anchor = new Anchor(now + (behind > most ? most : behind < -most ? -most : behind), timestamp);
    }

    private DateTimeOffset At(long timestamp) => anchor.At + machine.GetElapsedTime(anchor.Timestamp, timestamp);
}
