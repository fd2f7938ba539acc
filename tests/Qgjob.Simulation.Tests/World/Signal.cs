namespace Qgjob.Simulation.Tests.World;

/// <summary>Wakes one waiting loop of a simulated process.</summary>
internal sealed class Signal(TimeProvider time)
{
    private TaskCompletionSource next = new();

    public void Set() => next.TrySetResult();

    public async Task WaitAsync(TimeSpan limit)
    {
        try
        {
            await next.Task.WaitAsync(limit, time);
        }
        catch (TimeoutException)
        {
            return;
        }
        next = new TaskCompletionSource();
    }
}
