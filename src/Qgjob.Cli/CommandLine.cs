using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;
using Qgjob.Cli.Commands;
using Qgjob.Cli.Output;
using Qgjob.Core.Runs;

namespace Qgjob.Cli;

/// <summary>All commands in one tree, and what they share: parsing, errors, exit codes.</summary>
internal sealed class CommandLine
{
    private readonly GlobalOptions options = new();
    private readonly Surroundings world;
    private readonly RootCommand root;

    /// <summary>Runs the command that the arguments name; the exit code.</summary>
    public static async Task<int> RunAsync(string[] args, Surroundings world, CancellationToken cancel)
    {
        var line = new CommandLine(world);
        // No response files: in --grep @smoke the @ belongs to the tests' titles.
        var parsed = line.root.Parse(args, new ParserConfiguration { EnablePosixBundling = false, ResponseFileTokenReplacer = null });
        if (parsed.Action is ParseErrorAction or null) return line.ReportUsage(parsed, args);
        var invocation = new InvocationConfiguration
        {
            Output = world.Out,
            Error = world.Err,
            EnableDefaultExceptionHandler = false,
            ProcessTerminationTimeout = null,
        };
        return await parsed.InvokeAsync(invocation, cancel).ConfigureAwait(false);
    }

    private CommandLine(Surroundings world)
    {
        this.world = world;
        root = new RootCommand("Runs AppWright tests of mobile apps on the devices of your team.");
        root.Directives.Clear();
        foreach (var option in root.Options.OfType<VersionOption>().ToList()) root.Options.Remove(option);
        var help = root.Options.OfType<HelpOption>().Single();
        help.Action = new HelpWithExamples((HelpAction)help.Action!);
        foreach (Option option in (Option[])[options.Json, options.Url, options.Token]) root.Options.Add(option);
        foreach (var command in AllCommands.Of(Bind)) root.Subcommands.Add(command);
    }

    /// <summary>Gives a command its work; what goes wrong becomes two lines and an exit code, here and nowhere else.</summary>
    private void Bind(Command command, Func<Call, CancellationToken, Task<ExitCode>> work) =>
        command.SetAction(async (parsed, cancel) =>
        {
            using var call = new Call(parsed, options, world);
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
                return Report(failure, call.Json);
            }
        });

    private int Report(Failure failure, bool json)
    {
        world.Err.WriteLine($"qgjob: {SafeText.Line(failure.Message)}");
        if (failure.Hint is not null) world.Err.WriteLine($"  {SafeText.Line(failure.Hint)}");
        if (json) JsonOutput.Write(world.Out, "error", new ErrorDocument(failure.Message, failure.Hint, (int)failure.Code), CliJson.Default.ErrorDocument);
        return (int)failure.Code;
    }

    private int ReportUsage(ParseResult parsed, string[] args)
    {
        var path = new List<string>();
        for (SymbolName? at = SymbolName.Of(parsed.CommandResult); at is not null; at = at.Parent) path.Insert(0, at.Name);
        var name = string.Join(' ', path);
        if (args.Length == 0)
        {
            root.Parse("--help").Invoke(new InvocationConfiguration { Output = world.Err, Error = world.Err });
            return (int)ExitCode.Usage;
        }
        var message = parsed.Errors.Count > 0 ? parsed.Errors[0].Message : $"'{name}' needs a command.";
        return Report(new Failure(ExitCode.Usage, message, $"'{name} --help' shows what it takes, with examples."), args.Contains("--json"));
    }

    private sealed record SymbolName(string Name, SymbolName? Parent)
    {
        public static SymbolName Of(System.CommandLine.Parsing.CommandResult result) =>
            new(result.Command is RootCommand ? "qgjob" : result.Command.Name, result.Parent is System.CommandLine.Parsing.CommandResult above ? Of(above) : null);
    }

    /// <summary>The usual help, then examples that can be copied.</summary>
    private sealed class HelpWithExamples(HelpAction usual) : SynchronousCommandLineAction
    {
        public override int Invoke(ParseResult parseResult)
        {
            var result = usual.Invoke(parseResult);
            var output = parseResult.InvocationConfiguration.Output;
            if (!Examples.ByCommand.TryGetValue(parseResult.CommandResult.Command.Name, out var examples)) return result;
            output.WriteLine("Examples:");
            foreach (var example in examples) output.WriteLine($"  {example}");
            return result;
        }

        public override bool ClearsParseErrors => true;
    }
}
