using Microsoft.Extensions.Time.Testing;

namespace Qgjob.Server.Tests.Hosting;

/// <summary>A machine whose clock can be wrong and be set; its timers and its count of passing time do not care.</summary>
internal sealed class MachineClock(FakeTimeProvider real) : TimeProvider
{
    public TimeSpan Ahead { get; set; }

    public override long TimestampFrequency => real.TimestampFrequency;

    public override DateTimeOffset GetUtcNow() => real.GetUtcNow() + Ahead;

    public override long GetTimestamp() => real.GetTimestamp();

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
        real.CreateTimer(callback, state, dueTime, period);
}
