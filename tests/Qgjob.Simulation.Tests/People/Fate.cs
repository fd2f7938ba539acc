using Qgjob.Simulation.Tests.World;

namespace Qgjob.Simulation.Tests.People;

/// <summary>Blows that hit whole processes, phones and the network; each heals after a while.</summary>
internal sealed class Fate(SimWorld world)
{
    public void Start() => Next();

    /// <summary>Everything works from now on.</summary>
    public void Mend()
    {
        world.Network.MendAll();
        foreach (var server in world.Servers)
        {
            server.CutOffUntil = default;
            server.Process?.Resume();
            if (!server.IsUp) server.Start();
        }
        foreach (var agent in world.Agents)
        {
            agent.Process?.Resume();
            if (!agent.IsUp) agent.Start();
        }
        // Some phone fits every job.
        var phone = world.Phones.All.First();
        phone.IsInLab = true;
        foreach (var agent in world.Agents) agent.PhonesChanged();
    }

    private void Next()
    {
        if (world.Rates.SecondsBetweenBlows is var mean and > 0)
            world.After(world.Between(0, 2 * mean), () =>
            {
                if (world.IsQuiet) return;
                Strike();
                Next();
            });
    }

    private void Strike()
    {
        var server = world.Servers[world.Random.Next(world.Servers.Count)];
        var agent = world.Agents[world.Random.Next(world.Agents.Count)];
        switch (world.Random.Next(12))
        {
            case 0 or 1:
                server.Crash();
                Heal(0.1, 8, () =>
                {
                    if (!server.IsUp) server.Start();
                });
                break;
            case 2:
                Pause(server.Process, server.Name);
                break;
            case 3:
                world.History.Note(server.Name, $"is cut off from its store");
                server.CutOffUntil = world.Scheduler.Elapsed + world.Between(0.5, 20);
                break;
            case 4 or 5:
                agent.Crash();
                TakePhonesFrom(agent.Id);
                Heal(0.5, 25, () =>
                {
                    if (!agent.IsUp) agent.Start();
                });
                break;
            case 6:
                Pause(agent.Process, agent.Id);
                TakePhonesFrom(agent.Id);
                break;
            case 7:
                Part(agent.Id);
                TakePhonesFrom(agent.Id);
                break;
            case 8 or 9 or 10:
                Move();
                break;
            default:
                ChangeClock(server);
                break;
        }
    }

    private void Pause(SimProcess? process, string name)
    {
        if (process is null or { IsPaused: true } or { IsDead: true }) return;
        world.History.Note(name, $"stands still");
        process.Pause();
        Heal(0.2, 25, () =>
        {
            if (!process.IsPaused) return;
            world.History.Note(name, $"goes on");
            process.Resume();
        });
    }

    private void Part(string agent)
    {
        var all = world.Chance(0.7);
        foreach (var server in world.Servers.Where(_ => all || world.Chance(0.5)))
        {
            world.History.Note(agent, $"is cut off from {server.Name}");
            world.Network.Cut(agent, server.Number);
            Heal(0.5, 40, () => world.Network.Mend(agent, server.Number));
        }
    }

    /// <summary>What people do with the phones of a host that seems dead.</summary>
    private void TakePhonesFrom(string agent)
    {
        if (!world.Chance(0.4)) return;
        foreach (var phone in world.Phones.All.Where(p => p.Roams && p.Agent == agent))
            Heal(0.1, 10, () => PlugIn(phone));
    }

    private void PlugIn(Agents.Phone phone)
    {
        phone.Agent = world.Agents[world.Random.Next(world.Agents.Count)].Id;
        world.History.Note("world", $"{phone.Id} is plugged in at {phone.Agent}");
        foreach (var agent in world.Agents) agent.PhonesChanged();
    }

    /// <summary>A phone goes to another host, or becomes another kind of phone.</summary>
    private void Move()
    {
        var phone = world.Phones.All.ElementAt(world.Random.Next(world.Phones.All.Count));
        if (phone.Roams && world.Chance(0.7))
        {
            PlugIn(phone);
            return;
        }
        phone.IsInLab = !phone.IsInLab;
        world.History.Note("world", $"{phone.Id} is {(phone.IsInLab ? "" : "not ")}in the lab");
        foreach (var agent in world.Agents) agent.PhonesChanged();
    }

    private void ChangeClock(Servers.SimServer server)
    {
        server.Skew = world.Between(-300, 300);
        world.History.Note(server.Name, $"has a clock that is off by {server.Skew}");
        if (server.Process is { } process) process.Skew = server.Skew;
    }

    private void Heal(double from, double to, Action action) => world.After(world.Between(from, to), () =>
    {
        if (!world.IsQuiet) action();
    });
}
