namespace Qgjob.Simulation.Tests.World;

/// <summary>A process of the simulation: what runs in it, its clock, and whether it lives.</summary>
internal sealed class SimProcess(Scheduler scheduler, string name) : SynchronizationContext
{
    private static readonly DateTimeOffset Beginning = new(2026, 1, 5, 9, 0, 0, TimeSpan.Zero);

    public string Name => name;
    public Scheduler Scheduler => scheduler;
    public TimeProvider Time => field ??= new Clock(this);
    /// <summary>How far its wall clock is off.</summary>
    public TimeSpan Skew { get; set; }
    public bool IsDead { get; private set; }
    public bool IsPaused { get; private set; }
    public Action Pausing { get; set; } = () => { };
    public Action Resumed { get; set; } = () => { };

    /// <summary>What became ready while it was paused.</summary>
    public List<Work> Held { get; } = [];
    /// <summary>Timers that ran out while it was paused.</summary>
    public List<VirtualTimer> Overdue { get; } = [];

    public override void Post(SendOrPostCallback d, object? state) => scheduler.Add(this, d, state);

    public override void Send(SendOrPostCallback d, object? state) => throw new NotSupportedException("Nothing in the simulation may block.");

    public override SynchronizationContext CreateCopy() => this;

    public void Start(Func<Task> work) => scheduler.Add(this, async _ => await work(), null);

    /// <summary>Everything that it was about to do never happens.</summary>
    public void Kill()
    {
        IsDead = true;
        IsPaused = false;
        Held.Clear();
        Overdue.Clear();
    }

    public void Pause()
    {
        if (IsDead || IsPaused) return;
        IsPaused = true;
        Pausing();
    }

    public void Resume()
    {
        if (!IsPaused) return;
        IsPaused = false;
        scheduler.Release(this);
        // After the timers, which say what ended meanwhile.
        scheduler.AddFirst(this, Resumed);
    }

    private sealed class Clock(SimProcess process) : TimeProvider
    {
        public override long TimestampFrequency => TimeSpan.TicksPerSecond;
        public override TimeZoneInfo LocalTimeZone => TimeZoneInfo.Utc;
        public override long GetTimestamp() => process.Scheduler.Now;
        public override DateTimeOffset GetUtcNow() => Beginning + process.Scheduler.Elapsed + process.Skew;
        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
            new VirtualTimer(process, callback, state, dueTime, period);
    }
}

/// <summary>Something that a process will do as soon as it is its turn.</summary>
internal readonly record struct Work(SimProcess Process, SendOrPostCallback Callback, object? State);
