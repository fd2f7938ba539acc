using Qgjob.Core.Storage;
using Qgjob.Simulation.Tests.Servers;
using Qgjob.Simulation.Tests.World;

namespace Qgjob.Simulation.Tests.People;

/// <summary>A person who pauses, resumes and releases devices, drains agents, and puts everything right at the end.</summary>
internal sealed class Operator(SimWorld world)
{
    private static readonly TimeSpan LongestCommit = TimeSpan.FromSeconds(30);

    private readonly SimProcess process = new(world.Scheduler, "operator");

    public bool IsDone { get; private set; }

    public void Start() => process.Start(async () =>
    {
        foreach (var org in new[] { "acme", "other" })
            await InsistAsync("define the resource", (s, gone) => s.SetResourceAsync(org, "account", ["u1", "u2"], gone));
        while (!world.IsQuiet)
        {
            await Task.Delay(world.Between(1, 15), process.Time, CancellationToken.None);
            var phone = world.Phones.All.ElementAt(world.Random.Next(world.Phones.All.Count));
            var agent = world.Agents[world.Random.Next(world.Agents.Count)].Id;
            var order = (FleetOrder)world.Random.Next(3);
            var drain = world.Chance(0.5);
            // Whoever releases a phone says that nobody drives it; that is no promise of ours for one that is plugged in elsewhere.
            if (order is FleetOrder.Release && phone.Roams) continue;
            try
            {
                if (world.Chance(0.7)) await CallAsync($"{order} {phone.Id}", (s, gone) => s.OrderAsync(phone.Id, order, gone));
                else await CallAsync($"drain {agent}", (s, gone) => s.DrainAsync(agent, drain, gone));
            }
            catch (NoAnswerException)
            {
                // Perhaps it was done.
            }
        }
        await PutRightAsync();
        // An order that had no answer may be carried out after these: a server tries to write it for so long. A person looks again.
        await Task.Delay(LongestCommit, process.Time, CancellationToken.None);
        await PutRightAsync();
        IsDone = true;
    });

    private async Task PutRightAsync()
    {
        foreach (var phone in world.Phones.All) await InsistAsync($"resume {phone.Id}", (s, gone) => s.OrderAsync(phone.Id, FleetOrder.Resume, gone));
        foreach (var agent in world.Agents) await InsistAsync($"take work on {agent.Id}", (s, gone) => s.DrainAsync(agent.Id, false, gone));
    }

    private async Task InsistAsync<T>(string what, Func<ServerApi, CancellationToken, Task<T>> call)
    {
        while (true)
            try
            {
                await CallAsync(what, call);
                return;
            }
            catch (NoAnswerException)
            {
                await Task.Delay(TimeSpan.FromSeconds(1), process.Time, CancellationToken.None);
            }
    }

    private async Task CallAsync<T>(string what, Func<ServerApi, CancellationToken, Task<T>> call)
    {
        await world.Network.CallAsync(process, "operator", world.Servers[world.Random.Next(world.Servers.Count)], what, call, TimeSpan.FromSeconds(10));
        world.History.Note("operator", $"{what}: done");
    }
}
