using System.CommandLine;
using Qgjob.Cli.Commands;
using Qgjob.Cli.Output;
using Qgjob.Client.Wire;
using Qgjob.Core;
using Qgjob.Core.Devices;
using Qgjob.Core.Jobs;

namespace Qgjob.Cli.Submission;

/// <summary>The options of <c>qgjob submit</c> and what they mean on the wire.</summary>
internal sealed class SubmitOptions
{
    private readonly Option<string?> org = Text("--org-id", "ORG", "The org (QGJOB_ORG)");
    private readonly Option<string?> appVersion = new("--app-version-id") { Description = "The app version to test (with --app: by default package and hash of the build)", HelpName = "VERSION" };
    private readonly Option<string?> target = Text("--target", "KIND", $"Kind of device: {string.Join(", ", Words.All<Target>())} (default any)");
    private readonly Option<string?> overflow = Text("--overflow", "KIND", "Spare devices of this kind: they take what would wait too long for others");
    private readonly Option<string?> after = Text("--after", "TIME", "With --overflow: the longest wait for others (default 5m)");
    private readonly Option<string[]> platform = Texts("--platform", "OS", "android or ios; given twice, every test runs on both");
    private readonly Option<string?> device = Text("--device", "CONDITIONS", "Conditions on the device, such as 'os>=13,model=Pixel*|Galaxy*,tag=lab1' (docs/devices.md)");
    private readonly Option<bool> strict = new("--strict") { Description = "Refuse (exit code 18) what no device seen so far could run" };
    private readonly Option<bool> eachDevice = new("--each-device") { Description = "Run every test once on each device that fits and takes work now" };
    private readonly Option<string?> priority = Text("--priority", "P", "low, normal, high, urgent or a number from -10 to 10");
    private readonly Option<string?> reset = Text("--reset", "MODE", "Between tests: clear wipes the app's data (default), reinstall, none");
    private readonly Option<int?> maxAttempts = Number("--max-attempts", "Tries when a test fails, 1 to 10 (default 1)");
    private readonly Option<int?> infraAttempts = Number("--infra-attempts", "Tries when a device or an agent fails, 1 to 10 (default 3)");
    private readonly Option<string?> queueTimeout = Text("--queue-timeout", "TIME", "Longest wait for a device (default 60m)");
    private readonly Option<string?> installTimeout = Text("--install-timeout", "TIME", "Longest installation (default 10m)");
    private readonly Option<string?> timeout = Text("--timeout", "TIME", "Longest run of one test file (default 30m)");
    private readonly Option<string?> silenceTimeout = Text("--silence-timeout", "TIME", "Longest time without output or a command to the phone (default 5m)");
    private readonly Option<string[]> env = Texts("--env", "NAME=VALUE", "Environment of the tests");
    private readonly Option<string[]> meta = Texts("--meta", "NAME=VALUE", "What to note with the run; branch and commit are noted by themselves");
    private readonly Option<string?> grep = Text("--grep", "REGEX", "Only tests whose title matches");
    private readonly Option<string?> awProject = Text("--aw-project", "NAME", "A Playwright project of the AppWright config");
    private readonly Option<int?> testRetries = Number("--test-retries", "Playwright's own retries (default: as the project sets them)");

    private readonly Option<string?> split = Text("--split", "N", "Divides each file into N jobs by what its tests took in the past; auto: as many as are worth it");
    private readonly Option<string[]> needs = Texts("--needs", "NAME", "A named resource that each test takes a unit of ('qgjob resources'); may be repeated");
    private readonly Option<string?> supersede = Text("--supersede", "KEY", "Cancels what still waits of earlier submissions with this key");
    private readonly Option<int?> maxCloudMinutes = Number("--max-cloud-minutes", "After so many minutes of BrowserStack sessions, ends what waits and could go there");
    private readonly Option<bool> failFast = new("--fail-fast") { Description = "The first file that does not pass cancels the others" };
    private readonly Option<bool> failOnFlaky = new("--fail-on-flaky") { Description = "A test that failed first and passed later fails its file" };
    private readonly Option<bool> failOnSkipped = new("--fail-on-skipped") { Description = "A skipped test fails its file" };

    private readonly Option<string?> notify = Text("--notify", "ADDRESS", "Where to tell of the run's end, http or https (QGJOB_NOTIFY; signed with QGJOB_NOTIFY_SECRET)");
    private readonly Option<string?> notifyFormat = Text("--notify-format", "FORMAT", "How that message is written: json (default) or slack (QGJOB_NOTIFY_FORMAT)");

    public Option<string[]> Tests { get; } = new("--test") { Description = "A test file, a folder or a pattern; may be repeated", HelpName = "FILE", Required = true };
    public Option<string?> App { get; } = Text("--app", "FILE", "The build; uploaded when the server lacks it");
    public Option<string?> Project { get; } = Text("--project", "DIR", "The AppWright project (default: the nearest folder upward with a config)");
    public Option<string?> Config { get; } = Text("--config", "FILE", "The AppWright config (default: appwright.config.* of the project)");
    public Option<string[]> Include { get; } = Texts("--include", "PATTERN", "Ignored files that the tests need all the same");
    public Option<string?> IdempotencyKey { get; } = Text("--idempotency-key", "KEY", "The same key again submits nothing new");
    public Option<bool> List { get; } = new("--list") { Description = "Show what would be submitted, and submit nothing" };
    public Option<bool> Wait { get; } = new("--wait") { Description = "Stay until the run ends; the exit code is its verdict" };

    public void AddTo(Command command)
    {
        foreach (Option option in (Option[])
            [
                org, appVersion, Tests, App, Project, Include, target, overflow, after, platform, device, strict, eachDevice, priority, reset, maxAttempts, infraAttempts,
                queueTimeout, installTimeout, timeout, silenceTimeout, split, env, needs, meta, grep, awProject, Config, testRetries,
                supersede, maxCloudMinutes, failFast, failOnFlaky, failOnSkipped, notify, notifyFormat, IdempotencyKey, List, Wait,
            ]) command.Options.Add(option);
    }

    /// <summary>All but the tests and the bundle.</summary>
    public SubmitRun Read(Call call, string gitFolder)
    {
        var platforms = call.Values(platform).SelectMany(p => p.Split(',')).Select(p => Word<Platform>("--platform", p)!.Value).Distinct().ToList();
        if (call.Value(device) is { } conditions && !DeviceSelector.TryParse(conditions, out _, out var error))
            throw CliException.Usage($"--device: {error!.Problem}.\n{error.Pointed}", "Conditions are joined by commas, such as os>=13,model=Pixel*|Galaxy*,tag=lab1.");
        if (call.Value(after) is not null && call.Value(overflow) is null) throw CliException.Usage("--after goes with --overflow.", "Such as --overflow browserstack --after 5m.");
        if (call.Value(eachDevice) && call.Value(split) is not null) throw CliException.Usage("--split cannot be given together with --each-device.", "There every device runs whole files.");
        return new SubmitRun
        {
            OrgId = call.Org(org),
            AppVersionId = Call.Name("app version", call.Value(appVersion) ?? (call.Value(App) is { } app
                ? BuildName.Of(Path.GetFullPath(app, call.World.CurrentFolder))
                : throw CliException.Usage("No app version is given.", "Add --app-version-id NAME, or the build with --app FILE."))),
            Target = Word<Target>("--target", call.Value(target)),
            Overflow = Word<Target>("--overflow", call.Value(overflow)),
            OverflowAfterSeconds = Durations.ParseSeconds("--after", call.Value(after)),
            Platform = platforms.Count == 1 ? platforms[0] : null,
            Platforms = platforms.Count > 1 ? platforms : null,
            Device = call.Value(device),
            Strict = call.Value(strict) ? true : null,
            EachDevice = call.Value(eachDevice) ? true : null,
            Priority = call.Value(priority) is { } tier ? PriorityText.Parse("--priority", tier) : null,
            Reset = Word<ResetMode>("--reset", call.Value(reset)),
            MaxAttempts = Between("--max-attempts", call.Value(maxAttempts), 1, 10),
            InfraAttempts = Between("--infra-attempts", call.Value(infraAttempts), 1, 10),
            QueueTimeoutSeconds = Durations.ParseSeconds("--queue-timeout", call.Value(queueTimeout)),
            InstallTimeoutSeconds = Durations.ParseSeconds("--install-timeout", call.Value(installTimeout)),
            TimeoutSeconds = Durations.ParseSeconds("--timeout", call.Value(timeout)),
            SilenceTimeoutSeconds = Durations.ParseSeconds("--silence-timeout", call.Value(silenceTimeout)),
            Env = Pairs("--env", call.Values(env), null),
            Meta = Pairs("--meta", call.Values(meta), GitState.Read(gitFolder, call.World.Environment)),
            Grep = call.Value(grep),
            AwProject = call.Value(awProject),
            Config = call.Value(Config)?.Replace('\\', '/'),
            TestRetries = Between("--test-retries", call.Value(testRetries), 0, 100),
            Split = Splitting.Parse(call.Value(split)),
            Needs = call.Values(needs) is { Count: > 0 } named ? [.. named.Select(n => Call.Name("resource", n)).Distinct()] : null,
            Supersede = call.Value(supersede),
            MaxCloudMinutes = Between("--max-cloud-minutes", call.Value(maxCloudMinutes), 1, 1_000_000),
            FailFast = call.Value(failFast) ? true : null,
            FailOnFlaky = call.Value(failOnFlaky) ? true : null,
            FailOnSkipped = call.Value(failOnSkipped) ? true : null,
            Notify = NotifyOf(call),
        };
    }

    /// <summary>The address may be a secret, as Slack's is, so it may come from the environment; the key comes from nowhere else.</summary>
    private NotifyTarget? NotifyOf(Call call)
    {
        string? Given(string name) => call.World.Environment(name) is { Length: > 0 } value ? value : null;
        var format = HooksCommand.FormatOf("--notify-format", call.Value(notifyFormat) ?? Given("QGJOB_NOTIFY_FORMAT"));
        if ((call.Value(notify) ?? Given("QGJOB_NOTIFY")) is { } to) return new NotifyTarget { Url = to, Format = format, Secret = Given("QGJOB_NOTIFY_SECRET") };
        return call.Value(notifyFormat) is null ? null : throw CliException.Usage("--notify-format says how, but nothing says where.", "Add --notify ADDRESS.");
    }

    private static Option<string?> Text(string name, string value, string description) => new(name) { Description = description, HelpName = value };

    private static Option<string[]> Texts(string name, string value, string description) => new(name) { Description = description, HelpName = value };

    private static Option<int?> Number(string name, string description) => new(name) { Description = description, HelpName = "N" };

    private static T? Word<T>(string option, string? text) where T : struct, Enum =>
        text is null ? null
        : Words.TryParse<T>(text.Trim().ToLowerInvariant(), out var value) ? value
        : throw CliException.Usage($"{option}: '{text}' is not known.", $"Choose from {string.Join(", ", Words.All<T>())}.");

    private static int? Between(string option, int? value, int least, int most) =>
        value is null || (value >= least && value <= most) ? value : throw CliException.Usage($"{option}: {value} is not from {least} to {most}.");

    private static Dictionary<string, string>? Pairs(string option, IReadOnlyList<string> given, Dictionary<string, string>? start)
    {
        var pairs = start ?? [];
        foreach (var pair in given)
        {
            var equals = pair.IndexOf('=');
            if (equals < 1) throw CliException.Usage($"{option}: '{pair}' has no name and value.", $"Write {option} NAME=VALUE.");
            pairs[pair[..equals]] = pair[(equals + 1)..];
        }
        return pairs.Count == 0 ? null : pairs;
    }
}
