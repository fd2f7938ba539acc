using Qgjob.Agent.Processes;

namespace Qgjob.Agent.AppWright;

/// <summary>Builds the command line and environment for Playwright. Pure, but for reading this process's environment.</summary>
/// <param name="place">What the tests need to know of the device's place.</param>
internal sealed class TestProcess(AppWrightRun run, PlaywrightProject project, AttemptFiles files, string node, PlaceVariables place)
{
    /// <summary>Writes the config's projects into a file and ends.</summary>
    public ProcessSpec List(string into) => Spec(
        ["test", "--list", "--config", AttemptScripts.Wrapper(project.IsModule)],
        new Dictionary<string, string?> { ["QGJOB_LIST"] = into });

    /// <param name="build">What AppWright takes for the build: a file, or an address in the cloud.</param>
    /// <param name="more">What is known only now.</param>
    public ProcessSpec Test(ConfiguredProject chosen, string build, IEnumerable<KeyValuePair<string, string?>> more)
    {
        var arguments = new List<string> { "test", "--config", AttemptScripts.Wrapper(project.IsModule) };
        // AppWright's own global setup looks for this pair in the arguments.
        if (chosen.Name.Length > 0) arguments.AddRange(["--project", chosen.Name]);
        if (run.Grep is { } grep) arguments.AddRange(["--grep", grep]);
        return Spec(arguments, new Dictionary<string, string?>(more)
        {
            ["QGJOB_PROJECT"] = chosen.Name,
            ["QGJOB_TEST"] = Path.GetFullPath(run.TestFile, run.ProjectFolder),
            ["QGJOB_SELECTION"] = SelectedTests.Write(run.Tests, files.Folder),
            ["QGJOB_OUT"] = run.OutFolder,
            ["QGJOB_BUILD"] = build,
            ["QGJOB_EVENTS"] = files.Events,
            ["QGJOB_CLOSING"] = files.Closing,
            ["QGJOB_ROOT"] = run.ProjectFolder,
            ["QGJOB_RETRIES"] = run.TestRetries?.ToString(System.Globalization.CultureInfo.InvariantCulture),
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
        foreach (var (name, value) in place.Environment) environment[name] = value;
        environment["PATH"] = string.Join(Path.PathSeparator,
            [AttemptScripts.Bin, .. place.Programs, run.Environment.GetValueOrDefault("PATH") ?? Environment.GetEnvironmentVariable("PATH")]);
        environment["CI"] = "1";
        environment["PLAYWRIGHT_HTML_OPEN"] = "never";
        environment["QGJOB_CONFIG"] = project.ConfigFile;
        foreach (var (name, value) in own) environment[name] = value;
        return new ProcessSpec(node, [project.Cli, .. arguments], run.ProjectFolder, environment, ProcessMark.Attempt(run.AttemptId));
    }
}

/// <summary>What tests on a device of some kind need around them.</summary>
/// <param name="Programs">Folders that come before PATH.</param>
internal sealed record PlaceVariables(IReadOnlyDictionary<string, string?> Environment, IReadOnlyList<string> Programs);
