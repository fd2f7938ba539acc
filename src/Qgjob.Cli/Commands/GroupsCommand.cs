using System.CommandLine;
using Qgjob.Cli.Output;
using Qgjob.Client.Wire;
using Qgjob.Core;
using Qgjob.Core.Runs;

namespace Qgjob.Cli.Commands;

internal static class GroupsCommand
{
    public static Command Create(Bind bind)
    {
        var command = new Command("groups", "Lists the queue by group: jobs that need the same app version and the same kind of device");
        bind(command, async (call, cancel) =>
        {
            var list = await call.Client.ListGroupsAsync(cancel).ConfigureAwait(false);
            if (call.Json) call.WriteJson("groups", list, WireJson.Default.ListOfGroupView);
            else
                Columns.WriteWithSentence(call, ["GROUP", "APP VERSION", "QUEUED", "WORK LEFT", "DEVICES", "INSTALLS", "ENDS IN", "ORG", "WANTS", "ACTIVE", "WAITS BECAUSE"],
                    list.Items.Select(g => (IReadOnlyList<string?>)
                    [
                        g.GroupId, g.AppVersionId, $"{g.Queued}", Durations.Show(g.QueuedSeconds), $"{g.DevicesServing}", $"{g.Installs}",
                        g.ExpectedEnd is { } end ? Durations.Show(end - call.Now) : null,
                        g.OrgId, $"{Words.Of(g.Target)} {g.Needs}".TrimEnd(), $"{g.Active}", g.Waiting?.Reason ?? g.WaitReason,
                    ]));
            if (!call.Json && list.Items.Count == 0) call.Err.WriteLine("The queue is empty.");
            return ExitCode.Passed;
        });
        return command;
    }
}
