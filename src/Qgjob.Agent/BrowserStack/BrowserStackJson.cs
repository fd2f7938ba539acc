using System.Text.Json.Serialization;

namespace Qgjob.Agent.BrowserStack;

/// <summary><c>GET /app-automate/plan.json</c>. Queued and running sessions are those of all who use the account.</summary>
internal sealed record CloudPlan(
    string? AutomatePlan, int ParallelSessionsRunning, int ParallelSessionsMaxAllowed, int? TeamParallelSessionsMaxAllowed, int QueuedSessions, int QueuedSessionsMaxAllowed)
{
    /// <summary>The most sessions at a time; a team's share of an account may be less than the account's.</summary>
    public int Most => TeamParallelSessionsMaxAllowed is > 0 and var team ? Math.Min(team, ParallelSessionsMaxAllowed) : ParallelSessionsMaxAllowed;

    /// <summary>What others leave for us, our own sessions included. Who waits at BrowserStack comes before us.</summary>
    /// <param name="open">Sessions that we have open there.</param>
    public int ForUs(int open) => Math.Max(0, Most - Math.Max(0, ParallelSessionsRunning + QueuedSessions - open));
}

/// <summary>An entry of <c>GET /app-automate/devices.json</c>.</summary>
internal sealed record CloudListing(string? Os, string? OsVersion, string? Device);

/// <summary>An entry of <c>GET /app-automate/recent_apps/{custom_id}</c>, and the answer to an upload.</summary>
internal sealed record CloudApp(string? AppUrl, string? CustomId);

/// <summary><c>GET /app-automate/sessions/{id}.json</c>.</summary>
internal sealed record SessionAnswer(CloudSessionDetails? AutomationSession);

/// <summary>What BrowserStack says of a session.</summary>
/// <param name="VideoUrl">Needs no credentials: it holds a token of its own, and is shown to nobody.</param>
/// <param name="BrowserUrl">The session's page, for who may log in to the account.</param>
internal sealed record CloudSessionDetails(string? Status, string? BrowserUrl, string? VideoUrl, string? DeviceLogsUrl, string? AppiumLogsUrl, string? Device, string? OsVersion);

/// <summary><c>PUT /app-automate/sessions/{id}.json</c>.</summary>
internal sealed record SessionMark(string Status, string? Reason);

/// <summary>An attempt's file <c>browserstack.json</c>.</summary>
internal sealed record CloudSessionNote(string SessionId, string Device, string OsVersion, string? Page, double Seconds, string Status);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull, NumberHandling = JsonNumberHandling.AllowReadingFromString, WriteIndented = false)]
[JsonSerializable(typeof(CloudPlan))]
[JsonSerializable(typeof(List<CloudListing>))]
[JsonSerializable(typeof(List<CloudApp>))]
[JsonSerializable(typeof(CloudApp))]
[JsonSerializable(typeof(SessionAnswer))]
[JsonSerializable(typeof(SessionMark))]
[JsonSerializable(typeof(List<CloudSessionNote>))]
internal sealed partial class BrowserStackJson : JsonSerializerContext;
