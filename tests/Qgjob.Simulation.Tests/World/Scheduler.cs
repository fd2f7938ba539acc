namespace Qgjob.Simulation.Tests.World;

/// <summary>
/// Runs all simulated processes on the calling thread, in virtual time. What is ready runs in an order that the seed
/// chooses; when nothing is ready, time jumps to the next timer.
/// </summary>
internal sealed class Scheduler
{
    private readonly List<Work> ready = [];
    private readonly Queue<Work> first = [];
    private readonly PriorityQueue<(VirtualTimer Timer, int Generation), (long Due, long Order)> timers = new();
    private readonly int thread = Environment.CurrentManagedThreadId;
    private long order;
    private volatile string? escaped;

    public Scheduler(int seed)
    {
        Random = new Random(seed);
        Outside = new SimProcess(this, "world");
    }

    /// <summary>Ticks since the beginning.</summary>
    public long Now { get; private set; }
    public TimeSpan Elapsed => TimeSpan.FromTicks(Now);
    public Random Random { get; }
    /// <summary>What belongs to no process: the network, the phones, chance. Never stops.</summary>
    public SimProcess Outside { get; }
    /// <summary>What ended a piece of work that nobody awaits.</summary>
    public Action<Exception> Failed { get; set; } = _ => { };
    public long Steps { get; private set; }

    /// <summary>Runs until it is over, at the latest at a time.</summary>
    public bool Run(Func<bool> isOver, TimeSpan until)
    {
        var before = SynchronizationContext.Current;
        try
        {
            while (!isOver())
            {
                if (escaped is { } where) throw new InvalidOperationException($"Something left the simulation's thread, so that it would not replay: {where}");
                if (RunReady()) continue;
                if (!timers.TryPeek(out _, out var next) || next.Due > until.Ticks)
                {
                    Now = until.Ticks;
                    return false;
                }
                var (timer, generation) = timers.Dequeue();
                if (next.Due > Now) Now = next.Due;
                if (timer.IsSet(generation)) Fire(timer);
            }
            return true;
        }
        finally
        {
            SynchronizationContext.SetSynchronizationContext(before);
        }
    }

    public void Add(SimProcess process, SendOrPostCallback callback, object? state)
    {
        // Also what the garbage collector ends of processes that are gone.
        if (process.IsDead) return;
        if (Environment.CurrentManagedThreadId != thread)
        {
            escaped = Environment.StackTrace;
            return;
        }
        (process.IsPaused ? process.Held : ready).Add(new Work(process, callback, state));
    }

    public void Set(VirtualTimer timer, int generation, TimeSpan due)
    {
        if (Environment.CurrentManagedThreadId != thread) escaped = Environment.StackTrace;
        // No timer is exact; who is late first differs from seed to seed.
        timers.Enqueue((timer, generation), (Now + due.Ticks + Random.Next(20_000), order++));
    }

    /// <summary>What a paused process missed: its timers first, all at once, then what it had to do.</summary>
    public void Release(SimProcess process)
    {
        foreach (var timer in process.Overdue) first.Enqueue(new Work(process, static t => ((VirtualTimer)t!).Fire(), timer));
        process.Overdue.Clear();
        ready.AddRange(process.Held);
        process.Held.Clear();
    }

    public void AddFirst(SimProcess process, Action action) => first.Enqueue(new Work(process, static a => ((Action)a!)(), action));

    private bool RunReady()
    {
        Work work;
        if (first.Count > 0) work = first.Dequeue();
        else if (ready.Count == 0) return false;
        else
        {
            var at = ready.Count == 1 ? 0 : Random.Next(ready.Count);
            work = ready[at];
            ready[at] = ready[^1];
            ready.RemoveAt(ready.Count - 1);
        }
        if (work.Process.IsPaused) work.Process.Held.Add(work);
        else if (!work.Process.IsDead) Run(work);
        return true;
    }

    private void Fire(VirtualTimer timer)
    {
        if (timer.Process.IsDead) return;
        if (timer.Process.IsPaused) timer.Process.Overdue.Add(timer);
        else Run(new Work(timer.Process, static t => ((VirtualTimer)t!).Fire(), timer));
    }

    private void Run(Work work)
    {
        Steps++;
        SynchronizationContext.SetSynchronizationContext(work.Process);
        try
        {
            work.Callback(work.State);
        }
        // Whatever nobody awaits is the harness's or the product's bug, and ends the seed.
        catch (Exception e)
        {
            Failed(e);
        }
    }
}
