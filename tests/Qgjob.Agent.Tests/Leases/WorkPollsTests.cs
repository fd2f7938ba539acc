using System.Net;
using Qgjob.Agent.Leases;
using Qgjob.Client.Wire;

namespace Qgjob.Agent.Tests.Leases;

[Collection(VirtualTime.Name)]
public sealed class WorkPollsTests : IDisposable
{
    private static readonly WireJson Json = WireJson.Default;
    private readonly FakeServer _server = new();
    private readonly RecordedConsole _console = new();
    private readonly CancellationTokenSource _end = new();
    private readonly LeaseKeeper _leases;
    private readonly Registration _registration;
    private readonly WorkPolls _polls;
    private readonly List<HeldLease> _started = [];
    private readonly List<(WorkRequest Request, TaskCompletionSource<WorkResponse> Answer)> _open = [];

    public WorkPollsTests()
    {
        var identity = new AgentIdentity("a-1", "b-1", "lab", "1", null);
        var news = new ServerNews(_console);
        _leases = new LeaseKeeper(_server.Agent, "a-1", news, _server.Time, new Random(1));
        _registration = new Registration(_server.Agent, identity, () => [], _leases, news, _console, _server.Time, new Random(1));
        _polls = new WorkPolls(
            _server.Agent, identity, _registration, _leases,
            () => [.. new[] { "phone-1", "phone-2" }.Where(d => !_leases.IsBusy(d))], _started.Add, news, _server.Time, new Random(1));
        _leases.Changed = _polls.Refresh;
        _leases.Unknown = _registration.Forget;
        _server.On("/agent/v1/register", Json.RegisterRequest, Json.RegisterResponse, _ => new RegisterResponse(60, 20, 10, 0, MaxLogBytes: 5000));
        _server.OnAsync("/agent/v1/work", Json.WorkRequest, Json.WorkResponse, (request, cancel) =>
        {
            var answer = new TaskCompletionSource<WorkResponse>();
            lock (_open) _open.Add((request, answer));
            return answer.Task.WaitAsync(cancel);
        });
    }

    public void Dispose()
    {
        _end.Cancel();
        _end.Dispose();
        _leases.Dispose();
    }

    [Fact]
    public async Task Nothing_is_asked_before_the_registration()
    {
        _ = _polls.RunAsync(_end.Token);
        Assert.Equal(0, _server.Count("/agent/v1/work"));
        _ = _registration.RunAsync(_end.Token);
        await _server.UntilAsync(() => Polls == 1);
        Assert.Equal(["phone-1", "phone-2"], _open[0].Request.FreeDevices);
        Assert.Equal(new LeaseTerms(TimeSpan.FromSeconds(20), TimeSpan.FromSeconds(50), 5000), _leases.Terms);
    }

    [Fact]
    public async Task An_assignment_starts_and_the_next_poll_names_its_lease()
    {
        await StartAsync();
        _open[0].Answer.SetResult(new WorkResponse([FakeServer.Assignment("phone-1", 3)], [], []));
        await _server.UntilAsync(() => Polls == 2);
        Assert.Equal("phone-1", Assert.Single(_started).DeviceId);
        Assert.Equal(["phone-2"], _open[1].Request.FreeDevices);
        Assert.Equal(3, Assert.Single(_open[1].Request.Leases).Token);
    }

    [Fact]
    public async Task A_device_that_became_free_is_named_beside_the_open_poll()
    {
        await StartAsync();
        _open[0].Answer.SetResult(new WorkResponse([FakeServer.Assignment("phone-1", 3)], [], []));
        await _server.UntilAsync(() => Polls == 2);
        _leases.LetGo(_started[0]);
        await _server.UntilAsync(() => Polls == 3);
        Assert.False(_open[1].Answer.Task.IsCompleted);
        Assert.Equal(["phone-1", "phone-2"], _open[2].Request.FreeDevices);
        // Both answers count.
        _open[1].Answer.SetResult(new WorkResponse([FakeServer.Assignment("phone-2", 1)], [], []));
        _open[2].Answer.SetResult(new WorkResponse([FakeServer.Assignment("phone-1", 4)], [], []));
        await _server.UntilAsync(() => _started.Count == 3);
    }

    [Fact]
    public async Task Cancels_and_losses_act_at_once()
    {
        await StartAsync();
        _open[0].Answer.SetResult(new WorkResponse([FakeServer.Assignment("phone-1", 3), FakeServer.Assignment("phone-2", 5)], [], []));
        await _server.UntilAsync(() => Polls == 2);
        _open[1].Answer.SetResult(new WorkResponse([], [_started[0].Ref], [_started[1].Ref]));
        await _server.UntilAsync(() => _started.TrueForAll(l => l.Stopped.IsCancellationRequested));
        Assert.Equal([StopCause.Canceled, StopCause.Lost], _started.Select(l => l.Cause));
    }

    [Fact]
    public async Task A_409_registers_again()
    {
        await StartAsync();
        _open[0].Answer.SetException(new HttpRequestException("gone"));
        _server.Refuse("/agent/v1/work", HttpStatusCode.Conflict);
        await _server.UntilAsync(() => _server.Count("/agent/v1/register") >= 2);
    }

    [Fact]
    public async Task A_server_that_is_away_is_asked_again_and_mentioned_once()
    {
        await StartAsync();
        _server.Unreachable = true;
        _open[0].Answer.SetException(new HttpRequestException("gone"));
        await _server.UntilAsync(() => _server.Count("/agent/v1/work") > 8, TimeSpan.FromMilliseconds(200));
        _server.Unreachable = false;
        await _server.UntilAsync(() => Polls == 2);
        _open[1].Answer.SetResult(new WorkResponse([], [], []));
        await _server.UntilAsync(() => _console.Lines.Contains("The server answers again."));
        Assert.Single(_console.Lines, l => l.StartsWith('!'));
    }

    [Fact]
    public async Task A_server_that_answers_nothing_at_once_is_not_asked_in_a_tight_loop()
    {
        await StartAsync();
        _server.On("/agent/v1/work", Json.WorkRequest, Json.WorkResponse, _ => new WorkResponse([], [], []));
        var start = _server.Time.GetTimestamp();
        _open[0].Answer.SetResult(new WorkResponse([], [], []));
        await _server.UntilAsync(() => _server.Time.GetElapsedTime(start) > TimeSpan.FromSeconds(10));
        Assert.InRange(_server.Count("/agent/v1/work"), 5, 52);
    }

    private int Polls
    {
        get { lock (_open) return _open.Count; }
    }

    private async Task StartAsync()
    {
        _ = _registration.RunAsync(_end.Token);
        _ = _polls.RunAsync(_end.Token);
        await _server.UntilAsync(() => Polls == 1);
    }
}
