using System.Text.Json.Nodes;

namespace Qgjob.Agent.BrowserStack;

/// <summary>A session at BrowserStack, which may serve one test after the other.</summary>
/// <param name="id">BrowserStack's id; clients get another one for each test.</param>
/// <param name="key">Equal for requests that it may serve.</param>
internal sealed class CloudSession(string id, string key, JsonNode? capabilities, long openedAt)
{
    public string Id => id;

    public string Key => key;

    /// <summary>What the hub answered, passed on to each client.</summary>
    public JsonNode? Capabilities => capabilities;

    /// <summary>By the agent's own clock.</summary>
    public long OpenedAt => openedAt;

    /// <summary>How long it was open; null while it is.</summary>
    public TimeSpan? Length { get; set; }

    /// <summary>Something was done that cannot be put back.</summary>
    public bool IsWorn { get; set; }

    /// <summary>A test that it served did not pass; why.</summary>
    public string? Failure { get; set; }
}
