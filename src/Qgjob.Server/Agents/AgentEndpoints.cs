using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Qgjob.Client.Wire;
using Qgjob.Core.Devices;
using Qgjob.Core.Storage;
using Qgjob.Server.Auth;
using Qgjob.Server.Dispatch;
using Qgjob.Server.Http;

namespace Qgjob.Server.Agents;

/// <summary>Agents as people see them.</summary>
internal static class AgentEndpoints
{
    public static void MapAgents(this IEndpointRouteBuilder routes)
    {
        var agents = routes.MapGroup("/agents").WithTags("Agents");
        agents.MapGet("/", ListAsync).Permit(Role.Viewer, OrgFrom.Nothing).WithSummary("All agents");
        agents.MapPost("/{agent_id}/drain", DrainAsync).WithSummary("Lets the agent finish what it has and take nothing new").ProducesProblem(404);
        agents.MapPost("/{agent_id}/resume", ResumeAsync).WithSummary("Ends that").ProducesProblem(404);
    }

    private static async Task<Ok<ListOf<AgentView>>> ListAsync(IJobStore store, Dispatcher dispatcher, CancellationToken cancel) =>
        TypedResults.Ok(new ListOf<AgentView>(await ViewAllAsync(store, dispatcher, cancel)));

    private static Task<Ok<AgentView>> DrainAsync(
        [FromRoute(Name = "agent_id")] string agentId, IJobStore store, Dispatcher dispatcher, TimeProvider time, CancellationToken cancel) =>
        OrderAsync(agentId, true, store, dispatcher, time, cancel);

    private static Task<Ok<AgentView>> ResumeAsync(
        [FromRoute(Name = "agent_id")] string agentId, IJobStore store, Dispatcher dispatcher, TimeProvider time, CancellationToken cancel) =>
        OrderAsync(agentId, false, store, dispatcher, time, cancel);

    private static async Task<Ok<AgentView>> OrderAsync(
        string inPath, bool drain, IJobStore store, Dispatcher dispatcher, TimeProvider time, CancellationToken cancel)
    {
        var agentId = Check.FromPath(inPath);
        if ((await store.AgentsAsync(cancel)).All(a => a.Id != agentId)) throw RefusedException.NotFound("agent", agentId);
        await dispatcher.SendAsync(new DrainAgent(agentId, drain, time.GetUtcNow()), cancel);
        return TypedResults.Ok((await ViewAllAsync(store, dispatcher, cancel)).First(a => a.AgentId == agentId));
    }

    private static async Task<IReadOnlyList<AgentView>> ViewAllAsync(IJobStore store, Dispatcher dispatcher, CancellationToken cancel)
    {
        var agents = await store.AgentsAsync(cancel);
        var devices = await dispatcher.LookAsync(
            pools => pools.Devices.Where(d => pools.FindDevice(d.Id)?.Device == d)
                .GroupBy(d => d.AgentId).ToDictionary(g => g.Key, g => (Online: g.Count(d => d.Online), Busy: g.Count(d => d.Lease is not null))), cancel);
        return [.. agents.Select(a => View(a, devices.GetValueOrDefault(a.Id)))];
    }

    private static AgentView View(Agent a, (int Online, int Busy) devices) =>
        new(a.Id, a.Name, a.Version, a.Online, a.Draining, a.LastSeen, devices.Online, devices.Busy);
}
