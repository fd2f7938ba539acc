using Qgjob.Client.Wire;
using Qgjob.Simulation.Tests.World;

namespace Qgjob.Simulation.Tests.Agents;

/// <summary>A host with phones: what outlives the agent's process, and its processes one after the other.</summary>
internal sealed class SimAgent(SimWorld world, int number)
{
    private readonly List<Action> leftovers = [];
    private AgentProcess? running;
    private int boots;

    public string Id { get; } = $"a{number}";
    /// <summary>Results that wait on its disk.</summary>
    public List<FinishItem> Outbox { get; } = [];
    public SimProcess? Process => running?.Process;
    public bool IsUp => running is not null;
    public bool IsIdle => running is { IsIdle: true } && Outbox.Count == 0;

    public void Start()
    {
        // The sweep at the start: what an earlier process left ends before anything else.
        foreach (var end in leftovers) end();
        leftovers.Clear();
        running = new AgentProcess(world, this, $"{Id}-b{++boots}");
        running.Start();
    }

    /// <summary>The process is gone; test processes end with it, or go on until their own fence.</summary>
    public void Crash()
    {
        if (running is null) return;
        world.History.Note(Id, $"crashes");
        foreach (var (end, fence) in running.Kill())
        {
            if (world.Chance(0.4))
            {
                leftovers.Add(end);
                world.After(fence, end);
            }
            else end();
        }
        running = null;
    }

    public void PhonesChanged() => running?.PhonesChanged();
}
