using System.Globalization;
using Qgjob.Core;
using Qgjob.Simulation.Tests.Agents;
using Qgjob.Simulation.Tests.Checks;
using Qgjob.Simulation.Tests.Servers;
using Qgjob.Stores.Tests.Journal;

namespace Qgjob.Simulation.Tests.World;

/// <summary>All that one seed makes: servers on one journal, agents with phones, the network between them, chance.</summary>
internal sealed class SimWorld
{
    private int ids;

    public SimWorld(int seed, Mutation mutation, bool keepHistory)
    {
        (Seed, Mutation) = (seed, mutation);
        Scheduler = new Scheduler(seed) { Failed = e => Break(Promise.NoBugs, e.ToString()) };
        History = new History(Scheduler, keepHistory);
        Rates = FaultRates.Of(Random);
        Commits = new CommitChecker(this);
        Phones = new Agents.Phones(this);
        Network = new Network(this);
        Servers = [.. Enumerable.Range(1, 1 + Random.Next(3)).Select(n => new SimServer(this, n))];
        Agents = [.. Enumerable.Range(1, 1 + Random.Next(3)).Select(n => new SimAgent(this, n))];
        Journal.ChecksHead = mutation is not Mutation.NoHeadCheck;
        if (Random.Next(3) == 0) Journal.Kept = 3;
    }

    public int Seed { get; }
    public Mutation Mutation { get; }
    public Scheduler Scheduler { get; }
    public Random Random => Scheduler.Random;
    public History History { get; }
    public FaultRates Rates { get; private set; }
    public ModelJournal Journal { get; } = new();
    public CommitChecker Commits { get; }
    public Agents.Phones Phones { get; }
    public Network Network { get; }
    public IReadOnlyList<SimServer> Servers { get; }
    public IReadOnlyList<SimAgent> Agents { get; }
    /// <summary>The first promise that was broken.</summary>
    public Violation? Broken { get; private set; }
    /// <summary>No more faults: everything must end.</summary>
    public bool IsQuiet { get; private set; }

    public string NewId(string prefix) => string.Create(CultureInfo.InvariantCulture, $"{prefix}-{++ids:d5}");

    public bool Chance(double probability) => probability > 0 && Random.NextDouble() < probability;

    public TimeSpan Between(double from, double to) => TimeSpan.FromSeconds(from + (Random.NextDouble() * (to - from)));

    /// <summary>Something that the world does later, whoever lives then.</summary>
    public void After(TimeSpan delay, Action action) => _ = new VirtualTimer(Scheduler.Outside, _ => action(), null, delay, Timeout.InfiniteTimeSpan);

    public void Calm()
    {
        IsQuiet = true;
        Rates = FaultRates.None;
        History.Note("world", $"no more faults");
    }

    public void Break(Promise promise, string text, params string[] about)
    {
        History.Note("VIOLATION", $"{promise}: {text}");
        Broken ??= new Violation(promise, text, about);
    }

    /// <summary>Ids that replay.</summary>
    public sealed class Ids(SimWorld world) : IIdSource
    {
        public string NewId(string prefix) => world.NewId(prefix);
    }
}
