using System.Net;
using System.Text.Json;
using Qgjob.Agent.Leases;
using Qgjob.Agent.Reporting;
using Qgjob.Agent.Tests.Leases;
using Qgjob.Client.Wire;
using Qgjob.Core.Devices;
using Qgjob.Core.Jobs;
using Qgjob.Core.Results;
using Qgjob.Core.Storage;
using TestResult = Qgjob.Core.Results.TestResult;

namespace Qgjob.Agent.Tests.Reporting;

[Collection(VirtualTime.Name)]
public sealed class ProgressSenderTests : IDisposable
{
    private static readonly WireJson Json = WireJson.Default;
    private static readonly LeaseRef Lease = new("phone-1", 1);
    private static readonly LeaseRef Other = new("phone-2", 1);
    private readonly FakeServer _server = new();
    private readonly RecordedConsole _console = new();
    private readonly CancellationTokenSource _end = new();
    private readonly LeaseKeeper _leases;
    private readonly ProgressSender _sender;
    private readonly List<ProgressItem> _got = [];
    private LeaseState _state = LeaseState.Ok;

    public ProgressSenderTests()
    {
        _leases = new LeaseKeeper(_server.Agent, "a-1", new ServerNews(_console), _server.Time, new Random(1));
        _sender = new ProgressSender(_server.Agent, _leases, _console, _server.Time, new Random(1));
        _server.On("/agent/v1/progress", Json.ProgressRequest, Json.ProgressResponse, r =>
        {
            _got.AddRange(r.Items);
            return new ProgressResponse([.. r.Items.Select(_ => _state)]);
        });
        _ = _sender.RunAsync(_end.Token);
    }

    public void Dispose()
    {
        _end.Cancel();
        _end.Dispose();
        _leases.Dispose();
    }

    [Fact]
    public async Task News_that_come_together_travel_together_and_in_order()
    {
        _sender.Send(new ProgressItem(Lease, JobStatus.Installing));
        _sender.Send(new ProgressItem(Lease, JobStatus.Running));
        _sender.Send(new ProgressItem(Lease, TestsTotal: 3));
        await _server.UntilAsync(() => _got.Count == 3);
        Assert.Equal([JobStatus.Installing, JobStatus.Running, null], _got.Select(i => i.Status));
        Assert.Equal(1, _server.Count("/agent/v1/progress"));
    }

    [Fact]
    public async Task After_a_lost_answer_everything_is_told_again_under_the_same_numbers()
    {
        var build = new ResidentBuild("com.example", "00", "acme", "v1");
        _server.Unreachable = true;
        _sender.Send(new ProgressItem(Lease, Installed: build, InstallSeconds: 3));
        _sender.Send(new ProgressItem(Lease, JobStatus.Running));
        _sender.Send(new ProgressItem(Lease, Test: new TestResult(["a"], "a.ts", 1, TestStatus.Passed, 1)));
        await _server.UntilAsync(() => _server.Count("/agent/v1/progress") == 7);
        _server.Unreachable = false;
        await _server.UntilAsync(() => _got.Count == 3);
        Assert.Equal(build, _got[0].Installed);
        Assert.Equal(JobStatus.Running, _got[1].Status);
        Assert.Equal("a", _got[2].Test?.Title);
        Assert.Equal([1, 2, 3], _got.Select(i => i.Sequence));
    }

    [Fact]
    public async Task An_answer_that_says_canceled_stops_the_attempt()
    {
        var lease = _leases.Take(FakeServer.Assignment(), _server.Time.GetTimestamp())!;
        _state = LeaseState.Cancel;
        _sender.Send(new ProgressItem(Lease, JobStatus.Running));
        await _server.UntilAsync(() => lease.Stopped.IsCancellationRequested);
        Assert.Equal(StopCause.Canceled, lease.Cause);
    }

    [Fact]
    public async Task A_flush_waits_but_not_for_ever()
    {
        _server.Unreachable = true;
        _sender.Send(new ProgressItem(Lease, JobStatus.Running));
        var start = _server.Time.GetTimestamp();
        var flushing = _sender.FlushAsync(Lease, TimeSpan.FromSeconds(5), TestContext.Current.CancellationToken);
        await _server.UntilAsync(() => flushing.IsCompleted);
        Assert.InRange(_server.Time.GetElapsedTime(start), TimeSpan.FromSeconds(5), TimeSpan.FromSeconds(6));
    }

    [Fact]
    public async Task A_flush_waits_for_its_own_attempts_news_only()
    {
        _server.Unreachable = true;
        _sender.Send(new ProgressItem(Other, JobStatus.Running));
        await _server.UntilAsync(() => _server.Count("/agent/v1/progress") > 2);
        Assert.True(_sender.FlushAsync(Lease, TimeSpan.FromSeconds(5), TestContext.Current.CancellationToken).IsCompletedSuccessfully);
        Assert.False(_sender.FlushAsync(Other, TimeSpan.FromSeconds(5), TestContext.Current.CancellationToken).IsCompleted);
    }

    [Theory]
    [InlineData(HttpStatusCode.BadRequest)]
    [InlineData(HttpStatusCode.RequestEntityTooLarge)]
    public async Task One_bad_item_costs_nobody_elses_news(HttpStatusCode status)
    {
        var answer = _server.Answers["/agent/v1/progress"];
        _server.Answers["/agent/v1/progress"] = (path, body, cancel) =>
            JsonSerializer.Deserialize(body, Json.ProgressRequest)!.Items.Any(i => i.Message == "bad") ? Task.FromResult(new HttpResponseMessage(status)) : answer(path, body, cancel);
        for (var i = 0; i < 9; i++) _sender.Send(new ProgressItem(i % 2 == 0 ? Lease : Other, Message: i == 4 ? "bad" : $"{i}"));
        await _server.UntilAsync(() => _got.Count == 8);
        Assert.Equal(["0", "1", "2", "3", "5", "6", "7", "8"], _got.Select(i => i.Message));
        Assert.StartsWith("! phone-1: the server refuses news", Assert.Single(_console.Lines), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_server_that_goes_away_between_two_halves_gets_the_rest_later_in_order()
    {
        var answer = _server.Answers["/agent/v1/progress"];
        var calls = 0;
        _server.Answers["/agent/v1/progress"] = (path, body, cancel) => ++calls switch
        {
            1 => Task.FromResult(new HttpResponseMessage(HttpStatusCode.RequestEntityTooLarge)),
            >= 3 and <= 9 => throw new HttpRequestException("connection refused"),
            _ => answer(path, body, cancel),
        };
        for (var i = 0; i < 6; i++) _sender.Send(new ProgressItem(Lease, Message: $"{i}"));
        await _server.UntilAsync(() => _got.Count == 6);
        Assert.Equal(["0", "1", "2", "3", "4", "5"], _got.Select(i => i.Message));
    }

    [Fact]
    public async Task News_wait_for_a_right_token()
    {
        var answer = _server.Answers["/agent/v1/progress"];
        _server.Refuse("/agent/v1/progress", HttpStatusCode.Unauthorized);
        _sender.Send(new ProgressItem(Lease, JobStatus.Running));
        await _server.UntilAsync(() => _server.Count("/agent/v1/progress") == 1);
        _server.Answers["/agent/v1/progress"] = answer;
        await _server.UntilAsync(() => _got.Count == 1, TimeSpan.FromMilliseconds(500));
        Assert.Equal(JobStatus.Running, _got[0].Status);
    }
}
