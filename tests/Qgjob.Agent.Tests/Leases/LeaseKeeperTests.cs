using System.Net;
using Qgjob.Agent.Leases;
using Qgjob.Client.Wire;
using Qgjob.Core.Storage;

namespace Qgjob.Agent.Tests.Leases;

[Collection(VirtualTime.Name)]
public sealed class LeaseKeeperTests : IDisposable
{
    private static readonly WireJson Json = WireJson.Default;
    private readonly FakeServer _server = new();
    private readonly RecordedConsole _console = new();
    private readonly CancellationTokenSource _end = new();
    private readonly LeaseKeeper _keeper;
    private LeaseState _state = LeaseState.Ok;

    public LeaseKeeperTests()
    {
        _keeper = new LeaseKeeper(_server.Agent, "a-1", new ServerNews(_console), _server.Time, new Random(1))
        {
            Terms = new LeaseTerms(TimeSpan.FromSeconds(20), TimeSpan.FromSeconds(50)),
        };
        _server.On("/agent/v1/renew", Json.RenewRequest, Json.RenewResponse, r => new RenewResponse([.. r.Leases.Select(_ => _state)]));
    }

    public void Dispose()
    {
        _end.Cancel();
        _end.Dispose();
        _keeper.Dispose();
    }

    [Fact]
    public async Task A_lease_is_confirmed_by_its_first_renewal_only()
    {
        var lease = _keeper.Take(FakeServer.Assignment(), _server.Time.GetTimestamp())!;
        Assert.False(lease.Confirmed.IsCompleted);
        var running = _keeper.RunAsync(_end.Token);
        await _server.UntilAsync(() => lease.Confirmed.IsCompletedSuccessfully, TimeSpan.Zero);
        Assert.Equal(1, _server.Count("/agent/v1/renew"));
        Assert.False(running.IsCompleted);
    }

    [Fact]
    public async Task All_leases_are_renewed_in_one_call_every_interval()
    {
        var running = _keeper.RunAsync(_end.Token);
        var one = _keeper.Take(FakeServer.Assignment("phone-1", 1), _server.Time.GetTimestamp())!;
        var two = _keeper.Take(FakeServer.Assignment("phone-2", 7), _server.Time.GetTimestamp())!;
        await _server.UntilAsync(() => one.Confirmed.IsCompletedSuccessfully && two.Confirmed.IsCompletedSuccessfully, TimeSpan.Zero);
        var before = _server.Count("/agent/v1/renew");
        await _server.UntilAsync(() => _server.Count("/agent/v1/renew") == before + 3, TimeSpan.FromSeconds(1));
        var asked = System.Text.Json.JsonSerializer.Deserialize(_server.Calls.Last().Body, Json.RenewRequest)!;
        Assert.Equal([one.Ref, two.Ref], asked.Leases);
        Assert.False(one.Stopped.IsCancellationRequested);
        Assert.False(running.IsCompleted);
    }

    [Fact]
    public async Task A_lease_stops_by_itself_when_renewals_fail_for_ttl_minus_margin()
    {
        _ = _keeper.RunAsync(_end.Token);
        var lease = _keeper.Take(FakeServer.Assignment(), _server.Time.GetTimestamp())!;
        await _server.UntilAsync(() => lease.Confirmed.IsCompletedSuccessfully, TimeSpan.Zero);
        _server.Unreachable = true;
        var start = _server.Time.GetTimestamp();
        await _server.UntilAsync(() => lease.Stopped.IsCancellationRequested, TimeSpan.FromMilliseconds(100));
        Assert.Equal(StopCause.Expired, lease.Cause);
        Assert.InRange(_server.Time.GetElapsedTime(start), TimeSpan.FromSeconds(48), TimeSpan.FromSeconds(50));
        Assert.True(_server.Count("/agent/v1/renew") > 10, "It should have tried again and again.");
        Assert.Single(_console.Lines, l => l.StartsWith('!'));
    }

    [Fact]
    public async Task A_server_that_comes_back_in_time_keeps_the_lease()
    {
        _ = _keeper.RunAsync(_end.Token);
        var lease = _keeper.Take(FakeServer.Assignment(), _server.Time.GetTimestamp())!;
        await _server.UntilAsync(() => lease.Confirmed.IsCompletedSuccessfully, TimeSpan.Zero);
        _server.Unreachable = true;
        var start = _server.Time.GetTimestamp();
        await _server.UntilAsync(() => _server.Time.GetElapsedTime(start) > TimeSpan.FromSeconds(40), TimeSpan.FromMilliseconds(100));
        _server.Unreachable = false;
        await _server.UntilAsync(() => _server.Time.GetElapsedTime(start) > TimeSpan.FromSeconds(120), TimeSpan.FromMilliseconds(100));
        Assert.False(lease.Stopped.IsCancellationRequested);
        Assert.Contains("The server answers again.", _console.Lines);
    }

    [Fact]
    public async Task What_was_never_renewed_never_starts()
    {
        _server.Unreachable = true;
        _ = _keeper.RunAsync(_end.Token);
        var lease = _keeper.Take(FakeServer.Assignment(), _server.Time.GetTimestamp())!;
        await _server.UntilAsync(() => lease.Stopped.IsCancellationRequested, TimeSpan.FromMilliseconds(100));
        Assert.True(lease.Confirmed.IsCanceled);
    }

    [Theory]
    [InlineData(LeaseState.Lost)]
    [InlineData(LeaseState.Cancel)]
    public async Task A_renewal_that_says_so_stops_the_attempt(LeaseState state)
    {
        _ = _keeper.RunAsync(_end.Token);
        var lease = _keeper.Take(FakeServer.Assignment(), _server.Time.GetTimestamp())!;
        await _server.UntilAsync(() => lease.Confirmed.IsCompletedSuccessfully, TimeSpan.Zero);
        _state = state;
        await _server.UntilAsync(() => lease.Stopped.IsCancellationRequested, TimeSpan.FromSeconds(1));
        Assert.Equal(state == LeaseState.Lost ? StopCause.Lost : StopCause.Canceled, lease.Cause);
    }

    [Fact]
    public async Task A_server_that_forgot_the_agent_makes_it_register()
    {
        var asked = 0;
        _keeper.Unknown = () => asked++;
        _server.Refuse("/agent/v1/renew", HttpStatusCode.Conflict);
        _ = _keeper.RunAsync(_end.Token);
        _keeper.Take(FakeServer.Assignment(), _server.Time.GetTimestamp());
        await _server.UntilAsync(() => asked > 0);
    }

    [Fact]
    public void The_same_assignment_twice_is_one_lease()
    {
        Assert.NotNull(_keeper.Take(FakeServer.Assignment(), _server.Time.GetTimestamp()));
        Assert.Null(_keeper.Take(FakeServer.Assignment(), _server.Time.GetTimestamp()));
        Assert.True(_keeper.IsBusy("phone-1"));
    }
}
