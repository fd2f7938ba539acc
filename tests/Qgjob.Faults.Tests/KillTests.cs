using Qgjob.Faults.Tests.Stores;

namespace Qgjob.Faults.Tests;

/// <summary>kill -9, under load, at moments by chance. Each fault on its own; <see cref="KillRounds"/> mixes them.</summary>
public sealed class KillTests
{
    private static readonly TimeSpan LongestGap = TimeSpan.FromSeconds(10);

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("sqlite")]
    [InlineData("postgres")]
    [InlineData("redis")]
    public async Task A_killed_server_loses_nothing(string store)
    {
        await using var trial = await StartAsync(store, 1);
        for (var i = 0; i < 3; i++)
        {
            await trial.MomentAsync(Cancel);
            await trial.Site.Servers[0].KillAsync(Cancel);
            await trial.MomentAsync(Cancel, 500);
            await trial.Site.Servers[0].StartAsync(Cancel);
            await trial.ProgressAsync(4, Cancel);
        }
        await trial.CheckAsync(Cancel);
    }

    [Theory]
    [InlineData("sqlite")]
    [InlineData("postgres")]
    [InlineData("redis")]
    public async Task A_killed_agent_loses_no_job(string store)
    {
        await using var trial = await StartAsync(store, 1);
        for (var i = 0; i < 4; i++)
        {
            await trial.MomentAsync(Cancel);
            var victim = trial.Random.Next(2);
            await trial.Site.KillAgentAsync(victim, Cancel);
            await trial.MomentAsync(Cancel, 500);
            trial.Site.StartAgent(victim);
            await trial.ProgressAsync(4, Cancel);
        }
        await trial.CheckAsync(Cancel);
    }

    [Theory]
    [InlineData("postgres")]
    [InlineData("redis")]
    public async Task Of_two_servers_either_may_be_killed_and_the_other_goes_on(string store)
    {
        await using var trial = await StartAsync(store, 2);
        foreach (var victim in trial.Random.Next(2) == 0 ? [0, 1] : (int[])[1, 0])
        {
            await trial.MomentAsync(Cancel);
            await trial.Site.Servers[victim].KillAsync(Cancel);
            // The other does the work of both until somebody notices.
            await trial.ProgressAsync(12, Cancel, LongestGap * 2);
            await trial.Site.Servers[victim].StartAsync(Cancel);
            await trial.ProgressAsync(4, Cancel);
        }
        await trial.CheckAsync(Cancel);
        Assert.True(trial.ClaimGap <= LongestGap, trial.Summary);
    }

    [Theory]
    [InlineData("postgres")]
    [InlineData("redis")]
    public async Task A_killed_store_loses_nothing_and_is_found_again(string store)
    {
        await using var trial = await StartAsync(store, 2);
        for (var i = 0; i < 3; i++)
        {
            await trial.MomentAsync(Cancel);
            await trial.Site.Store.KillAsync(Cancel);
            await trial.MomentAsync(Cancel, 1500);
            await trial.Site.Store.StartAsync(Cancel);
            await trial.ProgressAsync(4, Cancel);
        }
        await trial.CheckAsync(Cancel);
    }

    private static async Task<Trial> StartAsync(string store, int servers) =>
        await Trial.StartAsync(await Site.StartAsync(folder => StoreUnderFault.Of(store, folder), servers, Cancel), Cancel);
}
