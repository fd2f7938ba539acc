using System.CommandLine;
using Qgjob.Cli.Completion;
using Qgjob.Cli.Output;
using Qgjob.Core.Runs;

namespace Qgjob.Cli.Commands;

internal static class CompletionCommands
{
    public static Command Create(Bind bind)
    {
        var shell = new Argument<string>("shell") { Description = "bash, zsh or fish" };
        var command = new Command("completion", "Prints a script that makes a shell complete qgjob's commands and options") { shell };
        bind(command, (call, _) =>
        {
            var named = call.Value(shell)!;
            var script = CompletionScript.For(named, CompletionTree.Of(command.Parents.OfType<RootCommand>().Single()))
                ?? throw CliException.Usage($"There is no completion for '{named}'.", "Choose bash, zsh or fish.");
            if (call.Json) call.WriteJson("completion", new CompletionDocument(named, script), CliJson.Default.CompletionDocument);
            else call.Out.Write(script);
            return Task.FromResult(ExitCode.Passed);
        });
        return command;
    }
}
