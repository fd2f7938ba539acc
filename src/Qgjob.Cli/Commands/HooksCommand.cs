using System.CommandLine;
using Qgjob.Cli.Output;
using Qgjob.Client.Wire;
using Qgjob.Core;
using Qgjob.Core.Runs;

namespace Qgjob.Cli.Commands;

internal static partial class HooksCommand
{
    public static Command Create(Bind bind) =>
        new("hooks", "Where an org is told of runs that end and tests that begin to fail or pass again: signed webhooks, Slack messages")
        {
            Add(bind), List(bind), Remove(bind), Test(bind), Deliveries(bind), Redeliver(bind),
        };

    private static Option<string?> Org() => new("--org-id") { Description = "The org (QGJOB_ORG)", HelpName = "ORG" };

    private static Argument<string> Name() => new("name") { Description = "The hook" };

    private static Command List(Bind bind)
    {
        var org = Org();
        var command = new Command("list", "Lists an org's hooks, what they are told, and how their latest delivery went") { org };
        bind(command, async (call, cancel) =>
        {
            var list = await call.Client.ListHooksAsync(call.Org(org), cancel).ConfigureAwait(false);
            if (call.Json) call.WriteJson("hooks", list, WireJson.Default.ListOfHookView);
            else
                Columns.Write(call, ["HOOK", "STATE", "LAST", "EVENTS", "ONLY", "TO"], list.Items.Select(h => (IReadOnlyList<string?>)
                    [h.Name, h.Disabled is not null ? "disabled" : h.Waiting > 0 ? $"{h.Waiting} waiting" : "ready", Last(call, h.Last), string.Join(' ', h.Events), Only(h), $"{h.Url} ({Words.Of(h.Format)})"]));
            if (call.Json) return ExitCode.Passed;
            foreach (var hook in list.Items.Where(h => h.Disabled is not null)) call.Err.WriteLine($"{hook.Name} is disabled. {SafeText.Line(hook.Disabled!)}");
            if (list.Items.Count == 0) call.Err.WriteLine("The org has no hooks. 'qgjob hooks add NAME --to URL' adds one.");
            return ExitCode.Passed;
        });
        return command;
    }

    private static Command Remove(Bind bind)
    {
        var (name, org) = (Name(), Org());
        var command = new Command("remove", "Removes a hook and the log of its deliveries") { name, org };
        bind(command, async (call, cancel) =>
        {
            var (orgId, id) = (call.Org(org), Call.Name("hook", call.Value(name)!));
            if (!await call.Client.RemoveHookAsync(orgId, id, cancel).ConfigureAwait(false)) throw Unknown(id, orgId);
            if (call.Json) call.WriteJson("removed", new RemovedDocument(id), CliJson.Default.RemovedDocument);
            else call.Out.WriteLine($"removed {id}");
            return ExitCode.Passed;
        });
        return command;
    }

    private static CliException Unknown(string hook, string orgId) => CliException.Unknown("hook", $"{hook} of {orgId}", "'qgjob hooks list' shows them.");

    private static string Only(HookView hook) => string.Join(' ', (string[])
    [
        .. hook.Owners ?? [],
        .. (hook.Tests ?? []).Select(t => $"test={t}"),
        .. (hook.Branches ?? []).Select(b => $"branch={b}"),
        .. (hook.Meta ?? new Dictionary<string, string>()).Select(m => $"{m.Key}={m.Value}"),
    ]);

    private static string? Last(Call call, DeliveryView? last) =>
        last is null ? null : $"{Words.Of(last.State)} {Age(call, last.Log.Count > 0 ? last.Log[^1].At : last.CreatedAt)}";

    private static string Age(Call call, DateTimeOffset at) => call.Now - at is { TotalSeconds: >= 1 } age ? $"{Durations.Show(age)} ago" : "now";
}
