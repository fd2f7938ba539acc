using System.Collections.Concurrent;

namespace Qgjob.Server.Dispatch;

/// <summary>
/// Agents of which the store has said a moment ago that it knows them. A poll of theirs need not be noted in the store
/// again: with many short tests that would be as many writes as claims.
/// </summary>
internal sealed class KnownAgents
{
    private readonly ConcurrentDictionary<string, (string BootId, DateTimeOffset At)> heard = new();

    /// <summary>When the store was last told that this boot of the agent lives; null when that is too long ago, or another boot was heard of.</summary>
    public DateTimeOffset? HeardAt(string agentId, string bootId, TimeSpan longestAgo, DateTimeOffset now) =>
        heard.TryGetValue(agentId, out var last) && last.BootId == bootId && now - last.At < longestAgo ? last.At : null;

    public void Heard(string agentId, string bootId, DateTimeOffset now) => heard[agentId] = (bootId, now);

    public void Forget(string agentId) => heard.TryRemove(agentId, out _);

    /// <summary>Another server may have been told of a new boot of any of them.</summary>
    public void ForgetAll() => heard.Clear();
}
