using Qgjob.Core.Storage;

namespace Qgjob.Server.Dispatch;

/// <summary>What reaches the dispatcher's loop.</summary>
internal abstract record Message
{
    private Message() { }

    /// <summary>A command for the next batch.</summary>
    public sealed record Write(StoreCommand Command, TaskCompletionSource<object> Answer, CancellationToken Cancel) : Message;

    /// <summary>An agent waits for work.</summary>
    public sealed record PollBegins(WorkPoll Poll) : Message;

    /// <summary>The wait is over, or the agent is <paramref name="Gone"/>.</summary>
    public sealed record PollEnds(WorkPoll Poll, bool Gone) : Message;

    /// <summary>Somebody wants to see the pools; null while the store does not show them.</summary>
    public sealed record Look(Action<PoolViews?> With) : Message;

    /// <summary>Another server wrote to the store.</summary>
    public sealed record News : Message;

    /// <summary>A second has passed.</summary>
    public sealed record Tick : Message;
}
