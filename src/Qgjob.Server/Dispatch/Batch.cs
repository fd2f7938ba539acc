using Qgjob.Core.Storage;

namespace Qgjob.Server.Dispatch;

/// <summary>Commands that go to the store in one commit, and who waits for their answers.</summary>
internal sealed class Batch
{
    // Long enough that a flood of submissions shares one fsync, short enough that a heartbeat behind it is in time.
    private const int MaxCommands = 512;
    private const int MaxJobs = 20_000;
    private readonly List<Item> items = [];
    private int jobs;
    private int following = -1;

    /// <param name="Command">The command.</param>
    /// <param name="Answer">Who waits for the answer; null for the dispatcher's own commands.</param>
    /// <param name="Poll">The poll that a claim was decided for.</param>
    public sealed record Item(StoreCommand Command, TaskCompletionSource<object>? Answer, WorkPoll? Poll);

    public IReadOnlyList<Item> Items => items;
    public bool IsFull => items.Count >= MaxCommands || jobs >= MaxJobs;

    /// <summary>Heartbeats and terms change nothing that a decision or a page reads from the pool.</summary>
    public bool ChangesPool => items.Any(i => i.Command is not (Renew or Touch or TakeTerm));

    /// <summary>Jobs come, or devices get free: there may be something to decide before it is committed.</summary>
    public bool BringsWork => items.Any(i => i.Command is Enqueue or Finish or ExpireLeases);

    public void Add(StoreCommand command, TaskCompletionSource<object>? answer = null, WorkPoll? poll = null)
    {
        items.Add(new Item(command, answer, poll));
        jobs += command is Enqueue enqueue ? enqueue.Jobs.Count : 0;
    }

    /// <summary>What is added from now on follows from the rest; what followed before does not any more.</summary>
    /// <returns>Index of the first item that follows.</returns>
    public int BeginFollowing()
    {
        if (following < 0) following = items.Count;
        else items.RemoveRange(following, items.Count - following);
        return following;
    }

    public void Clear()
    {
        items.Clear();
        jobs = 0;
        following = -1;
    }
}
