using System.CommandLine;
using System.Text;
using Qgjob.Client.Wire;
using Qgjob.Core;
using Qgjob.Core.Notifications;
using Qgjob.Core.Runs;

namespace Qgjob.Cli.Commands;

internal static partial class HooksCommand
{
    private static Command Add(Bind bind)
    {
        var (name, org) = (Name(), Org());
        var to = new Option<string?>("--to") { Description = "Where messages go, an http or https address", HelpName = "ADDRESS" };
        var toFrom = new Option<string?>("--to-from") { Description = "A file that holds the address, or - for standard input: Slack's are secrets", HelpName = "FILE" };
        var secretFrom = new Option<string?>("--secret-from") { Description = "A file that holds the signature's key (whsec_…), or - (default: a new one, shown once)", HelpName = "FILE" };
        var format = new Option<string?>("--format") { Description = "How messages are written: json (default) or slack, which Mattermost takes, too", HelpName = "FORMAT" };
        var events = Texts("--event", "EVENT", $"What it is told: {string.Join(", ", HookEvents.All)}; may be repeated (default: the last two)");
        var owners = Texts("--owner", "OWNER", "Only tests of this owner, such as @acme/payments (CODEOWNERS) or @team-payments (a tag)");
        var tests = Texts("--test", "PATTERN", "Only test files that match, such as 'tests/cart/**'");
        var branches = Texts("--branch", "PATTERN", "Only runs of branches that match, such as main or 'release/*'");
        var meta = Texts("--meta", "NAME=VALUE", "Only runs that were submitted with this --meta");
        var command = new Command("add", "Adds a hook, or sets the one of that name anew; a disabled one works again")
        {
            name, org, to, toFrom, format, events, owners, tests, branches, meta, secretFrom,
        };
        bind(command, async (call, cancel) =>
        {
            var (orgId, id) = (call.Org(org), Call.Name("hook", call.Value(name)!));
            if (call.Value(to) is null == call.Value(toFrom) is null)
                throw CliException.Usage(call.Value(to) is null ? "No address is given." : "--to and --to-from exclude each other.", "Add --to ADDRESS, or --to-from FILE.");
            if (call.Value(toFrom) == "-" && call.Value(secretFrom) == "-") throw CliException.Usage("Standard input can hold the address or the key, not both.", "Give one of them in a file.");
            var settings = new HookSettings
            {
                Url = call.Value(to) ?? await ReadAsync(call, "--to-from", call.Value(toFrom)!, cancel).ConfigureAwait(false),
                Secret = call.Value(secretFrom) is { } file ? await ReadAsync(call, "--secret-from", file, cancel).ConfigureAwait(false) : null,
                Format = FormatOf("--format", call.Value(format)),
                Events = Some(call.Values(events)),
                Owners = Some(call.Values(owners)),
                Tests = Some(call.Values(tests)),
                Branches = Some(call.Values(branches)),
                Meta = call.Values(meta) is { Count: > 0 } pairs ? pairs.Select(PairOf).ToDictionary(p => p.Name, p => p.Value, StringComparer.Ordinal) : null,
            };
            var hook = await call.Client.SetHookAsync(orgId, id, settings, cancel).ConfigureAwait(false);
            if (call.Json)
            {
                call.WriteJson("hook", hook, WireJson.Default.HookView);
                return ExitCode.Passed;
            }
            call.Out.WriteLine($"{hook.Name}: {string.Join(", ", hook.Events)}{(Only(hook) is { Length: > 0 } only ? $" of {only}" : "")} to {hook.Url} ({Words.Of(hook.Format)})");
            if (hook.Secret is not null)
                call.Out.WriteLine($"secret: {hook.Secret}");
            call.Err.WriteLine(hook.Secret is not null
                ? $"The secret is shown only this once; with it the receiver checks that messages are ours. 'qgjob hooks test {hook.Name}' sends one."
                : $"'qgjob hooks test {hook.Name}' sends a message.");
            return ExitCode.Passed;
        });
        return command;
    }

    /// <summary>The word, or null when it is not given.</summary>
    public static HookFormat? FormatOf(string option, string? text) =>
        text is null ? null
        : Words.TryParse<HookFormat>(text.Trim().ToLowerInvariant(), out var format) ? format
        : throw CliException.Usage($"{option}: '{text}' is not known.", $"Choose from {string.Join(", ", Words.All<HookFormat>())}.");

    private static Option<string[]> Texts(string name, string value, string description) => new(name) { Description = description, HelpName = value };

    private static IReadOnlyList<string>? Some(IReadOnlyList<string> values) => values.Count == 0 ? null : values;

    private static (string Name, string Value) PairOf(string pair) =>
        pair.IndexOf('=') is > 0 and var at ? (pair[..at], pair[(at + 1)..]) : throw CliException.Usage($"--meta: '{pair}' has no name and value.", "Write --meta NAME=VALUE.");

    private static async Task<string> ReadAsync(Call call, string option, string file, CancellationToken cancel)
    {
        var path = Path.GetFullPath(file, call.World.CurrentFolder);
        if (file != "-" && !File.Exists(path)) throw CliException.Usage($"{option}: there is no file {path}.", "Give a file with one line, or - for standard input.");
        using var reader = new StreamReader(file == "-" ? call.World.OpenIn() : File.OpenRead(path), Encoding.UTF8);
        var text = (await reader.ReadToEndAsync(cancel).ConfigureAwait(false)).Trim();
        return text.Length > 0 ? text : throw CliException.Usage($"{option}: {(file == "-" ? "standard input" : path)} holds nothing.");
    }
}
