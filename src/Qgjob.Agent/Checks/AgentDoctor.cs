namespace Qgjob.Agent.Checks;

/// <summary>Looks whether an agent could work on this machine, and whether a project could run on it. Changes nothing.</summary>
public static class AgentDoctor
{
    /// <summary>The machine, the agent's own needs and the phones that adb sees.</summary>
    /// <param name="options">As the agent would get them; the server's address is not used.</param>
    /// <param name="time">Clock of the limits.</param>
    /// <param name="cancel">Ends it.</param>
    public static async Task<IReadOnlyList<Finding>> CheckMachineAsync(AgentOptions options, TimeProvider time, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(options);
        return
        [
            .. await MachineChecks.RunAsync(options.ToolchainFolder, time, cancel).ConfigureAwait(false),
            .. FolderChecks.Run(options.DataFolder, options.ToolchainFolder),
            FolderChecks.LoopbackPorts(),
            .. await PhoneChecks.RunAsync(options.AdbPort, time, cancel).ConfigureAwait(false),
            .. await BrowserStackChecks.RunAsync(Environment.GetEnvironmentVariable, time, cancel).ConfigureAwait(false),
            .. await EmulatorChecks.RunAsync(Environment.GetEnvironmentVariable, time, cancel).ConfigureAwait(false),
        ];
    }

    /// <summary>An AppWright project: its config, packages, versions and build.</summary>
    /// <param name="folder">The folder with the config.</param>
    public static IReadOnlyList<Finding> CheckProject(string folder) => ProjectChecks.Run(folder);
}
