using System.Collections.Concurrent;

namespace Qgjob.Agent.Tests.BrowserStack;

/// <summary>The system's clock, with waits that take a fiftieth of what they say; so a test can let a real server make it wait.</summary>
internal sealed class HurriedTime : TimeProvider
{
    private const int Faster = 50;

    /// <summary>What was waited for, limits included.</summary>
    public ConcurrentQueue<TimeSpan> Waits { get; } = [];

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        Waits.Enqueue(dueTime);
        return base.CreateTimer(callback, state, dueTime > TimeSpan.Zero ? dueTime / Faster : dueTime, period);
    }
}
