using System.Text.Json.Nodes;

namespace Qgjob.Agent.Gateway;

/// <summary>A session of the uiautomator2 driver, which serves one test after the other.</summary>
/// <param name="Id">Appium's id; clients get another one for each test.</param>
/// <param name="Capabilities">What Appium answered, passed on to each client.</param>
internal sealed record AppiumSession(string Id, SessionRequest Request, JsonNode? Capabilities)
{
    /// <summary>Something was done that cannot be put back.</summary>
    public bool IsWorn { get; set; }

    /// <summary>Driver settings as they were before a test changed them.</summary>
    public JsonObject? SettingsBefore { get; set; }

    public HashSet<string> SettingsChanged { get; } = [];

    public string? OrientationBefore { get; set; }

    public bool ImplicitWaitChanged { get; set; }

    public bool ClipboardFilled { get; set; }

    /// <summary>The cleaning after the latest test; ends with null, or with the reason why the session is of no use.</summary>
    public Task<string?> Cleaning { get; set; } = Task.FromResult<string?>(null);

    /// <summary>When the cleaning started.</summary>
    public long CleanedAt { get; set; }
}
