using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;
using System.CommandLine.Parsing;
using Qgjob.Cli.Ci;
using Qgjob.Cli.Commands;
using Qgjob.Cli.Output;
using Qgjob.Core.Runs;

namespace Qgjob.Cli;

/// <summary>All commands in one tree, and what they share: parsing, errors, exit codes.</summary>
internal sealed class CommandLine
{
    private readonly GlobalOptions options = new();
    private readonly Surroundings world;
    private readonly GitHub? github;
    private readonly RootCommand root;

    /// <summary>Runs the command that the arguments name; the exit code.</summary>
    public static async Task<int> RunAsync(string[] args, Surroundings world, CancellationToken cancel)
    {
        var line = new CommandLine(world);
        args = Spelt(args);
        // No response files: in --grep @smoke the @ belongs to the tests' titles.
        var parsed = line.root.Parse(args, new ParserConfiguration { EnablePosixBundling = false, ResponseFileTokenReplacer = null });
        if (parsed.Action is HelpWithExamples && parsed.UnmatchedTokens is [var stray, ..] && stray[0] != '-' && parsed.CommandResult.Command.Subcommands.Count > 0)
            return line.ReportUsage(parsed, args, stray);
        if (parsed.Action is not HelpWithExamples && MistypedOption(parsed) is { } mistyped) return line.ReportUsage(parsed, args, mistyped);
        if (parsed.Action is ParseErrorAction or null) return line.ReportUsage(parsed, args, parsed.UnmatchedTokens is [var first, ..] ? first : null);
        var invocation = new InvocationConfiguration
        {
            Output = world.Out,
            Error = world.Err,
            EnableDefaultExceptionHandler = false,
            ProcessTerminationTimeout = null,
        };
        return await parsed.InvokeAsync(invocation, cancel).ConfigureAwait(false);
    }

    /// <summary>The tree itself, for those who look at it rather than run it.</summary>
    internal static RootCommand Tree(Surroundings world) => new CommandLine(world).root;

    /// <summary>Two habits from other programs, in this one's words: <c>--version</c> and <c>help COMMAND</c>.</summary>
    private static string[] Spelt(string[] args) => args switch
    {
        ["--version", .. var rest] => ["version", .. rest],
        ["help", .. var rest] => [.. rest, "--help"],
        _ => args,
    };

    private CommandLine(Surroundings world)
    {
        this.world = world;
        github = GitHub.Of(world);
        root = new RootCommand("Runs AppWright tests of mobile apps on the devices of your team.");
        root.Directives.Clear();
        foreach (var option in root.Options.OfType<VersionOption>().ToList()) root.Options.Remove(option);
        var help = root.Options.OfType<HelpOption>().Single();
        help.Action = new HelpWithExamples((HelpAction)help.Action!, world.OutWidth());
        foreach (Option option in (Option[])[options.Json, options.Url, options.Server, options.Token, options.OidcAudience]) root.Options.Add(option);
        foreach (var command in AllCommands.Of(Bind)) root.Subcommands.Add(command);
    }

    /// <summary>Gives a command its work; what goes wrong becomes two lines and an exit code, here and nowhere else.</summary>
    private void Bind(Command command, Func<Call, CancellationToken, Task<ExitCode>> work) =>
        command.SetAction(async (parsed, cancel) =>
        {
            using var call = new Call(parsed, options, world, github);
            try
            {
                return (int)await work(call, cancel).ConfigureAwait(false);
            }
            catch (OperationCanceledException) when (cancel.IsCancellationRequested)
            {
                return (int)ExitCode.Interrupted;
            }
            catch (Exception e) when (Failure.Of(e) is { } failure)
            {
                return Report(WithHint(failure, command), call.Json);
            }
        });

    /// <summary>No mistake without what to do next.</summary>
    private static Failure WithHint(Failure failure, Command command)
    {
        if (failure.Hint is not null || failure.Code is not ExitCode.Usage) return failure;
        var parent = command.Parents.OfType<Command>().FirstOrDefault();
        var name = parent is null or RootCommand ? command.Name : $"{parent.Name} {command.Name}";
        return failure with { Hint = $"'qgjob {name} --help' shows what it takes, with examples." };
    }

    private int Report(Failure failure, bool json)
    {
        github?.Failed(failure.Message, failure.Hint, (int)failure.Code);
        var lines = SafeText.Lines(failure.Message).ToList();
        world.Err.WriteLine($"qgjob: {lines[0]}");
        // Below it, the place of the mistake.
        foreach (var line in lines.Skip(1)) world.Err.WriteLine(line);
        if (failure.Hint is not null) world.Err.WriteLine($"  {SafeText.Line(failure.Hint)}");
        if (json) JsonOutput.Write(world.Out, "error", new ErrorDocument(failure.Message, failure.Hint, (int)failure.Code), CliJson.Default.ErrorDocument);
        return (int)failure.Code;
    }

    /// <summary>An unknown option in the place of an id: no id begins with a dash.</summary>
    private static string? MistypedOption(ParseResult parsed) =>
        parsed.CommandResult.Children.OfType<ArgumentResult>().SelectMany(a => a.Tokens).Select(t => t.Value)
            .FirstOrDefault(value => value.Length > 1 && value[0] == '-');

    /// <summary>Names from the root's child down; empty for the root.</summary>
    private static string PathOf(CommandResult command) =>
        command.Parent is CommandResult parent ? $"{PathOf(parent)} {command.Command.Name}".TrimStart() : "";

    /// <summary>Required arguments and options that are not there.</summary>
    private static List<string> Missing(ParseResult parsed)
    {
        var command = parsed.CommandResult.Command;
        return
        [
            .. command.Arguments.Where(a => a.Arity.MinimumNumberOfValues > 0 && parsed.GetResult(a) is not { Tokens.Count: > 0 }).Select(a => $"<{a.Name}>"),
            .. command.Options.Where(o => o.Required && parsed.GetResult(o) is null or { Implicit: true }).Select(o => o.Name),
        ];
    }

    private int ReportUsage(ParseResult parsed, string[] args, string? unknown)
    {
        var name = $"qgjob {PathOf(parsed.CommandResult)}".TrimEnd();
        if (args.Length == 0)
        {
            root.Parse("--help").Invoke(new InvocationConfiguration { Output = world.Err, Error = world.Err });
            return (int)ExitCode.Usage;
        }
        var command = parsed.CommandResult.Command;
        var near = unknown is null ? null : Spelling.Nearest(unknown.Split('=')[0], command.Subcommands.Select(c => c.Name).Concat(command.Options.Select(o => o.Name)));
        var message = unknown is not null ? $"'{name}' does not know '{unknown}'.{(near is null ? "" : $" Did you mean {near}?")}"
            : command.Subcommands.Count > 0 ? $"'{name}' needs a command: {string.Join(", ", command.Subcommands.Select(c => c.Name))}."
            : Missing(parsed) is { Count: > 0 } missing ? $"'{name}' needs {string.Join(" and ", missing)}."
            : parsed.Errors[0] is { SymbolResult: OptionResult { Tokens: [var value] } wrong } && (wrong.Option.ValueType == typeof(int) || wrong.Option.ValueType == typeof(int?))
                ? $"{wrong.Option.Name}: '{value.Value}' is not a whole number."
            : parsed.Errors[0].Message;
        return Report(new Failure(ExitCode.Usage, message, $"'{name} --help' shows what it takes, with examples."), args.Contains("--json"));
    }

    /// <summary>The usual help, then examples that can be copied.</summary>
    private sealed class HelpWithExamples(HelpAction usual, int? width) : SynchronousCommandLineAction
    {
        public override int Invoke(ParseResult parseResult)
        {
            usual.MaxWidth = width ?? int.MaxValue;
            var result = usual.Invoke(parseResult);
            var output = parseResult.InvocationConfiguration.Output;
            if (!Examples.ByCommand.TryGetValue(PathOf(parseResult.CommandResult), out var examples)) return result;
            output.WriteLine("Examples:");
            foreach (var line in examples.SelectMany(e => Examples.Lines(e, width))) output.WriteLine(line);
            return result;
        }

        public override bool ClearsParseErrors => true;
    }
}
