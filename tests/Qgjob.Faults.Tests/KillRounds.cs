using System.Globalization;
using Qgjob.Faults.Tests.Processes;
using Qgjob.Faults.Tests.Stores;

namespace Qgjob.Faults.Tests;

/// <summary>Many kills in a row: each round ends a server, an agent or the store by chance, starts it anew and waits until work goes on.</summary>
public sealed class KillRounds
{
    private const int Usual = 8;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("sqlite")]
    [InlineData("postgres")]
    [InlineData("redis")]
    public async Task Whatever_is_killed_nothing_is_lost(string store)
    {
        Assert.SkipUnless(Environment.GetEnvironmentVariable("QGJOB_FAULTS_STORE") is not { Length: > 0 } only || only == store, "another store was asked for");
        var rounds = int.TryParse(Environment.GetEnvironmentVariable("QGJOB_FAULTS_ROUNDS"), CultureInfo.InvariantCulture, out var asked) ? asked : Usual;
        await using var trial = await Trial.StartAsync(
            await Site.StartAsync(folder => StoreUnderFault.Of(store, folder), store == "sqlite" ? 1 : 2, Cancel), Cancel);
        var kills = new Dictionary<string, int> { ["server"] = 0, ["agent"] = 0 };
        for (var round = 0; round < rounds; round++)
        {
            await trial.MomentAsync(Cancel, 400);
            var victim = await KillOneAsync(trial);
            kills[victim] = kills.GetValueOrDefault(victim) + 1;
            await trial.ProgressAsync(1, Cancel);
        }
        await trial.CheckAsync(Cancel);
        var line = string.Create(CultureInfo.InvariantCulture,
            $"faults {store}: {rounds} rounds; kills {string.Join(", ", kills.Select(k => $"{k.Key} {k.Value}"))}; {trial.Summary}; 0 violations");
        TestContext.Current.TestOutputHelper?.WriteLine(line);
        // Also when the test passes, whose output the runner keeps to itself.
        if (Environment.GetEnvironmentVariable("QGJOB_FAULTS_FIGURES") is { Length: > 0 } file) await File.AppendAllTextAsync(file, line + "\n", Cancel);
    }

    private static async Task<string> KillOneAsync(Trial trial)
    {
        var (site, random) = (trial.Site, trial.Random);
        var victim = random.Next(site.Servers.Count + site.Agents.Count + (site.Store.HasProcess ? 1 : 0));
        var pause = TimeSpan.FromMilliseconds(random.Next(300));
        if (victim < site.Servers.Count)
        {
            await site.Servers[victim].KillAsync(Cancel);
            await Waits.For(pause, Cancel);
            await site.Servers[victim].StartAsync(Cancel);
            return "server";
        }
        victim -= site.Servers.Count;
        if (victim < site.Agents.Count)
        {
            await site.KillAgentAsync(victim, Cancel);
            await Waits.For(pause, Cancel);
            site.StartAgent(victim);
            return "agent";
        }
        await site.Store.KillAsync(Cancel);
        await Waits.For(pause, Cancel);
        await site.Store.StartAsync(Cancel);
        return "store";
    }
}
