using System.Reflection;
using Qgjob.Agent.Android;
using Qgjob.Agent.Attempts;
using Qgjob.Agent.BrowserStack;
using Qgjob.Agent.Emulators;
using Qgjob.Agent.Toolchain;
using Qgjob.Client.Http;
using Qgjob.Core;

namespace Qgjob.Agent;

/// <summary>The process on a device host that offers devices and runs attempts.</summary>
public static class AgentHost
{
    /// <summary>Offers this machine's devices to a server and runs what it sends, until cancelled.</summary>
    /// <remarks>
    /// Cancelling ends it in order within about ten seconds: running attempts go back to the queue, phones in software
    /// and servers end. When the process dies instead, everything that it started ends by itself.
    /// </remarks>
    /// <param name="options">What to offer, and to whom.</param>
    /// <param name="console">Gets lines for people.</param>
    /// <param name="time">Clock of all waits.</param>
    /// <param name="ids">Makes the agent's id, boot ids and finish ids.</param>
    /// <param name="cancel">Ends it.</param>
    /// <returns>Why it ended.</returns>
    /// <exception cref="AgentStartException">It cannot start; the message says why.</exception>
    public static async Task<AgentEnd> RunAsync(AgentOptions options, IAgentConsole console, TimeProvider time, IIdSource ids, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(console);
        options.Validate();
        using var home = AgentHome.Open(options.DataFolder, ids);
        var sdk = FindSdk(home);
        if (options is { VirtualPhones: 0, Usb: false, BrowserStack: null, Emulators: 0 }) throw new AgentStartException("There is nothing to offer: --virtual-phones is 0, USB is off, and so is --browserstack.");
        // Adb, npm, Appium and the tests of phones have no use for them.
        BrowserStackAccount.HideFromChildren();
        try
        {
            if (await Leftovers.EndAsync(home.AgentId, time, cancel).ConfigureAwait(false) is > 0 and var count)
                console.Say($"Ended {count} process{(count == 1 ? "" : "es")} that an earlier start had left.");
            var toolchain = await AppiumToolchain.EnsureAsync(options.ToolchainFolder, console.Say, time, cancel).ConfigureAwait(false) switch
            {
                ToolchainReady(var ready, _) => ready,
                ToolchainFailed(var reason) => throw new AgentStartException(reason),
                _ => throw new System.Diagnostics.UnreachableException(),
            };
            var emulators = await EmulatorSource.FindAsync(options, Environment.GetEnvironmentVariable, console, time, cancel).ConfigureAwait(false);
            using var transport = new Transport(options.Servers, options.Token, time);
            var identity = new Leases.AgentIdentity(home.AgentId, ids.NewId("b"), options.Name, Version, options.Pool);
            var agent = new RunningAgent(options, home, identity, sdk, toolchain, emulators, transport, console, time, ids);
            await using (agent.ConfigureAwait(false))
                await agent.RunAsync(cancel).ConfigureAwait(false);
            // It ends by itself only for a new program.
            if (!cancel.IsCancellationRequested) return AgentEnd.Replaced;
        }
        catch (OperationCanceledException) when (cancel.IsCancellationRequested)
        {
            // Said below.
        }
        console.Say("The agent has stopped.");
        return AgentEnd.Stopped;
    }

    private static string Version =>
        typeof(AgentHost).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0] ?? "0";

    private static AndroidSdk FindSdk(AgentHome home) => AndroidSdk.Ensure(home.Sdk) switch
    {
        SdkReady(var sdk) => sdk,
        SdkMissing missing => throw new AgentStartException(missing.Message),
        _ => throw new System.Diagnostics.UnreachableException(),
    };
}

/// <summary>Why an agent ended.</summary>
public enum AgentEnd
{
    /// <summary>It was cancelled.</summary>
    Stopped,

    /// <summary>A new program lies in the place of its own, nothing runs any more, and all that it started has ended.</summary>
    Replaced,
}
