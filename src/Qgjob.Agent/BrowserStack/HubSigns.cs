namespace Qgjob.Agent.BrowserStack;

/// <summary>What the hub's answers mean. Pure.</summary>
internal static class HubSigns
{
    // Codes and words of BrowserStack's documentation of errors at the start of a session.
    private static readonly string[] Full =
    [
        "BROWSERSTACK_ALL_PARALLELS_IN_USE", "BROWSERSTACK_QUEUE_SIZE_EXCEEDED", "All parallel tests are currently in use", "queue size exceeded", "Parallel limit",
    ];

    private static readonly string[] UnknownApp = ["BROWSERSTACK_INVALID_APP_URL", "BROWSERSTACK_APP_NOT_FOUND", "Invalid app_url", "app_url/custom_id", "Could not find the app"];

    private static readonly string[] Ended =
    [
        "invalid session id", "Session not started or terminated", "Session timed out or not found", "session is either terminated or not started", "BROWSERSTACK_IDLE_TIMEOUT",
    ];

    /// <summary>No parallel session is free, and the queue is full as well: later there will be one.</summary>
    public static bool IsFull(string message) => Any(Full, message);

    /// <summary>The build is not there any more.</summary>
    public static bool IsUnknownApp(string message) => Any(UnknownApp, message);

    /// <summary>The session is over, and the test did not end it.</summary>
    public static bool IsEnded(string message) => Any(Ended, message);

    private static bool Any(string[] signs, string message) => Array.Exists(signs, s => message.Contains(s, StringComparison.OrdinalIgnoreCase));
}
