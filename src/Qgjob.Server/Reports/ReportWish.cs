using System.Text.Json.Serialization;

namespace Qgjob.Server.Reports;

/// <summary>Somebody wants a run's HTML report. Kept with the blobs, so that any replica's agents can make it.</summary>
/// <param name="RunId">The run.</param>
/// <param name="AskedAt">When somebody last asked, roughly: what nobody waits for any more is not made.</param>
internal sealed record ReportWish(string RunId, DateTimeOffset AskedAt)
{
    /// <summary>An agent that fails, or falls silent, is followed by another one, but not for ever.</summary>
    public const int MostTries = 3;

    /// <summary>The try that is under way.</summary>
    public string? TaskId { get; init; }
    public string? AgentId { get; init; }
    public string? AgentName { get; init; }
    /// <summary>Without a word from the agent until then, somebody else gets it.</summary>
    public DateTimeOffset? AliveUntil { get; init; }
    public int Tries { get; init; }
    /// <summary>Agents that failed at it; others come first.</summary>
    public IReadOnlyList<string> Failed { get; init; } = [];
    public string? LastFailure { get; init; }
    /// <summary>It was given up.</summary>
    public DateTimeOffset? GivenUpAt { get; init; }

    public bool IsBeingMade(DateTimeOffset now) => TaskId is not null && AliveUntil > now;
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(ReportWish))]
internal sealed partial class ReportWishJson : JsonSerializerContext;
