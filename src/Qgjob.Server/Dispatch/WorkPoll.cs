using Qgjob.Client.Wire;
using Qgjob.Core.Storage;

namespace Qgjob.Server.Dispatch;

/// <summary>An agent that waits for work. Only the dispatcher's loop changes it.</summary>
internal sealed class WorkPoll(string agentId, string bootId, IReadOnlyList<string> freeDevices, IReadOnlyList<LeaseRef> leases, DateTimeOffset touchedAt)
{
    private readonly TaskCompletionSource<WorkAnswer> answer = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public string AgentId { get; } = agentId;
    public string BootId { get; } = bootId;
    public IReadOnlyList<string> FreeDevices { get; } = freeDevices;
    public IReadOnlyList<LeaseRef> Leases { get; } = leases;

    /// <summary>Claims that were decided for it and won.</summary>
    public List<Assignment> Won { get; } = [];
    /// <summary>When the store last heard that the agent lives.</summary>
    public DateTimeOffset TouchedAt { get; set; } = touchedAt;
    /// <summary>It was looked at since it came or since the pool changed.</summary>
    public bool Considered { get; set; }

    /// <summary>Its wait has ended: answer it after the next look.</summary>
    public bool IsOver { get; set; }

    public Task<WorkAnswer> Answer => answer.Task;
    public bool IsAnswered => answer.Task.IsCompleted;

    public void Reply(WorkAnswer reply) => answer.TrySetResult(reply);
}

/// <summary>How a poll ends.</summary>
internal abstract record WorkAnswer
{
    private WorkAnswer() { }

    /// <summary>Something to do, or nothing within the wait.</summary>
    public sealed record News(WorkResponse Response) : WorkAnswer
    {
        public static News Nothing { get; } = new(new WorkResponse([], [], []));
        public static News Superseded { get; } = new(new WorkResponse([], [], [], Superseded: true));
    }

    /// <summary>The store does not know this boot of the agent.</summary>
    public sealed record MustRegister : WorkAnswer;
}
