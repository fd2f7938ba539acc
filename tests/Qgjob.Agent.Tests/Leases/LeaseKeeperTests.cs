using System.Net;
using Qgjob.Agent.Leases;
using Qgjob.Client.Wire;
using Qgjob.Core.Storage;

namespace Qgjob.Agent.Tests.Leases;

[Collection(VirtualTime.Name)]
public sealed class LeaseKeeperTests : IDisposable
{
    private static readonly WireJson Json = WireJson.Default;
    private readonly FakeServer server = new();
    private readonly RecordedConsole console = new();
    private readonly CancellationTokenSource end = new();
    private readonly LeaseKeeper keeper;
    private LeaseState state = LeaseState.Ok;

    public LeaseKeeperTests()
    {
        keeper = new LeaseKeeper(server.Agent, "a-1", new ServerNews(console), server.Time, new Random(1))
        {
            Terms = new LeaseTerms(TimeSpan.FromSeconds(20), TimeSpan.FromSeconds(50)),
        };
        server.On("/agent/v1/renew", Json.RenewRequest, Json.RenewResponse, r => new RenewResponse([.. r.Leases.Select(_ => state)]));
    }

    public void Dispose()
    {
        end.Cancel();
        end.Dispose();
        keeper.Dispose();
    }

    [Fact]
    public async Task A_lease_is_confirmed_by_its_first_renewal_only()
    {
        var lease = keeper.Take(FakeServer.Assignment(), server.Time.GetTimestamp())!;
        Assert.False(lease.Confirmed.IsCompleted);
        var running = keeper.RunAsync(end.Token);
        await server.UntilAsync(() => lease.Confirmed.IsCompletedSuccessfully, TimeSpan.Zero);
        Assert.Equal(1, server.Count("/agent/v1/renew"));
        Assert.False(running.IsCompleted);
    }

    [Fact]
    public async Task All_leases_are_renewed_in_one_call_every_interval()
    {
        var running = keeper.RunAsync(end.Token);
        var one = keeper.Take(FakeServer.Assignment("phone-1", 1), server.Time.GetTimestamp())!;
        var two = keeper.Take(FakeServer.Assignment("phone-2", 7), server.Time.GetTimestamp())!;
        await server.UntilAsync(() => one.Confirmed.IsCompletedSuccessfully && two.Confirmed.IsCompletedSuccessfully, TimeSpan.Zero);
        var before = server.Count("/agent/v1/renew");
        await server.UntilAsync(() => server.Count("/agent/v1/renew") == before + 3, TimeSpan.FromSeconds(1));
        var asked = System.Text.Json.JsonSerializer.Deserialize(server.Calls.Last().Body, Json.RenewRequest)!;
        Assert.Equal([one.Ref, two.Ref], asked.Leases);
        Assert.False(one.Stopped.IsCancellationRequested);
        Assert.False(running.IsCompleted);
    }

    [Fact]
    public void A_lease_is_over_when_its_time_has_passed_be_the_timer_late()
    {
        using var lease = new HeldLease(FakeServer.Assignment(), server.Time.GetTimestamp(), TimeSpan.FromSeconds(50), new LateTimers(server.Time));
        server.Time.Advance(TimeSpan.FromSeconds(49));
        Assert.False(lease.IsOver);
        lease.Renewed(server.Time.GetTimestamp(), TimeSpan.FromSeconds(50));
        server.Time.Advance(TimeSpan.FromSeconds(49));
        Assert.False(lease.IsOver);
        server.Time.Advance(TimeSpan.FromSeconds(1));
        // As in a process that stood still: nothing has stopped the attempt yet.
        Assert.True(lease.IsOver);
        Assert.False(lease.Stopped.IsCancellationRequested);
    }

    [Fact]
    public async Task A_lease_stops_by_itself_when_renewals_fail_for_ttl_minus_margin()
    {
        _ = keeper.RunAsync(end.Token);
        var lease = keeper.Take(FakeServer.Assignment(), server.Time.GetTimestamp())!;
        await server.UntilAsync(() => lease.Confirmed.IsCompletedSuccessfully, TimeSpan.Zero);
        server.Unreachable = true;
        var start = server.Time.GetTimestamp();
        await server.UntilAsync(() => lease.Stopped.IsCancellationRequested, TimeSpan.FromMilliseconds(250));
        Assert.Equal(StopCause.Expired, lease.Cause);
        Assert.InRange(server.Time.GetElapsedTime(start), TimeSpan.FromSeconds(48), TimeSpan.FromSeconds(50));
        Assert.True(server.Count("/agent/v1/renew") > 10, "It should have tried again and again.");
        Assert.Single(console.Lines, l => l.StartsWith('!'));
    }

    [Fact]
    public async Task A_server_that_comes_back_in_time_keeps_the_lease()
    {
        _ = keeper.RunAsync(end.Token);
        var lease = keeper.Take(FakeServer.Assignment(), server.Time.GetTimestamp())!;
        await server.UntilAsync(() => lease.Confirmed.IsCompletedSuccessfully, TimeSpan.Zero);
        server.Unreachable = true;
        var start = server.Time.GetTimestamp();
        await server.UntilAsync(() => server.Time.GetElapsedTime(start) > TimeSpan.FromSeconds(40), TimeSpan.FromMilliseconds(250));
        server.Unreachable = false;
        await server.UntilAsync(() => server.Time.GetElapsedTime(start) > TimeSpan.FromSeconds(120), TimeSpan.FromSeconds(1));
        Assert.False(lease.Stopped.IsCancellationRequested);
        Assert.Contains("The server answers again.", console.Lines);
    }

    [Fact]
    public async Task What_was_never_renewed_never_starts()
    {
        server.Unreachable = true;
        _ = keeper.RunAsync(end.Token);
        var lease = keeper.Take(FakeServer.Assignment(), server.Time.GetTimestamp())!;
        await server.UntilAsync(() => lease.Stopped.IsCancellationRequested, TimeSpan.FromMilliseconds(250));
        Assert.True(lease.Confirmed.IsCanceled);
    }

    [Theory]
    [InlineData(LeaseState.Lost)]
    [InlineData(LeaseState.Cancel)]
    public async Task A_renewal_that_says_so_stops_the_attempt(LeaseState state)
    {
        _ = keeper.RunAsync(end.Token);
        var lease = keeper.Take(FakeServer.Assignment(), server.Time.GetTimestamp())!;
        await server.UntilAsync(() => lease.Confirmed.IsCompletedSuccessfully, TimeSpan.Zero);
        this.state = state;
        await server.UntilAsync(() => lease.Stopped.IsCancellationRequested, TimeSpan.FromSeconds(1));
        Assert.Equal(state == LeaseState.Lost ? StopCause.Lost : StopCause.Canceled, lease.Cause);
    }

    [Fact]
    public async Task A_server_that_forgot_the_agent_makes_it_register()
    {
        var asked = 0;
        keeper.Unknown = () => asked++;
        server.Refuse("/agent/v1/renew", HttpStatusCode.Conflict);
        _ = keeper.RunAsync(end.Token);
        keeper.Take(FakeServer.Assignment(), server.Time.GetTimestamp());
        await server.UntilAsync(() => asked > 0);
    }

    [Fact]
    public void The_same_assignment_twice_is_one_lease()
    {
        Assert.NotNull(keeper.Take(FakeServer.Assignment(), server.Time.GetTimestamp()));
        Assert.Null(keeper.Take(FakeServer.Assignment(), server.Time.GetTimestamp()));
        Assert.True(keeper.IsBusy("phone-1"));
    }

    /// <summary>Its timers never come.</summary>
    private sealed class LateTimers(TimeProvider inner) : TimeProvider
    {
        public override long TimestampFrequency => inner.TimestampFrequency;

        public override long GetTimestamp() => inner.GetTimestamp();

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) => new Never();

        private sealed class Never : ITimer
        {
            public bool Change(TimeSpan dueTime, TimeSpan period) => true;

            public void Dispose()
            {
                // It has nothing.
            }

            public ValueTask DisposeAsync() => ValueTask.CompletedTask;
        }
    }
}
