using System.Text.Json.Nodes;

namespace Qgjob.Phones.UiAutomator;

/// <summary>A session's settings: those of UiAutomator2 server 7, kept and shown, with their kinds checked. Each session starts with the defaults.</summary>
internal sealed class AutomatorSettings
{
    private readonly JsonObject values = new()
    {
        ["actionAcknowledgmentTimeout"] = 3000,
        ["allowInvisibleElements"] = false,
        ["alwaysTraversableViewClasses"] = "",
        ["currentDisplayId"] = 0,
        ["disableIdLocatorAutocompletion"] = false,
        ["elementResponseAttributes"] = "name,text",
        ["enableMultiWindows"] = false,
        ["enableNotificationListener"] = true,
        ["enableTopmostWindowFromActivePackage"] = false,
        ["enforceXPath1"] = false,
        ["ignoreUnimportantViews"] = false,
        ["includeA11yActionsInPageSource"] = false,
        ["includeExtrasInPageSource"] = false,
        ["keyInjectionDelay"] = 0,
        ["limitXPathContextScope"] = true,
        ["mjpegBilinearFiltering"] = false,
        ["mjpegScalingFactor"] = 50,
        ["mjpegServerFramerate"] = 10,
        ["mjpegServerPort"] = 7810,
        ["mjpegServerScreenshotQuality"] = 50,
        ["normalizeTagNames"] = false,
        ["scrollAcknowledgmentTimeout"] = 200,
        ["serverPort"] = 6790,
        ["shouldUseCompactResponses"] = true,
        ["shutdownOnPowerDisconnect"] = true,
        ["simpleBoundsCalculation"] = false,
        ["snapshotMaxDepth"] = 70,
        ["trackScrollEvents"] = true,
        ["unicodeKeyboard"] = false,
        ["useResourcesForOrientationDetection"] = false,
        ["waitForIdleTimeout"] = 10000,
        ["waitForSelectorTimeout"] = 10000,
        ["wakeLockTimeout"] = 86_400_000,
    };

    public JsonNode ToJson() => values.DeepClone();

    /// <exception cref="WebDriverException">A setting that the server does not have, or a value of another kind; then nothing is changed.</exception>
    public void Update(JsonObject body)
    {
        var wanted = body.Object("settings") ?? throw WebDriverException.InvalidArgument("'settings' is missing.");
        foreach (var (name, value) in wanted)
        {
            if (values[name] is not { } known)
                throw WebDriverException.InvalidArgument($"UiAutomator2 has no setting '{name}'.");
            if (value is null || !SameKind(known, value))
                throw WebDriverException.InvalidArgument($"The value of setting '{name}' is of the wrong kind.");
        }

        foreach (var (name, value) in wanted)
            values[name] = value!.DeepClone();
    }

    private static bool SameKind(JsonNode known, JsonNode value)
    {
        var (a, b) = (known.GetValueKind(), value.GetValueKind());
        return a == b || (a is System.Text.Json.JsonValueKind.True or System.Text.Json.JsonValueKind.False
            && b is System.Text.Json.JsonValueKind.True or System.Text.Json.JsonValueKind.False);
    }
}
