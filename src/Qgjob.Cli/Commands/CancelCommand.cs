using System.CommandLine;
using System.Net;
using Qgjob.Cli.Output;
using Qgjob.Client.Http;
using Qgjob.Core.Runs;

namespace Qgjob.Cli.Commands;

internal static class CancelCommand
{
    public static Command Create(Bind bind)
    {
        var id = new Argument<string>("id") { Description = "A job, or a run with all its unfinished jobs" };
        var force = new Option<bool>("--force") { Description = "Do not fail when it is finished already or does not exist" };
        var command = new Command("cancel", "Cancels a job or a run; what runs on a device is stopped") { id, force };
        bind(command, async (call, cancel) =>
        {
            var named = call.Value(id)!;
            int canceled;
            try
            {
                canceled = (Ids.IsRun(named)
                    ? await call.Client.CancelRunAsync(named, cancel).ConfigureAwait(false)
                    : await call.Client.CancelJobAsync(named, cancel).ConfigureAwait(false)).Canceled;
            }
            catch (ApiException e) when (e.Status is HttpStatusCode.NotFound)
            {
                if (!call.Value(force)) throw Ids.IsRun(named) ? Ids.UnknownRun(named) : Ids.UnknownJob(named);
                canceled = 0;
            }
            if (canceled == 0 && !call.Value(force))
                throw new CliException(ExitCode.General, $"{named} is finished already: nothing was canceled.", $"'qgjob status {named}' shows how it ended. With --force this is no error.");
            if (call.Json) call.WriteJson("canceled", new CanceledDocument(named, canceled), CliJson.Default.CanceledDocument);
            else call.Out.WriteLine(canceled == 1 ? "1 job canceled" : $"{canceled} jobs canceled");
            return ExitCode.Passed;
        });
        return command;
    }
}
