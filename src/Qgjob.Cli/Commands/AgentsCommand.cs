using System.CommandLine;
using System.Net;
using Qgjob.Cli.Output;
using Qgjob.Client;
using Qgjob.Client.Http;
using Qgjob.Client.Wire;
using Qgjob.Core.Runs;

namespace Qgjob.Cli.Commands;

internal static class AgentsCommand
{
    public static Command Create(Bind bind) => new("agents", "The agents that offer devices")
    {
        List(bind),
        Order(bind, "drain", "Lets an agent finish what it runs and gives it no more", (client, id, cancel) => client.DrainAgentAsync(id, cancel)),
        Order(bind, "resume", "Gives a drained agent work again", (client, id, cancel) => client.ResumeAgentAsync(id, cancel)),
    };

    private static Command List(Bind bind)
    {
        var command = new Command("list", "Lists the agents");
        bind(command, async (call, cancel) =>
        {
            var list = await call.Client.ListAgentsAsync(cancel).ConfigureAwait(false);
            if (call.Json) call.WriteJson("agents", list, WireJson.Default.ListOfAgentView);
            else
                Columns.Write(call, ["AGENT", "NAME", "STATE", "DEVICES", "BUSY", "SEEN", "VERSION"], list.Items.Select(a => (IReadOnlyList<string?>)
                [
                    a.AgentId, a.Name, a.Online ? (a.Draining ? "draining" : "online") : "offline", $"{a.Devices}", $"{a.Busy}",
                    $"{Durations.Show(call.Now - a.LastSeen)} ago", a.Version,
                ]));
            if (!call.Json && list.Items.Count == 0) call.Err.WriteLine("No agent has registered. Start one where the phones are: qgjob agent");
            return ExitCode.Passed;
        });
        return command;
    }

    private static Command Order(Bind bind, string name, string description, Func<QgjobClient, string, CancellationToken, Task<AgentView>> order)
    {
        var id = new Argument<string>("agent") { Description = "The agent" };
        var command = new Command(name, description) { id };
        bind(command, async (call, cancel) =>
        {
            AgentView agent;
            try
            {
                agent = await order(call.Client, call.Value(id)!, cancel).ConfigureAwait(false);
            }
            catch (ApiException e) when (e.Status is HttpStatusCode.NotFound)
            {
                throw CliException.Unknown("agent", call.Value(id)!, "'qgjob agents list' shows the agents.");
            }
            if (call.Json) call.WriteJson("agent", agent, WireJson.Default.AgentView);
            else call.Out.WriteLine($"{agent.AgentId} ({SafeText.Line(agent.Name)}) takes {(agent.Draining ? "no more jobs" : "jobs")}");
            return ExitCode.Passed;
        });
        return command;
    }
}
