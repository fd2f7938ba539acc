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

    /// <summary>Phones that hang on a network can be reached by both agents: only the lease's end keeps them apart.</summary>
    [Fact]
    public async Task Phones_that_another_agent_offers_meanwhile_are_driven_by_one_agent_at_a_time()
    {
        var site = await Site.StartAsync(folder => StoreUnderFault.Of("sqlite", folder), 1, Cancel);
        string[] phones = ["phone-a", "phone-b", "phone-c", "phone-d"];
        site.AddAgent("lab-1", phones.Length, ids: phones);
        site.AddAgent("lab-2", phones.Length, ids: phones);
        await using var trial = await Trial.StartAsync(site, Cancel, agents: 1);
        for (var (round, here) = (0, 0); round < 3; round++, here = 1 - here)
        {
            await trial.MomentAsync(Cancel);
            site.Agent(here).Signal(Signal.Stop);
            site.StartAgent(1 - here);
            await trial.ProgressAsync(12, Cancel);
            site.Agent(here).Signal(Signal.Continue);
            await trial.MomentAsync(Cancel, 300);
            // Both go: phones belong to the agent that said so last, and that may have been this one.
            await site.KillAgentAsync(here, Cancel);
            await site.KillAgentAsync(1 - here, Cancel);
            site.StartAgent(1 - here);
            await trial.ProgressAsync(8, Cancel);
        }
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
