using Qgjob.Core.Jobs;

namespace Qgjob.Core.Notifications;

/// <summary>How a message is written.</summary>
public enum HookFormat
{
    /// <summary>For programs.</summary>
    Json,
    /// <summary>For incoming webhooks of Slack, and of what takes the same, such as Mattermost.</summary>
    Slack,
}

/// <summary>What a hook can be told of, as words of the interface.</summary>
public static class HookEvents
{
    /// <summary>A run ended, however.</summary>
    public const string RunFinished = "run.finished";
    /// <summary>A run ended and is not green.</summary>
    public const string RunFailed = "run.failed";
    /// <summary>Tests fail that did not before.</summary>
    public const string FirstFailure = "test.first_failure";
    /// <summary>Tests pass that failed before.</summary>
    public const string Recovered = "test.recovered";
    /// <summary>Somebody tries the hook; cannot be chosen.</summary>
    public const string Ping = "ping";

    /// <summary>Those that can be chosen.</summary>
    public static IReadOnlyList<string> All { get; } = [RunFinished, RunFailed, FirstFailure, Recovered];
    /// <summary>What an org's hook is told of unless it says otherwise: what is new, once.</summary>
    public static IReadOnlyList<string> Default { get; } = [FirstFailure, Recovered];
}

/// <summary>What of an event concerns a hook; an empty list or map lets everything pass.</summary>
public sealed record HookFilter
{
    /// <summary>Owners as CODEOWNERS or tags name them, e.g. <c>@acme/payments</c>; upper and lower case are the same.</summary>
    public IReadOnlyList<string> Owners { get; init; } = [];
    /// <summary>Patterns of test files.</summary>
    public IReadOnlyList<string> Tests { get; init; } = [];
    /// <summary>Patterns of branches; a run without a branch matches none.</summary>
    public IReadOnlyList<string> Branches { get; init; } = [];
    /// <summary>What the run's meta must say.</summary>
    public IReadOnlyDictionary<string, string> Meta { get; init; } = JobSpec.EmptyMap;
}

/// <summary>Where an org, or the submitter of a run, wants to be told of what happened.</summary>
public sealed record Hook
{
    /// <summary>The org.</summary>
    public required string OrgId { get; init; }
    /// <summary>Its name within the org; of a run's hook, the run's id.</summary>
    public required string Name { get; init; }
    /// <summary>The run whose hook it is; null: the org's.</summary>
    public string? RunId { get; init; }
    /// <summary>Where messages go. May hold a secret: who knows Slack's address can write there.</summary>
    public required string Url { get; init; }
    /// <summary>The key of the signature, <c>whsec_</c> and base64; null: messages are not signed.</summary>
    public string? Secret { get; init; }
    /// <summary>How messages are written.</summary>
    public HookFormat Format { get; init; }
    /// <summary>What it is told of.</summary>
    public IReadOnlyList<string> Events { get; init; } = HookEvents.Default;
    /// <summary>What of that concerns it.</summary>
    public HookFilter Filter { get; init; } = new();
    /// <summary>When it was made.</summary>
    public required DateTimeOffset CreatedAt { get; init; }
    /// <summary>Why nothing is sent any more, until somebody sets it again; null: it works.</summary>
    public string? Disabled { get; init; }

    /// <summary>It is told when tests begin or cease to fail.</summary>
    public bool WatchesTests => Wants(HookEvents.FirstFailure) || Wants(HookEvents.Recovered);

    /// <summary>It is told of such events.</summary>
    public bool Wants(string happened) => Disabled is null && Events.Contains(happened);
}

/// <summary>A run that ended and of which hooks are to be told; written with the run's end, in one commit.</summary>
/// <param name="RunId">The run.</param>
/// <param name="OrgId">The org.</param>
/// <param name="At">When it ended.</param>
public sealed record RunNotice(string RunId, string OrgId, DateTimeOffset At);
