namespace Qgjob.Agent.Processes;

/// <summary>
/// What a process and all its descendants carry in their environment, so that they are found again even when they
/// left their process group.
/// </summary>
internal sealed record ProcessMark(string Name, string Value)
{
    /// <summary>Not QGJOB_SERVER: people set that to say where the qgjob server is.</summary>
    public const string ServerName = "QGJOB_SERVER_OF";

    private static int s_count;

    /// <summary>The mark of everything that one attempt starts.</summary>
    public static ProcessMark Attempt(string attemptId) => new("QGJOB_ATTEMPT", attemptId);

    /// <summary>The mark of what outlives attempts: Appium servers, private adb servers.</summary>
    public static ProcessMark Server(string name) => new(ServerName, name);

    /// <summary>A mark of its own for something that is run once.</summary>
    public static ProcessMark Once(string what) =>
        Server($"{what}-{Environment.ProcessId}-{Interlocked.Increment(ref s_count)}");

    public override string ToString() => $"{Name}={Value}";
}
