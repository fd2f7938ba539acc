using System.ComponentModel;
using Qgjob.Agent.AppWright;
using Qgjob.Agent.Downloads;
using Qgjob.Agent.Processes;

namespace Qgjob.Agent.Workspaces;

/// <summary>Runs npm, pnpm and yarn.</summary>
/// <param name="tools">Keeps the package managers that npm fetched.</param>
internal sealed class PackageInstall(CacheFolder tools, TimeProvider time)
{
    private static readonly TimeSpan InstallLimit = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan ShortLimit = TimeSpan.FromMinutes(2);
    // Words in the programs' and node's errors for trouble that another try may not have.
    private static readonly string[] NetworkSigns =
    [
        "ENOTFOUND", "ECONNREFUSED", "ECONNRESET", "ETIMEDOUT", "ESOCKETTIMEDOUT", "EAI_AGAIN", "ENETUNREACH", "EHOSTUNREACH", "ERR_SOCKET_TIMEOUT",
        "E500", "E502", "E503", "E504", "E429", "ENOSPC", "ERR_PNPM_META_FETCH_FAIL", "ERR_PNPM_FETCH_5", "ERR_PNPM_FETCH_429", "trouble with your network connection",
    ];

    private static readonly string[] CredentialSigns = ["E401", "E403", "ERR_PNPM_FETCH_401", "ERR_PNPM_FETCH_403", "401 Unauthorized", "403 Forbidden", "YN0041"];

    private string? platform;

    /// <summary>Node's version and the kind of machine, for keys.</summary>
    public async Task<string> PlatformAsync(CancellationToken cancel)
    {
        if (platform is { } known) return known;
        var result = await RunAsync(Program("node"), ["--version"], Path.GetTempPath(), ShortLimit, null, cancel).ConfigureAwait(false);
        return platform = $"{result.Output.Trim()} {Environment.OSVersion.Platform} {System.Runtime.InteropServices.RuntimeInformation.OSArchitecture}";
    }

    /// <summary>What will be run, for people.</summary>
    public static string Command(PackageManager manager) => $"{manager.Name} {Arguments(manager)[0]}";

    /// <summary>Installs what the folder's package.json and lock file ask for.</summary>
    /// <exception cref="ProjectErrorException">The package manager refuses the project.</exception>
    /// <exception cref="AttemptInfraException">The network, the disk or the package manager itself failed.</exception>
    public async Task InstallAsync(PackageManager manager, string folder, Action<string> log, CancellationToken cancel)
    {
        var entry = manager.Version is null ? null
            : await tools.GetAsync($"{manager.Package.Replace('/', '+')}@{manager.Version}", (draft, c) => FetchAsync(manager, draft, log, c), cancel).ConfigureAwait(false);
        using (entry)
        {
            var bin = entry is null ? null : Path.Combine(entry.Folder, "node_modules", ".bin");
            var arguments = Arguments(manager);
            // Else pnpm takes a workspace above this folder for its own, whosever it is.
            if (manager.Kind is PackageManagerKind.Pnpm && !File.Exists(Path.Combine(folder, "pnpm-workspace.yaml"))) arguments = [.. arguments, "--ignore-workspace"];
            await CheckedAsync(manager, bin is null ? Program("npm") : Path.Combine(bin, manager.Name), arguments, folder, bin, log, cancel).ConfigureAwait(false);
        }
    }

    /// <summary>Copies a node_modules folder by hard links: at once, and without taking the space twice.</summary>
    public async Task CloneAsync(string from, string to, CancellationToken cancel)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(to)!);
        // Its packages' links to each other are relative, so they keep their meaning.
        string[][] ways = OperatingSystem.IsMacOS() ? [["-Rc", from, to], ["-RP", from, to]] : [["-al", from, to], ["-a", from, to]];
        ShortRunResult? last = null;
        foreach (var way in ways)
        {
            last = await RunAsync(Program("cp"), way, Path.GetTempPath(), InstallLimit, null, cancel).ConfigureAwait(false);
            if (last.ExitCode == 0) return;
            if (Directory.Exists(to)) Directory.Delete(to, recursive: true);
        }

        throw new AttemptInfraException($"The packages could not be copied into the workspace:\n{Errors(last!.Output)}");
    }

    /// <summary>The program's own error lines, without the pointer to its log file.</summary>
    internal static string Errors(string output)
    {
        var lines = output.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        var errors = lines.Where(l => (l.StartsWith("npm error", StringComparison.Ordinal) || l.StartsWith("npm ERR!", StringComparison.Ordinal))
            && !l.Contains("A complete log", StringComparison.Ordinal) && !l.Contains("_logs", StringComparison.Ordinal)).ToList();
        return string.Join('\n', errors.Count > 0 ? errors.Take(20) : lines.Where(l => !l.StartsWith("Progress:", StringComparison.Ordinal)).TakeLast(20));
    }

    private static string[] Arguments(PackageManager manager) => manager switch
    {
        { Kind: PackageManagerKind.Npm } => [manager.LockFile is null ? "install" : "ci", "--no-audit", "--no-fund"],
        { Kind: PackageManagerKind.Berry } => ["install", manager.LockFile is null ? "--no-immutable" : "--immutable"],
        { Kind: PackageManagerKind.Yarn } => ["install", .. manager.LockFile is null ? Array.Empty<string>() : ["--frozen-lockfile"], "--non-interactive", "--no-progress"],
        _ => ["install", manager.LockFile is null ? "--no-frozen-lockfile" : "--frozen-lockfile", "--reporter=append-only"],
    };

    private async Task FetchAsync(PackageManager manager, string draft, Action<string> log, CancellationToken cancel)
    {
        await File.WriteAllTextAsync(Path.Combine(draft, "package.json"), "{}", cancel).ConfigureAwait(false);
        log($"qgjob: fetching {manager.Name} {manager.Version} (first time on this host)");
        await CheckedAsync(
            manager with { Kind = PackageManagerKind.Npm }, Program("npm"),
            ["install", "--no-audit", "--no-fund", "--no-save", "--ignore-scripts", $"{manager.Package}@{manager.Version}"], draft, null, log, cancel).ConfigureAwait(false);
    }

    private async Task CheckedAsync(
        PackageManager manager, string program, string[] arguments, string folder, string? bin, Action<string> log, CancellationToken cancel)
    {
        var command = $"{manager.Name} {arguments[0]}";
        ShortRunResult result;
        try
        {
            result = await RunAsync(program, arguments, folder, InstallLimit, log, cancel, bin).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            throw new AttemptInfraException($"{command} took more than {InstallLimit.TotalMinutes:0} minutes.");
        }

        if (result.ExitCode == 0) return;
        bool Says(string[] signs) => signs.Any(s => result.Output.Contains(s, StringComparison.Ordinal));
        var message = $"{command} failed (exit {result.ExitCode}):\n{Errors(result.Output)}";
        if (Says(NetworkSigns)) throw new AttemptInfraException(message);
        if (MissingAppWright.Explain(result.Output) is { } mend) throw new ProjectErrorException($"{message}\n{mend}");
        if (manager.Kind is PackageManagerKind.Berry && Says(["YN0028"]))
            message += $"\nThe lock file does not fit package.json, or another yarn than {manager.Version} wrote it: run `yarn install`, commit yarn.lock, and name your yarn in package.json, as in \"packageManager\": \"yarn@{manager.Version}\".";
        if (Says(CredentialSigns)) message += "\nBundles carry no registry credentials: put them into ~/.npmrc (yarn 2 and later: ~/.yarnrc.yml) of the user that runs the agent.";
        throw new ProjectErrorException(message);
    }

    private static string Program(string name) =>
        ProgramPath.Find(name) ?? throw new AttemptInfraException($"{name} is missing on the agent's host. Install it: apt-get install nodejs npm");

    private async Task<ShortRunResult> RunAsync(
        string program, string[] arguments, string folder, TimeSpan limit, Action<string>? log, CancellationToken cancel, string? bin = null)
    {
        var environment = new Dictionary<string, string?>
        {
            ["CI"] = "1",
            ["npm_config_update_notifier"] = "false",
            // The version that was asked for is the one that runs.
            ["npm_config_manage_package_manager_versions"] = "false",
            // AppWright looks for node_modules; yarn's other way of linking has none.
            ["YARN_NODE_LINKER"] = "node-modules",
            ["YARN_ENABLE_TELEMETRY"] = "0",
            // AppWright drives phones; the browsers that Playwright would fetch are of no use.
            ["PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD"] = "1",
        };
        if (bin is not null) environment["PATH"] = $"{bin}{Path.PathSeparator}{Environment.GetEnvironmentVariable("PATH")}";
        // The agent's token is none of the packages' business.
        foreach (string name in Environment.GetEnvironmentVariables().Keys)
            if (name.StartsWith("QGJOB_", StringComparison.Ordinal)) environment[name] = null;
        try
        {
            return await ShortRun.RunAsync(
                new ProcessSpec(program, arguments, folder, environment, ProcessMark.Once(Path.GetFileName(program))), limit, log, time, cancel).ConfigureAwait(false);
        }
        catch (Win32Exception e)
        {
            throw new AttemptInfraException($"{Path.GetFileName(program)} does not start: {e.Message}");
        }
    }
}
