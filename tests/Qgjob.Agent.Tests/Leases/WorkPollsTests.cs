using System.Net;
using Qgjob.Agent.Leases;
using Qgjob.Client.Wire;

namespace Qgjob.Agent.Tests.Leases;

[Collection(VirtualTime.Name)]
public sealed class WorkPollsTests : IDisposable
{
    private static readonly WireJson Json = WireJson.Default;
    private readonly FakeServer server = new();
    private readonly RecordedConsole console = new();
    private readonly CancellationTokenSource end = new();
    private readonly LeaseKeeper leases;
    private readonly Registration registration;
    private readonly WorkPolls polls;
    private readonly List<HeldLease> started = [];
    private readonly List<(WorkRequest Request, TaskCompletionSource<WorkResponse> Answer)> open = [];

    public WorkPollsTests()
    {
        var identity = new AgentIdentity("a-1", "b-1", "lab", "1", null);
        var news = new ServerNews(console);
        leases = new LeaseKeeper(server.Agent, "a-1", news, server.Time, new Random(1));
        registration = new Registration(server.Agent, identity, () => [], leases, news, console, server.Time, new Random(1));
        polls = new WorkPolls(
            server.Agent, identity, registration, leases,
            () => [.. new[] { "phone-1", "phone-2" }.Where(d => !leases.IsBusy(d))], started.Add, news, server.Time, new Random(1));
        leases.Changed = polls.Refresh;
        leases.Unknown = registration.Forget;
        server.On("/agent/v1/register", Json.RegisterRequest, Json.RegisterResponse, _ => new RegisterResponse(60, 20, 10, 0, MaxLogBytes: 5000));
        server.OnAsync("/agent/v1/work", Json.WorkRequest, Json.WorkResponse, (request, cancel) =>
        {
            var answer = new TaskCompletionSource<WorkResponse>();
            lock (open) open.Add((request, answer));
            return answer.Task.WaitAsync(cancel);
        });
    }

    public void Dispose()
    {
        end.Cancel();
        end.Dispose();
        leases.Dispose();
    }

    [Fact]
    public async Task Nothing_is_asked_before_the_registration()
    {
        _ = polls.RunAsync(end.Token);
        Assert.Equal(0, server.Count("/agent/v1/work"));
        _ = registration.RunAsync(end.Token);
        await server.UntilAsync(() => Polls == 1);
        Assert.Equal(["phone-1", "phone-2"], open[0].Request.FreeDevices);
        Assert.Equal(new LeaseTerms(TimeSpan.FromSeconds(20), TimeSpan.FromSeconds(50), 5000), leases.Terms);
    }

    [Fact]
    public async Task An_assignment_starts_and_the_next_poll_names_its_lease()
    {
        await StartAsync();
        open[0].Answer.SetResult(new WorkResponse([FakeServer.Assignment("phone-1", 3)], [], []));
        await server.UntilAsync(() => Polls == 2);
        Assert.Equal("phone-1", Assert.Single(started).DeviceId);
        Assert.Equal(["phone-2"], open[1].Request.FreeDevices);
        Assert.Equal(3, Assert.Single(open[1].Request.Leases).Token);
    }

    [Fact]
    public async Task A_device_that_became_free_is_named_beside_the_open_poll()
    {
        await StartAsync();
        open[0].Answer.SetResult(new WorkResponse([FakeServer.Assignment("phone-1", 3)], [], []));
        await server.UntilAsync(() => Polls == 2);
        leases.LetGo(started[0]);
        await server.UntilAsync(() => Polls == 3);
        Assert.False(open[1].Answer.Task.IsCompleted);
        Assert.Equal(["phone-1", "phone-2"], open[2].Request.FreeDevices);
        // Both answers count.
        open[1].Answer.SetResult(new WorkResponse([FakeServer.Assignment("phone-2", 1)], [], []));
        open[2].Answer.SetResult(new WorkResponse([FakeServer.Assignment("phone-1", 4)], [], []));
        await server.UntilAsync(() => started.Count == 3);
    }

    [Fact]
    public async Task Cancels_and_losses_act_at_once()
    {
        await StartAsync();
        open[0].Answer.SetResult(new WorkResponse([FakeServer.Assignment("phone-1", 3), FakeServer.Assignment("phone-2", 5)], [], []));
        await server.UntilAsync(() => Polls == 2);
        open[1].Answer.SetResult(new WorkResponse([], [started[0].Ref], [started[1].Ref]));
        await server.UntilAsync(() => started.TrueForAll(l => l.Stopped.IsCancellationRequested));
        Assert.Equal([StopCause.Canceled, StopCause.Lost], started.Select(l => l.Cause));
    }

    [Fact]
    public async Task A_409_registers_again()
    {
        await StartAsync();
        open[0].Answer.SetException(new HttpRequestException("gone"));
        server.Refuse("/agent/v1/work", HttpStatusCode.Conflict);
        await server.UntilAsync(() => server.Count("/agent/v1/register") >= 2);
    }

    [Fact]
    public async Task A_server_that_is_away_is_asked_again_and_mentioned_once()
    {
        await StartAsync();
        server.Unreachable = true;
        open[0].Answer.SetException(new HttpRequestException("gone"));
        await server.UntilAsync(() => server.Count("/agent/v1/work") > 8, TimeSpan.FromMilliseconds(200));
        server.Unreachable = false;
        await server.UntilAsync(() => Polls == 2);
        open[1].Answer.SetResult(new WorkResponse([], [], []));
        await server.UntilAsync(() => console.Lines.Contains("The server answers again."));
        Assert.Single(console.Lines, l => l.StartsWith('!'));
    }

    [Fact]
    public async Task A_server_that_answers_nothing_at_once_is_not_asked_in_a_tight_loop()
    {
        await StartAsync();
        server.On("/agent/v1/work", Json.WorkRequest, Json.WorkResponse, _ => new WorkResponse([], [], []));
        var start = server.Time.GetTimestamp();
        open[0].Answer.SetResult(new WorkResponse([], [], []));
        await server.UntilAsync(() => server.Time.GetElapsedTime(start) > TimeSpan.FromSeconds(10));
        Assert.InRange(server.Count("/agent/v1/work"), 5, 52);
    }

    private int Polls
    {
        get { lock (open) return open.Count; }
    }

    private async Task StartAsync()
    {
        _ = registration.RunAsync(end.Token);
        _ = polls.RunAsync(end.Token);
        await server.UntilAsync(() => Polls == 1);
    }
}
