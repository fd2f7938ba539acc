using System.ComponentModel;
using System.Security.Cryptography;
using System.Text;
using Qgjob.Agent.Processes;

namespace Qgjob.Agent.Toolchain;

/// <summary>A folder with Appium and its uiautomator2 driver at versions known to work together.</summary>
/// <param name="Folder">Also the APPIUM_HOME: Appium finds the driver by the folder's package.json.</param>
/// <param name="Node">Path of the node program.</param>
internal sealed record AppiumToolchain(string Folder, string Node)
{
    // Node 18 is what AppWright 0.1.1 and Appium 2.19 ask for at least.
    private const int OldestNode = 18;
    private static readonly TimeSpan InstallLimit = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan LockPoll = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan ShortLimit = TimeSpan.FromSeconds(30);

    public string AppiumScript => Path.Combine(Folder, "node_modules", "appium", "index.js");

    /// <summary>Installs the toolchain below <paramref name="root"/> unless it is there. Two agents can share a root.</summary>
    /// <param name="say">Gets a line now and then for people who wait.</param>
    public static async Task<ToolchainOutcome> EnsureAsync(
        string root, Action<string> say, TimeProvider time, CancellationToken cancel)
    {
        if (ProgramPath.Find("node") is not { } node || ProgramPath.Find("npm") is not { } npm)
        {
            return new ToolchainFailed("Node.js or npm is missing. Install them: apt-get install nodejs npm");
        }

        if (await CheckNodeAsync(node, time, cancel).ConfigureAwait(false) is { } tooOld) return tooOld;

        var (manifest, locked) = Files;
        var ready = Below(root, node);
        if (File.Exists(ready.AppiumScript)) return new ToolchainReady(ready, Installed: false);

        Directory.CreateDirectory(root);
        var fence = await LockAsync(Path.Combine(root, "lock"), say, time, cancel).ConfigureAwait(false);
        await using (fence.ConfigureAwait(false))
        {
            if (File.Exists(ready.AppiumScript)) return new ToolchainReady(ready, Installed: false);
            var draft = $"{ready.Folder}.draft";
            if (Directory.Exists(draft)) Directory.Delete(draft, recursive: true);
            Directory.CreateDirectory(draft);
            await File.WriteAllTextAsync(Path.Combine(draft, "package.json"), manifest, cancel).ConfigureAwait(false);
            await File.WriteAllTextAsync(Path.Combine(draft, "package-lock.json"), locked, cancel).ConfigureAwait(false);
            say("Installing Appium and its Android driver with npm (once, about 130 MB)…");
            var start = time.GetTimestamp();
            if (await InstallAsync(npm, draft, time, cancel).ConfigureAwait(false) is { } failed) return failed;
            Directory.Move(draft, ready.Folder);
            say($"Appium is installed ({time.GetElapsedTime(start).TotalSeconds:0.0} s).");
            return new ToolchainReady(ready, Installed: true);
        }
    }

    /// <summary>The toolchain that this version of the agent uses, installed or not.</summary>
    public static AppiumToolchain Below(string root, string node)
    {
        var (manifest, locked) = Files;
        var hash = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(manifest + locked)))[..12];
        return new AppiumToolchain(Path.Combine(root, hash), node);
    }

    private static (string Manifest, string Locked) Files => (EmbeddedFile.Read("toolchain/package.json"), EmbeddedFile.Read("toolchain/package-lock.json"));

    /// <summary>Null when Node.js is new enough.</summary>
    public static async Task<ToolchainFailed?> CheckNodeAsync(string node, TimeProvider time, CancellationToken cancel)
    {
        var spec = new ProcessSpec(node, ["--version"], Path.GetTempPath(), new Dictionary<string, string?>(), ProcessMark.Once("node"));
        var result = await ShortRun.RunAsync(spec, ShortLimit, null, time, cancel).ConfigureAwait(false);
        var version = result.Output.Trim();
        return int.TryParse(version.TrimStart('v').Split('.')[0], out var major) && major >= OldestNode
            ? null
            : new ToolchainFailed($"Node.js {version} is too old: AppWright and Appium need {OldestNode} or later.");
    }

    private static async Task<ToolchainFailed?> InstallAsync(string npm, string folder, TimeProvider time, CancellationToken cancel)
    {
        // No install scripts: what they would fetch (chromedriver, other drivers) is not needed here.
        string[] arguments = ["ci", "--ignore-scripts", "--omit=dev", "--omit=optional", "--no-audit", "--no-fund"];
        var spec = new ProcessSpec(npm, arguments, folder, new Dictionary<string, string?>(), ProcessMark.Once("npm"));
        try
        {
            var result = await ShortRun.RunAsync(spec, InstallLimit, null, time, cancel).ConfigureAwait(false);
            return result.ExitCode == 0 ? null : new ToolchainFailed($"npm could not install Appium (exit {result.ExitCode}):\n{result.Output.TrimEnd()}");
        }
        catch (Exception e) when (e is TimeoutException or Win32Exception)
        {
            return new ToolchainFailed($"npm could not install Appium: {e.Message}");
        }
    }

    private static async Task<FileStream> LockAsync(string file, Action<string> say, TimeProvider time, CancellationToken cancel)
    {
        for (var first = true; ; first = false)
        {
            try
            {
                return new FileStream(file, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            }
            catch (IOException)
            {
                if (first) say("Another agent is installing Appium; waiting for it.");
                await Task.Delay(LockPoll, time, cancel).ConfigureAwait(false);
            }
        }
    }
}

internal abstract record ToolchainOutcome;

internal sealed record ToolchainReady(AppiumToolchain Toolchain, bool Installed) : ToolchainOutcome;

internal sealed record ToolchainFailed(string Reason) : ToolchainOutcome;
