using System.CommandLine;
using System.Globalization;
using Qgjob.Cli.Output;
using Qgjob.Client.Wire;
using Qgjob.Core;
using Qgjob.Core.Notifications;
using Qgjob.Core.Runs;

namespace Qgjob.Cli.Commands;

internal static partial class HooksCommand
{
    private static Command Test(Bind bind)
    {
        var (name, org) = (Name(), Org());
        var command = new Command("test", "Sends a message to a hook now, once, and tells how that went; exit code 1 when it was not taken") { name, org };
        bind(command, async (call, cancel) =>
        {
            var ping = await call.Client.TestHookAsync(call.Org(org), Call.Name("hook", call.Value(name)!), cancel).ConfigureAwait(false);
            if (call.Json) call.WriteJson("delivery", ping, WireJson.Default.DeliveryView);
            else (ping.State is DeliveryState.Delivered ? call.Out : call.Err).WriteLine($"{ping.Id} {Words.Of(ping.State)}: {(ping.Log is [.., var last] ? SafeText.Line(Told(last)) : "")}");
            return ping.State is DeliveryState.Delivered ? ExitCode.Passed : ExitCode.General;
        });
        return command;
    }

    private static Command Deliveries(Bind bind)
    {
        var name = new Argument<string>("name") { Description = "The hook, or a run that was submitted with --notify" };
        var org = Org();
        var bodies = new Option<bool>("--bodies") { Description = "Show what was sent, too" };
        var command = new Command("deliveries", "Lists a hook's latest messages, newest first: where each stands, and what the receiver answered") { name, org, bodies };
        bind(command, async (call, cancel) =>
        {
            var id = call.Value(name)!;
            var list = Ids.IsRun(id)
                ? await call.Client.ListRunDeliveriesAsync(id, cancel).ConfigureAwait(false) ?? throw Ids.UnknownRun(id)
                : await call.Client.ListDeliveriesAsync(call.Org(org), Call.Name("hook", id), call.Value(bodies), cancel).ConfigureAwait(false) ?? throw Unknown(id, call.Org(org));
            if (call.Json)
            {
                call.WriteJson("deliveries", list, WireJson.Default.ListOfDeliveryView);
                return ExitCode.Passed;
            }
            Columns.WriteWithSentence(call, ["DELIVERY", "STATE", "EVENT", "RUN", "AGE", "TRIES", "ANSWER"], list.Items.Select(d => (IReadOnlyList<string?>)
                [d.Id, State(call, d), d.Event, d.RunId, Durations.Show(call.Now - d.CreatedAt), d.Tries.ToString(CultureInfo.InvariantCulture), Story(d)]));
            if (call.Value(bodies))
                foreach (var delivery in list.Items.Where(d => d.Body is not null)) call.Out.WriteLine($"\n{delivery.Id}\n{SafeText.Line(delivery.Body!)}");
            if (list.Items.Count == 0) call.Err.WriteLine("Nothing was sent yet.");
            return ExitCode.Passed;
        });
        return command;
    }

    private static Command Redeliver(Bind bind)
    {
        var (name, org) = (Name(), Org());
        var delivery = new Argument<string>("delivery") { Description = "The message: 'qgjob hooks deliveries' shows its id" };
        var command = new Command("redeliver", "Sends a message again that is over: same id, same body") { name, delivery, org };
        bind(command, async (call, cancel) =>
        {
            var again = await call.Client.RedeliverAsync(call.Org(org), Call.Name("hook", call.Value(name)!), call.Value(delivery)!, cancel).ConfigureAwait(false);
            if (call.Json) call.WriteJson("delivery", again, WireJson.Default.DeliveryView);
            else call.Out.WriteLine($"{again.Id} {Words.Of(again.State)}");
            return ExitCode.Passed;
        });
        return command;
    }

    private static string State(Call call, DeliveryView delivery) =>
        delivery is { State: DeliveryState.Pending, NextAt: { } next } && next > call.Now ? $"pending, in {Durations.Show(next - call.Now)}" : Words.Of(delivery.State);

    private static string Story(DeliveryView delivery) =>
        string.Join(' ', ((string?[])[delivery.Log is [.., var last] ? Told(last) + (delivery.Note is null ? "" : ".") : null, delivery.Note]).Where(t => t is not null));

    private static string Told(DeliveryTry one) => string.Create(
        CultureInfo.InvariantCulture,
        $"{(one.Status is { } status ? $"{status} after {one.Milliseconds} ms" : "no answer")}{(one.Error is null ? "" : $", {one.Error}")}{(one.Answer is null ? "" : $": {one.Answer}")}");
}
