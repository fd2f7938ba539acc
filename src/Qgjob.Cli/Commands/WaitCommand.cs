using System.CommandLine;
using Qgjob.Cli.Watching;

namespace Qgjob.Cli.Commands;

internal static class WaitCommand
{
    public static Command Create(Bind bind)
    {
        var id = new Argument<string>("run") { Description = "The run" };
        var options = new WatchOptions("--timeout");
        var command = new Command("wait", "Shows a run live until it ends; the exit code is its verdict") { id };
        options.AddTo(command);
        bind(command, (call, cancel) =>
        {
            var run = call.Value(id)!;
            if (!Ids.IsRun(run)) throw CliException.Usage($"{run} is not a run: ids of runs begin with r-.", $"'qgjob status {run}' names the job's run.");
            return RunWatch.WatchAsync(call, run, options.Read(call), cancel);
        });
        return command;
    }
}
