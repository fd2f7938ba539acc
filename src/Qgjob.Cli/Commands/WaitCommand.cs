using System.CommandLine;
using Qgjob.Cli.Watching;

namespace Qgjob.Cli.Commands;

internal static class WaitCommand
{
    public static Command Create(Bind bind)
    {
        var id = new Argument<string>("run") { Description = "The run" };
        var options = new WatchOptions("--timeout");
        var failOnFlaky = new Option<bool>("--fail-on-flaky") { Description = "Exit code 10, too, when a test failed first and passed later" };
        var failOnSkipped = new Option<bool>("--fail-on-skipped") { Description = "Exit code 10, too, when a test was skipped" };
        var command = new Command("wait", "Shows a run live until it ends; the exit code is its verdict") { id, failOnFlaky, failOnSkipped };
        options.AddTo(command);
        bind(command, (call, cancel) =>
        {
            var run = call.Value(id)!;
            if (Ids.IsJob(run)) throw CliException.Usage($"{run} is a job; runs are waited for.", $"'qgjob status {run}' names its run.");
            if (!Ids.IsRun(run)) throw CliException.Usage($"{run} is not a run: ids of runs begin with r-.", "'qgjob list' shows the runs.");
            return RunWatch.WatchAsync(call, run, options.Read(call) with { FailOnFlaky = call.Value(failOnFlaky), FailOnSkipped = call.Value(failOnSkipped) }, cancel);
        });
        return command;
    }
}
