using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using Qgjob.Client.Wire;
using Qgjob.Core.Storage;
using Qgjob.Core.Storage.Memory;
using Qgjob.Server.Hosting;
using Qgjob.Server.Tests.Dispatch;
using Xunit;

namespace Qgjob.Server.Tests.Hosting;

public sealed class StoreClockTests
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);
    private readonly FakeTimeProvider real = RunningServer.Clock();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(3600, -3600)]
    [InlineData(-90, 0.4)]
    public async Task Servers_whose_machines_disagree_agree_with_the_store(double aheadOfA, double aheadOfB)
    {
        await using var store = Store(hasClock: true);
        foreach (var ahead in new[] { aheadOfA, aheadOfB })
        {
            var clock = new StoreClock(new MachineClock(real) { Ahead = TimeSpan.FromSeconds(ahead) });
            Assert.Equal(Math.Abs(ahead) > 1, await clock.ReadAsync(store, Cancel));
            Assert.True(clock.IsTheStores);
            Assert.Equal(real.GetUtcNow(), clock.GetUtcNow());
            real.Advance(TimeSpan.FromMinutes(20));
            Assert.Equal(real.GetUtcNow(), clock.GetUtcNow());
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(-1)]
    public async Task A_machine_whose_clock_is_set_changes_nothing_where_the_store_has_one(double hours)
    {
        await using var store = Store(hasClock: true);
        var machine = new MachineClock(real);
        var clock = new StoreClock(machine);
        await clock.ReadAsync(store, Cancel);
        machine.Ahead = TimeSpan.FromHours(hours);
        Assert.Equal(real.GetUtcNow(), clock.GetUtcNow());
        Assert.Equal(TimeSpan.FromHours(hours), clock.MachineAhead);
        Assert.False(await clock.ReadAsync(store, Cancel));
        Assert.Equal(real.GetUtcNow(), clock.GetUtcNow());
    }

    [Theory]
    [InlineData(1)]
    [InlineData(-1)]
    public async Task Without_a_store_clock_a_set_clock_is_followed_by_a_hundredth(double hours)
    {
        await using var store = Store(hasClock: false);
        var machine = new MachineClock(real);
        var clock = new StoreClock(machine);
        await clock.ReadAsync(store, Cancel);
        Assert.False(clock.IsTheStores);
        machine.Ahead = TimeSpan.FromHours(hours);
        for (var passed = 0; passed < 600; passed += 30)
        {
            var before = clock.GetUtcNow();
            real.Advance(StoreClock.ReadEvery);
            Assert.False(await clock.ReadAsync(store, Cancel));
            Assert.InRange(clock.GetUtcNow() - before, StoreClock.ReadEvery * 0.99, StoreClock.ReadEvery * 1.01);
        }
        Assert.Equal(6, (clock.GetUtcNow() - real.GetUtcNow()).TotalSeconds * hours, 3);
    }

    [Fact]
    public async Task A_reading_never_puts_the_clock_ahead_and_one_that_took_too_long_counts_only_before_there_is_a_better_one()
    {
        var clock = new StoreClock(new MachineClock(real) { Ahead = TimeSpan.FromHours(5) });
        await using var slow = Store(hasClock: true, way: TimeSpan.FromSeconds(3));
        Assert.True(await clock.ReadAsync(slow, Cancel));
        Assert.False(clock.IsSure);
        Assert.InRange(clock.GetUtcNow() - real.GetUtcNow(), TimeSpan.FromSeconds(-3), TimeSpan.Zero);
        await using var quick = Store(hasClock: true, way: TimeSpan.FromMilliseconds(200));
        await clock.ReadAsync(quick, Cancel);
        Assert.True(clock.IsSure);
        var good = clock.GetUtcNow() - real.GetUtcNow();
        Assert.InRange(good, TimeSpan.FromMilliseconds(-200), TimeSpan.Zero);
        Assert.False(await clock.ReadAsync(slow, Cancel));
        Assert.Equal(good, clock.GetUtcNow() - real.GetUtcNow());
    }

    [Theory]
    [InlineData(true, 1)]
    [InlineData(true, -1)]
    [InlineData(false, 1)]
    [InlineData(false, -1)]
    public async Task A_lease_outlives_an_hour_that_the_clock_is_set_by(bool storeHasClock, double hours)
    {
        var machine = new MachineClock(real);
        await using var server = await RunningServer.StartAsync(
            machine, real, Store(storeHasClock), "--lease-ttl", "20s", "--lease-renew", "5s", "--lease-margin", "5s");
        var agent = new FakeAgent(server, "lab");
        await agent.RegisterAsync();
        await server.Client.SubmitAsync(new SubmitRun { OrgId = "o", AppVersionId = "v", Tests = ["a.spec.js"] }, "k", Cancel);
        var lease = Assert.Single((await agent.WorkAsync(wait: 60).WaitAsync(TimeSpan.FromSeconds(20), Cancel)).Assignments).Lease;
        // By now the server has been in contact with its store long enough to end leases.
        for (var passed = 0; passed < 30; passed += 5) await RenewAfterAsync(5);
        machine.Ahead = TimeSpan.FromHours(hours);
        for (var passed = 0; passed < 90; passed += 5) await RenewAfterAsync(5);
        Assert.True(await agent.FinishAsync(lease));

        async Task RenewAfterAsync(int seconds)
        {
            var before = server.Services.GetRequiredService<StoreClock>().GetUtcNow();
            await server.PassAsync(seconds * Second);
            Assert.InRange(server.Services.GetRequiredService<StoreClock>().GetUtcNow() - before, (seconds - 1) * Second, (seconds + 1) * Second);
            Assert.Equal(LeaseState.Ok, await agent.RenewAsync(lease));
        }
    }

    private FailingStore Store(bool hasClock, TimeSpan way = default) => new(new MemoryStore()) { Clock = hasClock ? new ClockOnTheWay(real, way) : null };

    /// <summary>The store's clock; a reading takes a while, all of it before the store looks.</summary>
    private sealed class ClockOnTheWay(FakeTimeProvider real, TimeSpan way) : TimeProvider
    {
        public override DateTimeOffset GetUtcNow()
        {
            if (way > TimeSpan.Zero) real.Advance(way);
            return real.GetUtcNow();
        }
    }
}
