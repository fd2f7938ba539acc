using System.CommandLine;
using System.Globalization;
using Qgjob.Agent;
using Qgjob.Agent.BrowserStack;
using Qgjob.Agent.Evidence;
using Qgjob.Cli.Output;
using Qgjob.Core;
using Qgjob.Core.Jobs;
using Qgjob.Core.Runs;

namespace Qgjob.Cli.Commands;

internal static class AgentCommand
{
    public static Command Create(Bind bind)
    {
        var name = new Option<string?>("--name") { Description = "The agent's name (default: this machine's)", HelpName = "NAME" };
        var tag = new Option<string[]>("--tag") { Description = "A word that jobs can ask for; may be repeated", HelpName = "TAG" };
        var target = new Option<string?>("--target") { Description = "Offer only phones of this kind: device or emulator", HelpName = "KIND" };
        var workspace = new Option<string?>("--workspace") { Description = "The AppWright project for jobs that come without one", HelpName = "DIR" };
        var data = new Option<string?>("--data") { Description = "The agent's own folder: id, caches, phones in software", HelpName = "DIR" };
        var toolchain = new Option<string?>("--toolchain") { Description = "Where Appium and its driver are; agents can share it", HelpName = "DIR" };
        var noUsb = new Option<bool>("--no-usb") { Description = "Leave the phones and emulators alone that adb sees" };
        var adbPort = new Option<int?>("--adb-port") { Description = "Port of the adb server (default 5037)", HelpName = "PORT" };
        var phones = new Option<int>("--virtual-phones") { Description = "Run this many phones in software", HelpName = "N" };
        var cloud = new Option<string?>("--browserstack") { Description = "Offer BrowserStack's free parallel sessions, at most N (BROWSERSTACK_USERNAME, BROWSERSTACK_ACCESS_KEY)", HelpName = "N", Arity = ArgumentArity.ZeroOrOne };
        var emulators = new Option<int>("--emulators") { Description = "Start up to this many Android emulators when there is work", HelpName = "N" };
        var avd = new Option<string?>("--avd") { Description = "Emulators: of this AVD (default: the only one)", HelpName = "NAME" };
        var idle = new Option<string?>("--emulator-idle") { Description = "Emulators: stop one that had no work for so long (default 10m)", HelpName = "TIME" };
        var boot = new Option<string?>("--emulator-boot") { Description = "Emulators: the longest start (default 3m)", HelpName = "TIME" };
        var faults = new Option<string?>("--faults") { Description = "Virtual phones: misbehave by chance, as in disconnect=0.02,install-failure=0.05", HelpName = "RATES" };
        var faultSeed = new Option<int>("--fault-seed") { Description = "Virtual phones: makes that repeatable (default 0)", HelpName = "N" };
        var video = new Option<string?>("--video") { Description = "Keep the screen's video of attempts: failure (default), always or off", HelpName = "WHEN" };
        var noUpdate = new Option<bool>("--no-update") { Description = "Go on when this program's file is replaced; else the new one takes over between attempts" };
        var delays = new PhoneDelays();
        var command = new Command("agent", "Offers this machine's devices and runs what the server sends, until it is interrupted")
        {
            name, tag, target, workspace, data, toolchain, noUsb, adbPort, phones, emulators, avd, idle, boot, cloud, video, noUpdate,
        };
        delays.AddTo(command);
        command.Options.Add(faults);
        command.Options.Add(faultSeed);
        bind(command, async (call, cancel) =>
        {
            var options = new AgentOptions
            {
                Servers = call.Settings.Urls,
                Token = call.Settings.Token,
                Tags = call.Values(tag),
                Target = TargetOf(call.Value(target)),
                Workspace = call.Value(workspace) is { } folder ? Path.GetFullPath(folder, call.World.CurrentFolder) : null,
                Usb = !call.Value(noUsb),
                Program = call.Value(noUpdate) ? null : call.World.Program,
                VirtualPhones = call.Value(phones),
                Emulators = call.Value(emulators),
                Avd = call.Value(avd),
                Video = VideoOf(call.Value(video)),
                InstallDelay = delays.Install(call),
                AppStartDelay = delays.Start(call),
                InstrumentationDelay = delays.Instrumentation(call),
                Faults = call.Value(faults) ?? "",
                FaultSeed = call.Value(faultSeed),
            };
            if (call.IsGiven(cloud)) options = WithBrowserStack(options, call, call.Value(cloud));
            if (call.Value(name) is { } given) options = options with { Name = given };
            if (call.Value(data) is { } own) options = options with { DataFolder = Path.GetFullPath(own, call.World.CurrentFolder) };
            if (call.Value(toolchain) is { } shared) options = options with { ToolchainFolder = Path.GetFullPath(shared, call.World.CurrentFolder) };
            if (call.Value(adbPort) is { } port) options = options with { AdbPort = port };
            if (Durations.ParseSeconds("--emulator-idle", call.Value(idle)) is { } idleSeconds) options = options with { EmulatorIdle = TimeSpan.FromSeconds(idleSeconds) };
            if (Durations.ParseSeconds("--emulator-boot", call.Value(boot)) is { } bootSeconds) options = options with { EmulatorBoot = TimeSpan.FromSeconds(bootSeconds) };
            if (options is { Emulators: 0, Avd: not null }) throw CliException.Usage("--avd goes with --emulators.", "Such as --emulators 2 --avd Pixel_7.");
            if (options is { Usb: false, VirtualPhones: 0, BrowserStack: null, Emulators: 0 })
                throw CliException.Usage("There is nothing to offer: --no-usb leaves out what adb sees, and there are no phones in software.", "Leave out --no-usb, or add --virtual-phones N, --emulators N or --browserstack.");
            try
            {
                var lines = new AgentLines(call);
                while (await AgentHost.RunAsync(options, lines, call.World.Time, call.World.Ids, cancel).ConfigureAwait(false) == AgentEnd.Replaced)
                {
                    lines.Say("The new program takes over.");
                    lines.Warn($"The new program cannot be started: {options.Program!.Become()}. The agent goes on as it was.");
                }
            }
            catch (AgentStartException e)
            {
                throw new CliException(ExitCode.General, e.Message, "'qgjob doctor' looks for what else is missing.");
            }
            if (call.Json) call.WriteJson("agent_stopped", new StoppedDocument(options.Name), CliJson.Default.StoppedDocument);
            return ExitCode.Passed;
        });
        return command;
    }

    private static AgentOptions WithBrowserStack(AgentOptions options, Call call, string? most)
    {
        if (most is not null && !(int.TryParse(most, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number is >= 1 and <= 500))
            throw CliException.Usage($"--browserstack: '{most}' is no number of sessions.", "Give 1 to 500, or leave it out for all that the account has free.");
        try
        {
            return options with
            {
                BrowserStack = BrowserStackAccount.FromEnvironment(call.World.Environment),
                BrowserStackSlots = most is null ? null : int.Parse(most, CultureInfo.InvariantCulture),
            };
        }
        catch (AgentStartException e)
        {
            throw CliException.Usage(e.Message, "docs/browserstack.md explains the set-up.");
        }
    }

    private static Target TargetOf(string? text) =>
        text is null ? Target.Any
        : Words.TryParse<Target>(text, out var target) ? target
        : throw CliException.Usage($"--target: '{text}' is not known.", $"Choose from {string.Join(", ", Words.All<Target>())}.");

    private static VideoPolicy VideoOf(string? text) =>
        text is null ? VideoPolicy.Failure
        : Words.TryParse<VideoPolicy>(text, out var policy) ? policy
        : throw CliException.Usage($"--video: '{text}' is not known.", $"Choose from {string.Join(", ", Words.All<VideoPolicy>())}.");

    /// <summary>The agent's lines, with the time, on standard error.</summary>
    private sealed class AgentLines(Call call) : IAgentConsole
    {
        private readonly Lock gate = new();

        public void Say(string line) => Write(line);

        public void Warn(string line) => Write("warning: " + line);

        private void Write(string line)
        {
            lock (gate) call.Err.WriteLine($"{call.World.Time.GetLocalNow():HH:mm:ss} {SafeText.Line(line)}");
        }
    }
}

/// <summary>How slow a phone in software is.</summary>
internal sealed class PhoneDelays
{
    private readonly Option<string?> install = Delay("--install-delay", "each installation");
    private readonly Option<string?> start = Delay("--start-delay", "each start of an app");
    private readonly Option<string?> instrumentation = Delay("--instrumentation-delay", "each start of instrumentation");

    public void AddTo(Command command)
    {
        command.Options.Add(install);
        command.Options.Add(start);
        command.Options.Add(instrumentation);
    }

    public TimeSpan Install(Call call) => Read(call, install);

    public TimeSpan Start(Call call) => Read(call, start);

    public TimeSpan Instrumentation(Call call) => Read(call, instrumentation);

    private static TimeSpan Read(Call call, Option<string?> option) => call.Value(option) switch
    {
        null or "0" or "0s" => TimeSpan.Zero,
        { } text => Durations.Parse(option.Name, text),
    };

    private static Option<string?> Delay(string name, string what) =>
        new(name) { Description = $"Virtual phones: how long {what} takes (default 0)", HelpName = "TIME" };
}
