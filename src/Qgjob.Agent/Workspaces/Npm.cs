using System.ComponentModel;
using Qgjob.Agent.AppWright;
using Qgjob.Agent.Processes;

namespace Qgjob.Agent.Workspaces;

/// <summary>Runs npm.</summary>
internal sealed class Npm(TimeProvider time)
{
    private static readonly TimeSpan InstallLimit = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan VersionLimit = TimeSpan.FromSeconds(30);
    // Words in npm's and node's errors for trouble that another try may not have.
    private static readonly string[] NetworkSigns =
        ["ENOTFOUND", "ECONNREFUSED", "ECONNRESET", "ETIMEDOUT", "EAI_AGAIN", "ENETUNREACH", "EHOSTUNREACH", "ERR_SOCKET_TIMEOUT", "E500", "E502", "E503", "E504", "E429", "ENOSPC"];

    private string? _platform;

    /// <summary>Node's version and the kind of machine, for keys.</summary>
    public async Task<string> PlatformAsync(CancellationToken cancel)
    {
        if (_platform is { } known) return known;
        var result = await RunAsync("node", ["--version"], Path.GetTempPath(), VersionLimit, null, cancel).ConfigureAwait(false);
        return _platform = $"{result.Output.Trim()} {Environment.OSVersion.Platform} {System.Runtime.InteropServices.RuntimeInformation.OSArchitecture}";
    }

    /// <summary>Installs what the folder's package.json and lock file ask for.</summary>
    /// <exception cref="ProjectErrorException">npm refuses the project.</exception>
    /// <exception cref="AttemptInfraException">The network, the disk or npm itself failed.</exception>
    public async Task InstallAsync(string folder, bool hasLock, Action<string> log, CancellationToken cancel)
    {
        string[] arguments = [hasLock ? "ci" : "install", "--no-audit", "--no-fund"];
        var command = $"npm {arguments[0]}";
        ShortRunResult result;
        try
        {
            result = await RunAsync("npm", arguments, folder, InstallLimit, log, cancel).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            throw new AttemptInfraException($"{command} took more than {InstallLimit.TotalMinutes:0} minutes.");
        }

        if (result.ExitCode == 0) return;
        var message = $"{command} failed (exit {result.ExitCode}):\n{Errors(result.Output)}";
        if (NetworkSigns.Any(s => result.Output.Contains(s, StringComparison.Ordinal))) throw new AttemptInfraException(message);
        throw new ProjectErrorException(message);
    }

    /// <summary>npm's own error lines, without the pointer to its log file.</summary>
    internal static string Errors(string output)
    {
        var lines = output.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        var errors = lines.Where(l => (l.StartsWith("npm error", StringComparison.Ordinal) || l.StartsWith("npm ERR!", StringComparison.Ordinal))
            && !l.Contains("A complete log", StringComparison.Ordinal) && !l.Contains("_logs", StringComparison.Ordinal)).ToList();
        return string.Join('\n', errors.Count > 0 ? errors.Take(20) : lines.TakeLast(20));
    }

    private async Task<ShortRunResult> RunAsync(
        string program, string[] arguments, string folder, TimeSpan limit, Action<string>? log, CancellationToken cancel)
    {
        var path = ProgramPath.Find(program) ?? throw new AttemptInfraException($"{program} is missing on the agent's host. Install it: apt-get install nodejs npm");
        var environment = new Dictionary<string, string?>
        {
            ["CI"] = "1",
            ["npm_config_update_notifier"] = "false",
            // AppWright drives phones; the browsers that Playwright would fetch are of no use.
            ["PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD"] = "1",
        };
        // The agent's token is none of the packages' business.
        foreach (string name in Environment.GetEnvironmentVariables().Keys)
            if (name.StartsWith("QGJOB_", StringComparison.Ordinal)) environment[name] = null;
        try
        {
            return await ShortRun.RunAsync(
                new ProcessSpec(path, arguments, folder, environment, ProcessMark.Once(program)), limit, log, time, cancel).ConfigureAwait(false);
        }
        catch (Win32Exception e)
        {
            throw new AttemptInfraException($"{program} does not start: {e.Message}");
        }
    }
}
