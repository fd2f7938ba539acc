using System.Globalization;
using Qgjob.Simulation.Tests.World;

namespace Qgjob.Simulation.Tests;

/// <summary>The seeds: QGJOB_SIMULATE_SEEDS of them (60), from QGJOB_SIMULATE_FROM (1).</summary>
public sealed class SimulationTests
{
    [Fact]
    public void No_seed_breaks_a_promise()
    {
        var count = Number("QGJOB_SIMULATE_SEEDS", 60);
        var from = Number("QGJOB_SIMULATE_FROM", 1);
        var began = TimeProvider.System.GetTimestamp();
        var results = Seeds.Run(from, count, Mutation.None, stopAtFirst: false);
        var seconds = TimeProvider.System.GetElapsedTime(began).TotalSeconds;
        var broken = results.Where(r => r.Violation is not null).ToList();
        TestContext.Current.SendDiagnosticMessage(string.Create(CultureInfo.InvariantCulture,
            $"{results.Count} seeds from {from} in {seconds:f1} s on {Environment.ProcessorCount} cores: {results.Sum(r => r.Commits)} commits, {results.Sum(r => r.Lasted.TotalHours):f1} h of virtual time, {broken.Count} violations"));
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"simulate: {results.Count} seeds from {from} in {seconds:f1} s ({results.Count / seconds:f0} a second): {results.Sum(r => r.Commits)} commits, {results.Sum(r => r.Steps)} steps, {results.Sum(r => r.Lasted.TotalHours):f1} h of virtual time; {broken.Count} violations"));
        foreach (var kind in broken.GroupBy(b => b.Violation!.Promise)) Console.WriteLine($"  {kind.Key}: {kind.Count()} (seeds {string.Join(' ', kind.Take(8).Select(b => b.Seed))})");
        Assert.True(broken.Count == 0, string.Join('\n', broken.DistinctBy(b => b.Violation!.Promise).Take(3).Select(Simulation.Tell)));
    }

    [Theory]
    [InlineData(3)]
    [InlineData(11)]
    [InlineData(42)]
    public void A_seed_replays_to_the_letter(int seed)
    {
        var first = Seeds.Run(seed, keepHistory: true);
        var second = Seeds.Run(seed, keepHistory: true);
        Assert.True(first.History.Count > 100);
        Assert.Equal(first.History, second.History);
    }

    private static int Number(string variable, int otherwise) =>
        int.TryParse(Environment.GetEnvironmentVariable(variable), NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : otherwise;
}
