using Qgjob.Faults.Tests.Processes;
using Qgjob.Faults.Tests.Stores;

namespace Qgjob.Faults.Tests;

/// <summary>Processes that stand still for longer than a lease and then go on as if nothing had been.</summary>
public sealed class PauseTests
{
    // The leases of these tests last 3 s.
    private static readonly TimeSpan LongerThanALease = TimeSpan.FromSeconds(5);

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("sqlite")]
    [InlineData("postgres")]
    [InlineData("redis")]
    public async Task A_server_that_stood_still_ends_no_lease_unheard(string store)
    {
        await using var trial = await StartAsync(store, 1);
        await StandStillAsync(trial, trial.Site.Servers[0].Process.Signal);
        await trial.CheckAsync(Cancel);
    }

    [Theory]
    [InlineData("postgres")]
    [InlineData("redis")]
    public async Task One_of_two_servers_stands_still(string store)
    {
        await using var trial = await StartAsync(store, 2);
        await StandStillAsync(trial, trial.Site.Servers[trial.Random.Next(2)].Process.Signal);
        await trial.CheckAsync(Cancel);
    }

    [Theory]
    [InlineData("sqlite")]
    [InlineData("postgres")]
    [InlineData("redis")]
    public async Task An_agent_that_stood_still_gives_up_what_is_not_its_own_any_more(string store)
    {
        await using var trial = await StartAsync(store, 1);
        await StandStillAsync(trial, trial.Site.Agent(trial.Random.Next(2)).Signal);
        await trial.CheckAsync(Cancel);
        Assert.Contains(trial.Past.Attempts, a => a.Attempt.Outcome is Qgjob.Core.Jobs.AttemptOutcome.Lost);
    }

    [Theory]
    [InlineData("postgres")]
    [InlineData("redis")]
    public async Task The_store_stands_still(string store)
    {
        await using var trial = await StartAsync(store, 2);
        await StandStillAsync(trial, trial.Site.Store.Signal);
        await trial.CheckAsync(Cancel);
    }

    private static async Task<Trial> StartAsync(string store, int servers) =>
        await Trial.StartAsync(await Site.StartAsync(folder => StoreUnderFault.Of(store, folder), servers, Cancel), Cancel);

    private static async Task StandStillAsync(Trial trial, Action<Signal> signal)
    {
        await trial.MomentAsync(Cancel);
        signal(Signal.Stop);
        await Waits.For(LongerThanALease, Cancel);
        signal(Signal.Continue);
        await trial.ProgressAsync(12, Cancel);
    }
}
