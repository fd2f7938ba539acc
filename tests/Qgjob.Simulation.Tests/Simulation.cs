using System.Text;
using Qgjob.Core.Storage.Journal;
using Qgjob.Simulation.Tests.People;
using Qgjob.Simulation.Tests.Servers;
using Qgjob.Simulation.Tests.World;
using Qgjob.Stores.Tests;
using Xunit.Sdk;

namespace Qgjob.Simulation.Tests;

/// <summary>What became of a seed.</summary>
internal sealed record SeedResult(int Seed, Violation? Violation, IReadOnlyList<string> History, long Steps, long Commits, TimeSpan Lasted);

/// <summary>One seed from its beginning to its end.</summary>
internal static class Simulation
{
    private static readonly TimeSpan FaultyTime = TimeSpan.FromSeconds(60);
    /// <summary>A job that an agent lost is noticed within a lease; attempts of at most 60 s may follow, at worst one after the other.</summary>
    private static readonly TimeSpan QuietTime = TimeSpan.FromMinutes(20);

    public static SeedResult Run(int seed, Mutation mutation = Mutation.None, bool keepHistory = false)
    {
        var world = new SimWorld(seed, mutation, keepHistory);
        foreach (var server in world.Servers) server.Start();
        foreach (var phone in world.Phones.All) phone.Agent = world.Agents[world.Random.Next(world.Agents.Count)].Id;
        foreach (var agent in world.Agents) agent.Start();
        var submitters = new[] { new Submitter(world, "ci1"), new Submitter(world, "ci2") };
        foreach (var submitter in submitters) submitter.Start(1 + world.Random.Next(5));
        var person = new Operator(world);
        person.Start();
        var fate = new Fate(world);
        fate.Start();

        world.Scheduler.Run(() => world.Broken is not null, FaultyTime);
        if (world.Broken is null)
        {
            world.Calm();
            fate.Mend();
            if (!world.Scheduler.Run(() => world.Broken is not null || IsOver(), FaultyTime + QuietTime))
                world.Break(Promise.EveryJobEnds, $"these did not end: {string.Join(' ', world.Commits.Unfinished.Select(j => $"{j.Id} ({j.Status})"))}; agents {string.Join(' ', world.Agents.Where(a => !a.IsIdle).Select(a => a.Id))}",
                    [.. world.Commits.Unfinished.Select(j => j.Id)]);
        }
        if (world.Broken is null) Check(world);
        return new SeedResult(seed, world.Broken, world.History.Lines, world.Scheduler.Steps, world.Journal.Head.Commit, world.Scheduler.Elapsed);

        bool IsOver() => person.IsDone && submitters.All(s => s.IsDone) && world.Agents.All(a => a.IsIdle)
            && !world.Commits.AnyLease && !world.Commits.Unfinished.Any();
    }

    private static int Lines => int.TryParse(Environment.GetEnvironmentVariable("QGJOB_SIMULATE_LINES"), out var lines) ? lines : 50;

    /// <summary>The seed, what it broke and what led to it, as a page of text; longer with QGJOB_SIMULATE_LINES. QGJOB_SIMULATE_HISTORY names a file for all of it.</summary>
    public static string Tell(SeedResult result)
    {
        var told = Run(result.Seed, keepHistory: true);
        if (Environment.GetEnvironmentVariable("QGJOB_SIMULATE_HISTORY") is { Length: > 0 } file) File.AppendAllLines(file, told.History);
        var text = new StringBuilder();
        text.AppendLine(System.Globalization.CultureInfo.InvariantCulture, $"Seed {result.Seed} breaks {result.Violation!.Promise}: {result.Violation.Text}");
        text.AppendLine(System.Globalization.CultureInfo.InvariantCulture, $"Again: ./test simulate --seeds 1 --from {result.Seed}");
        var about = result.Violation.About.Where(a => a.Length > 0).ToList();
        var lines = told.History.Where(l => about.Count == 0 || about.Any(a => l.Contains(a, StringComparison.Ordinal))).ToList();
        // Of what never began there is nothing to tell: then what went on last.
        foreach (var line in (lines.Count > 1 ? lines : told.History).TakeLast(Lines)) text.AppendLine(line);
        return text.ToString();
    }

    private static void Check(SimWorld world)
    {
        world.Commits.CheckAcknowledged();
        var process = new SimProcess(world.Scheduler, "checker");
        var done = false;
        process.Start(async () =>
        {
            var fresh = await JournaledStore.OpenAsync(new FaultyJournal(world, world.Servers[0], process), process.Time, new SimWorld.Ids(world), CancellationToken.None);
            try
            {
                await Ledger.CheckAsync(fresh, CancellationToken.None);
            }
            catch (XunitException e)
            {
                world.Break(Promise.CountersEqualARecount, e.Message + e.StackTrace);
            }
            var truth = await TextAsync(fresh);
            foreach (var server in world.Servers)
                if (await TextAsync(server.Store!) is var copy && copy != truth)
                    world.Break(Promise.CopiesEqualTheJournal, $"{server.Name} has\n{copy}\nand the journal\n{truth}");
            done = true;
        });
        if (!world.Scheduler.Run(() => done || world.Broken is not null, world.Scheduler.Elapsed + TimeSpan.FromMinutes(1)))
            world.Break(Promise.EveryJobEnds, "the servers cannot be read");

        async Task<string> TextAsync(JournaledStore store)
        {
            // What time alone brings (a heartbeat, a look) may have come between; so each copy is first brought up to date.
            await store.FindAppVersionAsync("none", "none", CancellationToken.None);
            var pool = await store.ReadPoolAsync(Core.Runs.Run.DefaultPool, 0, CancellationToken.None);
            return string.Join('\n', [
                .. pool.Groups.OrderBy(g => g.Id, StringComparer.Ordinal).Select(State.Text),
                .. pool.Devices.OrderBy(d => d.Id, StringComparer.Ordinal).Select(State.Text),
                .. pool.Orgs.OrderBy(o => o.OrgId, StringComparer.Ordinal).Select(State.Text),
                .. pool.AppVersions.OrderBy(v => v.Id, StringComparer.Ordinal).ThenBy(v => v.OrgId, StringComparer.Ordinal).Select(State.Text),
                .. pool.Resources.OrderBy(r => r.OrgId, StringComparer.Ordinal).Select(State.Text)]);
        }
    }
}
