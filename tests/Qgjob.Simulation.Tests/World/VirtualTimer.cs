namespace Qgjob.Simulation.Tests.World;

/// <summary>A timer of a process, in virtual time.</summary>
internal sealed class VirtualTimer : ITimer
{
    private readonly TimerCallback callback;
    private readonly object? state;
    private TimeSpan period;
    private int generation;
    private bool set;

    public VirtualTimer(SimProcess process, TimerCallback callback, object? state, TimeSpan due, TimeSpan period)
    {
        (Process, this.callback, this.state) = (process, callback, state);
        Change(due, period);
    }

    public SimProcess Process { get; }

    public bool IsSet(int of) => set && of == generation;

    public bool Change(TimeSpan dueTime, TimeSpan period)
    {
        this.period = period;
        set = dueTime >= TimeSpan.Zero;
        generation++;
        if (set) Process.Scheduler.Set(this, generation, dueTime);
        return true;
    }

    public void Fire()
    {
        // Changed or disposed between its end and its turn.
        if (!set) return;
        if (period > TimeSpan.Zero) Change(period, period);
        else set = false;
        callback(state);
    }

    public void Dispose() => (set, generation) = (false, generation + 1);

    public ValueTask DisposeAsync()
    {
        Dispose();
        return ValueTask.CompletedTask;
    }
}
