namespace Qgjob.Agent.Leases;

/// <summary>Wakes one waiting loop. Set before the wait, it wakes the wait at once.</summary>
internal sealed class Pulse(TimeProvider time)
{
    private TaskCompletionSource next = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public void Set() => Volatile.Read(ref next).TrySetResult();

    /// <summary>Waits for <see cref="Set"/>, at most <paramref name="limit"/>.</summary>
    /// <returns>False when the time ran out.</returns>
    public async Task<bool> WaitAsync(TimeSpan limit, CancellationToken cancel)
    {
        try
        {
            await next.Task.WaitAsync(limit, time, cancel).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            return false;
        }

        // From here on a Set counts for the next wait: what it announces was not looked at yet.
        Volatile.Write(ref next, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
        return true;
    }
}
