using Qgjob.Agent.Android;
using Qgjob.Agent.Processes;
using Qgjob.Agent.Toolchain;

namespace Qgjob.Agent.AppWright;

/// <summary>Builds the command line and environment for Playwright. Pure, but for reading this process's environment.</summary>
internal sealed class TestProcess(AppWrightRun run, PlaywrightProject project, AttemptFiles files, AndroidSdk sdk, AppiumToolchain toolchain)
{
    /// <summary>Writes the config's projects into a file and ends.</summary>
    public ProcessSpec List(string into) => Spec(
        ["test", "--list", "--config", AttemptScripts.Wrapper(project.IsModule)],
        new Dictionary<string, string?> { ["QGJOB_LIST"] = into });

    public ProcessSpec Test(ConfiguredProject chosen, string build, int gatewayPort)
    {
        var arguments = new List<string> { "test", "--config", AttemptScripts.Wrapper(project.IsModule) };
        // AppWright's own global setup looks for this pair in the arguments.
        if (chosen.Name.Length > 0) arguments.AddRange(["--project", chosen.Name]);
        if (run.Grep is { } grep) arguments.AddRange(["--grep", grep]);
        return Spec(arguments, new Dictionary<string, string?>
        {
            ["QGJOB_PROJECT"] = chosen.Name,
            ["QGJOB_TEST"] = Path.GetFullPath(run.TestFile, run.ProjectFolder),
            ["QGJOB_SELECTION"] = SelectedTests.Write(run.Tests, files.Folder),
            ["QGJOB_OUT"] = run.OutFolder,
            ["QGJOB_BUILD"] = build,
            ["QGJOB_UDID"] = run.Device.Serial,
            ["QGJOB_EVENTS"] = files.Events,
            ["QGJOB_CLOSING"] = files.Closing,
            ["QGJOB_ROOT"] = run.ProjectFolder,
            ["QGJOB_RETRIES"] = run.TestRetries?.ToString(System.Globalization.CultureInfo.InvariantCulture),
            ["QGJOB_GATEWAY_PORT"] = gatewayPort.ToString(System.Globalization.CultureInfo.InvariantCulture),
            ["NODE_OPTIONS"] = $"{Environment.GetEnvironmentVariable("NODE_OPTIONS")} {string.Join(' ', AttemptScripts.Preloads.Select(p => $"--require \"{p}\""))}".Trim(),
        });
    }

    private ProcessSpec Spec(IReadOnlyList<string> arguments, Dictionary<string, string?> own)
    {
        var environment = new Dictionary<string, string?>();
        // The agent's own settings, its token among them, are none of the tests' business.
        foreach (string name in Environment.GetEnvironmentVariables().Keys)
        {
            if (name.StartsWith("QGJOB_", StringComparison.Ordinal)) environment[name] = null;
        }

        // AppWright's client logs every command and answer; Appium's log has them already.
        environment["WDIO_LOG_LEVEL"] = "warn";
        foreach (var (name, value) in run.Environment) environment[name] = value;
        foreach (var (name, value) in sdk.Environment) environment[name] = value;
        environment["PATH"] = string.Join(Path.PathSeparator,
            AttemptScripts.Bin, Path.GetDirectoryName(sdk.Adb), run.Environment.GetValueOrDefault("PATH") ?? Environment.GetEnvironmentVariable("PATH"));
        environment["ANDROID_ADB_SERVER_PORT"] = run.Device.AdbPort.ToString(System.Globalization.CultureInfo.InvariantCulture);
        environment["CI"] = "1";
        environment["PLAYWRIGHT_HTML_OPEN"] = "never";
        environment["QGJOB_CONFIG"] = project.ConfigFile;
        foreach (var (name, value) in own) environment[name] = value;
        return new ProcessSpec(toolchain.Node, [project.Cli, .. arguments], run.ProjectFolder, environment, ProcessMark.Attempt(run.AttemptId));
    }
}
