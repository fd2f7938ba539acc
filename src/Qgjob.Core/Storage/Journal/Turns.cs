namespace Qgjob.Core.Storage.Journal;

/// <summary>Lets one in after the other, in the order in which they came.</summary>
/// <remarks>A semaphore would go on on the thread pool; this goes on where its caller waits, so that simulations replay.</remarks>
internal sealed class Turns
{
    private readonly Lock gate = new();
    private readonly LinkedList<TaskCompletionSource> waiting = [];
    private bool taken;

    public async ValueTask WaitAsync(CancellationToken cancel)
    {
        cancel.ThrowIfCancellationRequested();
        LinkedListNode<TaskCompletionSource> mine;
        lock (gate)
        {
            if (!taken)
            {
                taken = true;
                return;
            }
            mine = waiting.AddLast(new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
        }
        using var givesUp = cancel.UnsafeRegister(_ => GiveUp(mine, cancel), null);
        await mine.Value.Task;
    }

    public void Release()
    {
        TaskCompletionSource next;
        lock (gate)
        {
            if (waiting.First is not { } first)
            {
                taken = false;
                return;
            }
            next = first.Value;
            waiting.RemoveFirst();
        }
        next.SetResult();
    }

    private void GiveUp(LinkedListNode<TaskCompletionSource> mine, CancellationToken cancel)
    {
        lock (gate)
        {
            // Its turn has come already.
            if (mine.List is null) return;
            waiting.Remove(mine);
        }
        mine.Value.SetCanceled(cancel);
    }
}
