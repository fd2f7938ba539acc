using System.CommandLine;
using Qgjob.Cli.Output;
using Qgjob.Cli.Watching;
using Qgjob.Client.Wire;
using Qgjob.Core.Runs;

namespace Qgjob.Cli.Commands;

internal static class RerunCommand
{
    public static Command Create(Bind bind)
    {
        var id = new Argument<string>("id") { Description = "A finished run, or a finished job" };
        var failed = new Option<bool>("--failed") { Description = "Only what did not pass: failed tests, and whole files that gave no verdict" };
        var wait = new Option<bool>("--wait") { Description = "Stay until the run ends; the exit code is its verdict" };
        var key = new Option<string?>("--idempotency-key") { Description = "The same key again submits nothing new", HelpName = "KEY" };
        var watching = new WatchOptions("--wait-timeout");
        var command = new Command("rerun", "Runs a finished run again, or what failed of it, on the same test bundle and app version") { id, failed, wait, key };
        watching.AddTo(command);
        bind(command, async (call, cancel) =>
        {
            var watch = call.Value(wait) ? watching.Read(call) : watching.RefuseWithoutWait(call);
            var (named, onlyFailed) = (call.Value(id)!, call.Value(failed));
            var order = new RerunOrder { Failed = onlyFailed ? true : null };
            var repeatable = call.Value(key) ?? call.World.Ids.NewId("k");
            if (onlyFailed && await IsGreenAsync(call, named, cancel).ConfigureAwait(false))
            {
                if (call.Json) call.WriteJson("rerun", new RerunDocument(null, [], named, onlyFailed, null), CliJson.Default.RerunDocument);
                else call.Out.WriteLine($"Nothing failed in {named}: nothing was submitted.");
                return ExitCode.Passed;
            }
            var accepted = Ids.IsJob(named)
                ? await call.Client.RerunJobAsync(named, order, repeatable, cancel).ConfigureAwait(false)
                : await call.Client.RerunAsync(named, order, repeatable, cancel).ConfigureAwait(false);
            foreach (var note in accepted.Notes ?? []) call.Err.WriteLine(SafeText.Line(note));
            if (accepted.Repeated) call.Err.WriteLine("This idempotency key was used before: nothing new was submitted.");
            if (!call.Json)
            {
                call.Out.WriteLine($"run {accepted.RunId}");
                foreach (var job in accepted.JobIds) call.Out.WriteLine($"job {job}");
                if (watch is null) call.Err.WriteLine($"Watch it:         qgjob wait {accepted.RunId}");
            }
            else if (watch is null)
                call.WriteJson("rerun", new RerunDocument(accepted.RunId, accepted.JobIds, named, onlyFailed, accepted.Notes), CliJson.Default.RerunDocument);
            return watch is null ? ExitCode.Passed : await RunWatch.WatchAsync(call, accepted.RunId, watch, cancel).ConfigureAwait(false);
        });
        return command;
    }

    /// <summary>For scripts that run again whatever failed: nothing to do is no mistake.</summary>
    private static async Task<bool> IsGreenAsync(Call call, string id, CancellationToken cancel) => (ExitCode)(Ids.IsJob(id)
        ? (await call.Client.FindJobAsync(id, cancel).ConfigureAwait(false) ?? throw Ids.UnknownJob(id)).ExitCode
        : (await call.Client.FindRunAsync(id, cancel).ConfigureAwait(false) ?? throw Ids.UnknownRun(id)).ExitCode) is ExitCode.Passed;
}
