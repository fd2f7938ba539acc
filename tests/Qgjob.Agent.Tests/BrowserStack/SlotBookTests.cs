using Qgjob.Agent.BrowserStack;
using Qgjob.Agent.Tests.Leases;
using Qgjob.BrowserStack;
using Qgjob.Core.Jobs;

namespace Qgjob.Agent.Tests.BrowserStack;

public sealed class SlotBookTests : IAsyncLifetime
{
    private readonly RecordedConsole console = new();
    private readonly HashSet<string> busy = [];
    private readonly CancellationTokenSource end = new();
    private Cloud cloud = null!;
    private Task following = Task.CompletedTask;

    public async ValueTask InitializeAsync() => cloud = await Cloud.StartAsync(parallels: 3);

    public async ValueTask DisposeAsync()
    {
        await end.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => following);
        end.Dispose();
        await cloud.DisposeAsync();
        Assert.DoesNotContain(console.Lines, l => l.Contains(StandIn.Key, StringComparison.Ordinal));
    }

    [Fact]
    public async Task As_many_slots_are_offered_as_others_leave_free_and_a_busy_one_stays()
    {
        cloud.StandIn.OthersRunning = 1;
        var slots = Follow();
        await slots.Asked;
        Assert.Equal(["lab/browserstack-1", "lab/browserstack-2"], Ids(slots));
        var offer = slots.Offers[0];
        Assert.Equal((Target.Browserstack, "lab1", 5), (offer.Target, Assert.Single(offer.Tags), offer.Models!.Count));

        busy.Add("lab/browserstack-2");
        cloud.StandIn.OthersRunning = 3;
        await Cloud.UntilAsync(() => Ids(slots).SequenceEqual(["lab/browserstack-2"]));
        busy.Clear();
        await Cloud.UntilAsync(() => Ids(slots).Length == 0);
        cloud.StandIn.OthersRunning = 0;
        await Cloud.UntilAsync(() => Ids(slots).Length == 3);
        // Who waits at BrowserStack comes first.
        cloud.StandIn.OthersQueued = 2;
        await Cloud.UntilAsync(() => Ids(slots).Length == 1);
        Assert.Empty(console.Lines);
    }

    [Fact]
    public async Task No_more_than_asked_for()
    {
        var slots = Follow(most: 2);
        await slots.Asked;
        Assert.Equal(2, slots.Offers.Count);
        Assert.NotNull(slots.Find("lab/browserstack-7"));
        Assert.Null(slots.Find("lab/phone-1"));
        Assert.Null(slots.Find("other/browserstack-1"));
    }

    [Fact]
    public async Task Wrong_credentials_are_one_line_and_no_slots()
    {
        var slots = Follow(key: "wrong");
        await slots.Asked;
        await Cloud.UntilAsync(() => cloud.StandIn.Calls.Count >= 2);
        Assert.Empty(slots.Offers);
        Assert.Equal("! BrowserStack refuses BROWSERSTACK_USERNAME and BROWSERSTACK_ACCESS_KEY (answer 401): compare them with the account's settings. No slots are offered.", Assert.Single(console.Lines));
    }

    [Fact]
    public async Task A_parallel_session_is_waited_for_and_held()
    {
        var slots = Follow();
        cloud.StandIn.OthersRunning = 3;
        CloudPlan? told = null;
        var reserving = slots.ReserveAsync(p => told = p, end.Token);
        await Cloud.UntilAsync(() => told is not null);
        Assert.False(reserving.IsCompleted);
        cloud.StandIn.OthersRunning = 2;
        using var first = await reserving;
        Assert.Equal(3, told!.ParallelSessionsRunning);

        // One is free, and held: nobody else gets it.
        var second = slots.ReserveAsync(_ => { }, end.Token);
        var asked = cloud.StandIn.Calls.Count;
        await Cloud.UntilAsync(() => cloud.StandIn.Calls.Count > asked + 5);
        Assert.False(second.IsCompleted);
        first.Dispose();
        (await second).Dispose();
    }

    private SlotBook Follow(int? most = null, string key = StandIn.Key)
    {
        var slots = new SlotBook(cloud.Client(key), "lab", ["lab1"], most, busy.Contains, console, cloud.Time);
        following = slots.RunAsync(end.Token);
        return slots;
    }

    private static string[] Ids(SlotBook slots) => [.. slots.Offers.Select(o => o.Id)];
}
