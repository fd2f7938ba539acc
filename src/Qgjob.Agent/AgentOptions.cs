using System.Globalization;
using Qgjob.Agent.BrowserStack;
using Qgjob.Agent.Evidence;
using Qgjob.Agent.Updates;
using Qgjob.Core.Jobs;

namespace Qgjob.Agent;

/// <summary>What an agent is told at its start.</summary>
public sealed record AgentOptions
{
    /// <summary>The server's address, or those of several on one store.</summary>
    public required IReadOnlyList<Uri> Servers { get; init; }

    /// <summary>Bearer token, if the server asks for one.</summary>
    public string? Token { get; init; }

    /// <summary>For people, and the first part of the ids of virtual phones and emulators.</summary>
    public string Name { get; init; } = Environment.MachineName;

    /// <summary>Where the agent keeps its id, caches and results that wait; one agent per folder.</summary>
    public string DataFolder { get; init; } = Path.Combine(Home, "agent");

    /// <summary>Where Appium and its driver are installed; agents on one host share it.</summary>
    public string ToolchainFolder { get; init; } = Path.Combine(Home, "toolchain");

    /// <summary>Words that jobs can ask for; every device of this agent gets them.</summary>
    public IReadOnlyList<string> Tags { get; init; } = [];

    /// <summary>Only devices of this kind are offered.</summary>
    public Target Target { get; init; } = Target.Any;

    /// <summary>The AppWright project for jobs that come without a test bundle.</summary>
    public string? Workspace { get; init; }

    /// <summary>When the screen's video is kept.</summary>
    public VideoPolicy Video { get; init; } = VideoPolicy.Failure;

    /// <summary>How many phones in software to run.</summary>
    public int VirtualPhones { get; init; }

    /// <summary>How long a virtual phone takes for an installation.</summary>
    public TimeSpan InstallDelay { get; init; }

    /// <summary>How long a virtual phone takes to start an app.</summary>
    public TimeSpan AppStartDelay { get; init; }

    /// <summary>How long a virtual phone takes to start instrumentation.</summary>
    public TimeSpan InstrumentationDelay { get; init; }

    /// <summary>How often virtual phones misbehave by themselves, as in "disconnect=0.02,install-failure=0.05".</summary>
    public string Faults { get; init; } = "";

    /// <summary>Makes that repeatable.</summary>
    public int FaultSeed { get; init; }

    /// <summary>The BrowserStack account whose free parallel sessions are offered; null for none.</summary>
    public BrowserStackAccount? BrowserStack { get; init; }

    /// <summary>At most so many of them; null for all.</summary>
    public int? BrowserStackSlots { get; init; }

    /// <summary>How many Android emulators to start when there is work.</summary>
    public int Emulators { get; init; }

    /// <summary>Of which AVD; null where there is only one.</summary>
    public string? Avd { get; init; }

    /// <summary>One without work for so long is stopped.</summary>
    public TimeSpan EmulatorIdle { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>The longest start of one.</summary>
    public TimeSpan EmulatorBoot { get; init; } = TimeSpan.FromMinutes(3);

    /// <summary>Follow the phones and emulators of this machine's adb server.</summary>
    public bool Usb { get; init; } = true;

    /// <summary>That server's port.</summary>
    public int AdbPort { get; init; } = 5037;

    /// <summary>The pool its devices work in; null is the default pool.</summary>
    public string? Pool { get; init; }

    /// <summary>Limit of each cache (builds, workspaces, node_modules), in bytes.</summary>
    public long CacheBytes { get; init; } = 20L << 30;

    /// <summary>The program to look after: when another one is put in its place, the agent ends between attempts. Null to go on for ever.</summary>
    public AgentProgram? Program { get; init; }

    private static string Home => Path.Combine(
        Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData, Environment.SpecialFolderOption.DoNotVerify), "qgjob");

    /// <exception cref="AgentStartException">An option is wrong; the message names it.</exception>
    internal void Validate()
    {
        Require(Servers.Count > 0, "url", "an http or https address", "");
        foreach (var server in Servers) Require(server.IsAbsoluteUri && server.Scheme is "http" or "https", "url", "an http or https address", server.ToString());
        Require(Name.Length is > 0 and <= 64 && Name.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '-' or '_'),
            "name", "1 to 64 letters, digits, '.', '-' or '_'", Name);
        Require(VirtualPhones is >= 0 and <= 200, "virtual-phones", "0 to 200", VirtualPhones.ToString(CultureInfo.InvariantCulture));
        Require(BrowserStackSlots is null or >= 1 and <= 500, "browserstack", "1 to 500", BrowserStackSlots?.ToString(CultureInfo.InvariantCulture) ?? "");
        Require(Emulators is >= 0 and <= 48, "emulators", "0 to 48", Emulators.ToString(CultureInfo.InvariantCulture));
        Require(Emulators == 0 || Target is Target.Any or Target.Emulator, "target", "emulator, or left out, with --emulators", "device");
        Require(Workspace is null || Directory.Exists(Workspace), "workspace", "an existing folder", Workspace ?? "");
        try
        {
            Qgjob.Phones.FaultRates.Parse(Faults);
        }
        catch (FormatException e)
        {
            throw new AgentStartException($"--faults: {e.Message}");
        }

        Require(CacheBytes > 0, "cache", "more than 0 bytes", CacheBytes.ToString(CultureInfo.InvariantCulture));
    }

    private static void Require(bool holds, string option, string expected, string given)
    {
        if (!holds) throw new AgentStartException($"--{option} must be {expected}, not '{given}'.");
    }
}

/// <summary>The agent cannot start; the message says why and what to do.</summary>
public sealed class AgentStartException(string message) : Exception(message);
