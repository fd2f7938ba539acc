namespace Qgjob.Phones;

/// <summary>What a virtual phone has done since it started.</summary>
/// <param name="Installs">Successful installations per package.</param>
/// <param name="Uninstalls">Removals per package.</param>
/// <param name="Clears">"pm clear" per package.</param>
/// <param name="Launches">App starts per package, where the app was not running.</param>
/// <param name="InstrumentationStarts">Starts of the UiAutomator2 server.</param>
/// <param name="Unhandled">What was asked that the phone does not know, with how often: a gap in the phone, or a mistake of the caller.</param>
public sealed record PhoneCounters(
    IReadOnlyDictionary<string, int> Installs,
    IReadOnlyDictionary<string, int> Uninstalls,
    IReadOnlyDictionary<string, int> Clears,
    IReadOnlyDictionary<string, int> Launches,
    int InstrumentationStarts,
    IReadOnlyDictionary<string, int> Unhandled)
{
    /// <summary>How many requests the phone could not answer.</summary>
    public int UnhandledRequests => Unhandled.Values.Sum();
}
