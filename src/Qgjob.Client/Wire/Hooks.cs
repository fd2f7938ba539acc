using System.Text.Json.Serialization;
using Qgjob.Core.Notifications;

namespace Qgjob.Client.Wire;

/// <summary><c>notify</c> of a submission: where to tell of the run's end (event <c>run.finished</c>).</summary>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
public sealed record NotifyTarget
{
    /// <summary>http or https.</summary>
    public string? Url { get; init; }
    /// <summary>How messages are written; null: <c>json</c>.</summary>
    public HookFormat? Format { get; init; }
    /// <summary>The key of the signature, <c>whsec_</c> and base64 of 24 to 64 bytes; null: messages are not signed. Never shown.</summary>
    public string? Secret { get; init; }
}

/// <summary><c>PUT /api/v1/orgs/{org}/hooks/{name}</c>: a hook, whole but for its secret.</summary>
public sealed record HookSettings
{
    /// <summary>http or https. Only its beginning is ever shown again: who knows Slack's address can write there.</summary>
    public string? Url { get; init; }
    /// <summary>The key of the signature, <c>whsec_</c> and base64 of 24 to 64 bytes; null: it keeps its own, and a new hook of format <c>json</c> gets one. Never shown again.</summary>
    public string? Secret { get; init; }
    /// <summary>How messages are written; null: <c>json</c>.</summary>
    public HookFormat? Format { get; init; }
    /// <summary>What it is told of: <c>run.finished</c>, <c>run.failed</c>, <c>test.first_failure</c>, <c>test.recovered</c>; null: the last two.</summary>
    public IReadOnlyList<string>? Events { get; init; }
    /// <summary>Only what concerns tests of these owners, e.g. <c>@acme/payments</c>; null: all.</summary>
    public IReadOnlyList<string>? Owners { get; init; }
    /// <summary>Only what concerns test files that match one of these patterns; null: all.</summary>
    public IReadOnlyList<string>? Tests { get; init; }
    /// <summary>Only runs whose branch (meta <c>branch</c>) matches one of these patterns; null: all.</summary>
    public IReadOnlyList<string>? Branches { get; init; }
    /// <summary>Only runs whose meta says this; null: all.</summary>
    public Dictionary<string, string>? Meta { get; init; }
}

/// <summary>A hook as the API shows it.</summary>
public sealed record HookView
{
    /// <summary>Its name within the org.</summary>
    public required string Name { get; init; }
    /// <summary>The beginning of its address.</summary>
    public required string Url { get; init; }
    /// <summary>How messages are written.</summary>
    public required HookFormat Format { get; init; }
    /// <summary>What it is told of.</summary>
    public required IReadOnlyList<string> Events { get; init; }
    /// <summary>Owners that it is limited to; null: none.</summary>
    public IReadOnlyList<string>? Owners { get; init; }
    /// <summary>Patterns of test files that it is limited to; null: none.</summary>
    public IReadOnlyList<string>? Tests { get; init; }
    /// <summary>Patterns of branches that it is limited to; null: none.</summary>
    public IReadOnlyList<string>? Branches { get; init; }
    /// <summary>What a run's meta must say; null: nothing.</summary>
    public IReadOnlyDictionary<string, string>? Meta { get; init; }
    /// <summary>When it was made.</summary>
    public required DateTimeOffset CreatedAt { get; init; }
    /// <summary>Why nothing is sent until it is set again; null: it works.</summary>
    public string? Disabled { get; init; }
    /// <summary>Its new secret, once; null from then on.</summary>
    public string? Secret { get; init; }
    /// <summary>Deliveries that wait to be sent, for the first time or again.</summary>
    public required int Waiting { get; init; }
    /// <summary>The latest delivery that is over; null: there is none.</summary>
    public DeliveryView? Last { get; init; }
}

/// <summary>A message to a hook as the API shows it.</summary>
public sealed record DeliveryView
{
    /// <summary>Its id, the same at every try.</summary>
    public required string Id { get; init; }
    /// <summary>What it tells of.</summary>
    public required string Event { get; init; }
    /// <summary>The run that it tells of.</summary>
    public string? RunId { get; init; }
    /// <summary>Where it stands.</summary>
    public required DeliveryState State { get; init; }
    /// <summary>When it was made.</summary>
    public required DateTimeOffset CreatedAt { get; init; }
    /// <summary>While pending: when it is tried next.</summary>
    public DateTimeOffset? NextAt { get; init; }
    /// <summary>Tries since it was made, or ordered again.</summary>
    public required int Tries { get; init; }
    /// <summary>Why it was given up or dropped.</summary>
    public string? Note { get; init; }
    /// <summary>The latest tries, oldest first.</summary>
    public required IReadOnlyList<DeliveryTry> Log { get; init; }
    /// <summary>What is sent; only when asked for.</summary>
    public string? Body { get; init; }
}

/// <summary>The body of a message in the format <c>json</c>.</summary>
/// <param name="Type">What happened.</param>
/// <param name="Timestamp">When.</param>
/// <param name="Data">What there is to say of it.</param>
public sealed record HookEvent(string Type, DateTimeOffset Timestamp, HookData Data);

/// <summary>What an event is about.</summary>
public sealed record HookData
{
    /// <summary>The org.</summary>
    public required string OrgId { get; init; }
    /// <summary>The hook's name; of a run's own hook, the run.</summary>
    public required string Hook { get; init; }
    /// <summary>The run; null in a ping.</summary>
    public RunView? Run { get; init; }
    /// <summary>The run's report, where the server knows its public address.</summary>
    public string? RunUrl { get; init; }
    /// <summary>App versions that the run tested, the first ones.</summary>
    public IReadOnlyList<string>? AppVersionIds { get; init; }
    /// <summary>The tests that it is about; of a run, those that failed. At most 20 that concern the hook.</summary>
    public IReadOnlyList<HookTest>? Tests { get; init; }
    /// <summary>Further tests that are not listed.</summary>
    public int? TestsLeftOut { get; init; }
}

/// <summary>A test in an event.</summary>
public sealed record HookTest
{
    /// <summary>Its short name in all runs.</summary>
    public required string TestId { get; init; }
    /// <summary>Its file.</summary>
    public required string File { get; init; }
    /// <summary>Its line there.</summary>
    public required int Line { get; init; }
    /// <summary>Its titles, joined as Playwright does.</summary>
    public required string Title { get; init; }
    /// <summary>Its Playwright project.</summary>
    public string? Project { get; init; }
    /// <summary>The platform that its job asked for.</summary>
    public string? Platform { get; init; }
    /// <summary>The job.</summary>
    public required string JobId { get; init; }
    /// <summary>Who owns it.</summary>
    public required IReadOnlyList<string> Owners { get; init; }
    /// <summary>The beginning of what it failed with.</summary>
    public string? Error { get; init; }
    /// <summary>Of one that recovered: since when it failed.</summary>
    public DateTimeOffset? FailedSince { get; init; }
    /// <summary>Of one that recovered: the run in which it failed first.</summary>
    public string? FailedSinceRun { get; init; }
}
