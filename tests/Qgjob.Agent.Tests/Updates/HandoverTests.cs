using Qgjob.Agent.Leases;
using Qgjob.Agent.Tests.Leases;
using Qgjob.Agent.Updates;
using Qgjob.Client.Wire;

namespace Qgjob.Agent.Tests.Updates;

[Collection(VirtualTime.Name)]
public sealed class HandoverTests : IDisposable
{
    private static readonly WireJson Json = WireJson.Default;
    private static readonly TimeSpan Step = TimeSpan.FromMilliseconds(250);
    private readonly FakeServer server = new();
    private readonly RecordedConsole console = new();
    private readonly CancellationTokenSource end = new();
    private readonly LeaseKeeper leases;
    private readonly WorkPolls polls;
    private readonly Handover handover;
    private readonly List<HeldLease> started = [];
    private readonly List<(WorkRequest Request, TaskCompletionSource<WorkResponse> Answer)> asked = [];
    private int attempts;
    private string file = "old";
    private bool works = true;

    public HandoverTests()
    {
        var news = new ServerNews(console);
        leases = new LeaseKeeper(server.Agent, "a-1", news, server.Time, new Random(1));
        var identity = new AgentIdentity("a-1", "b-1", "lab", "1", null);
        var registration = new Registration(server.Agent, identity, () => [], leases, news, console, server.Time, new Random(1));
        polls = new WorkPolls(
            server.Agent, identity, registration, leases,
            () => [.. new[] { "phone-1", "phone-2" }.Where(d => !leases.IsBusy(d))], started.Add, news, server.Time, new Random(1));
        leases.Changed = polls.Refresh;
        var watch = new ProgramWatch(() => file, _ => Task.FromResult(new ProgramAnswer(works, works ? "qgjob 2" : "exit code 1")), console, server.Time);
        handover = new Handover(watch, polls, leases, () => attempts, console, server.Time);
        server.On("/agent/v1/register", Json.RegisterRequest, Json.RegisterResponse, _ => new RegisterResponse(60, 20, 10, 0, MaxLogBytes: 5000));
        server.On("/agent/v1/renew", Json.RenewRequest, Json.RenewResponse, r => new RenewResponse([.. r.Leases.Select(_ => Qgjob.Core.Storage.LeaseState.Ok)]));
        // As the server does: the newest poll of an agent answers its older ones.
        server.OnAsync("/agent/v1/work", Json.WorkRequest, Json.WorkResponse, async (request, cancel) =>
        {
            var answer = new TaskCompletionSource<WorkResponse>(TaskCreationOptions.RunContinuationsAsynchronously);
            lock (asked)
            {
                foreach (var (_, older) in asked) older.TrySetResult(new WorkResponse([], [], []) { Superseded = true });
                asked.Add((request, answer));
            }
            return await answer.Task.WaitAsync(cancel);
        });
        _ = registration.RunAsync(end.Token);
        _ = polls.RunAsync(end.Token);
        _ = leases.RunAsync(end.Token);
    }

    public void Dispose()
    {
        end.Cancel();
        end.Dispose();
        leases.Dispose();
    }

    [Fact]
    public async Task Nothing_new_is_taken_and_what_runs_is_awaited()
    {
        await server.UntilAsync(() => Latest?.Request.FreeDevices.Count == 2, Step);
        attempts = 1;
        Latest!.Value.Answer.SetResult(new WorkResponse([FakeServer.Assignment("phone-1", 3)], [], []));
        await server.UntilAsync(() => started.Count == 1 && Latest!.Value.Request.Leases.Count == 1, Step);
        var handing = handover.RunAsync(end.Token);
        file = "new";
        await server.UntilAsync(() => Latest!.Value.Request.FreeDevices.Count == 0, Step);
        Assert.Equal(3, Assert.Single(Latest!.Value.Request.Leases).Token);
        Assert.Contains(console.Lines, l => l.Contains("qgjob 2", StringComparison.Ordinal) && l.Contains("no new work", StringComparison.Ordinal));
        await PassAsync(60);
        Assert.False(handing.IsCompleted);
        // The result is delivered, its files are not.
        leases.LetGo(started[0]);
        await PassAsync(60);
        Assert.False(handing.IsCompleted);
        Assert.Empty(Latest!.Value.Request.FreeDevices);
        attempts = 0;
        await server.UntilAsync(() => handing.IsCompleted, Step);
        await handing;
        Assert.Single(started);
    }

    [Fact]
    public async Task Work_that_an_older_poll_still_brings_is_done_first()
    {
        await server.UntilAsync(() => Latest?.Request.FreeDevices.Count == 2, Step);
        // A server that holds older polls in spite of newer ones.
        server.OnAsync("/agent/v1/work", Json.WorkRequest, Json.WorkResponse, (request, cancel) =>
        {
            var answer = new TaskCompletionSource<WorkResponse>(TaskCreationOptions.RunContinuationsAsynchronously);
            lock (asked) asked.Add((request, answer));
            return answer.Task.WaitAsync(cancel);
        });
        var older = Latest!.Value;
        var handing = handover.RunAsync(end.Token);
        file = "new";
        await server.UntilAsync(() => Latest!.Value.Request.FreeDevices.Count == 0, Step);
        await PassAsync(10);
        Assert.False(handing.IsCompleted);
        older.Answer.SetResult(new WorkResponse([FakeServer.Assignment("phone-1", 3)], [], []));
        await server.UntilAsync(() => started.Count == 1, Step);
        await PassAsync(10);
        Assert.False(handing.IsCompleted);
        leases.LetGo(started[0]);
        await server.UntilAsync(() => handing.IsCompleted, Step);
        await handing;
    }

    [Fact]
    public async Task When_the_new_program_is_gone_or_broken_in_the_end_work_goes_on()
    {
        await server.UntilAsync(() => Latest?.Request.FreeDevices.Count == 2, Step);
        attempts = 1;
        var handing = handover.RunAsync(end.Token);
        file = "new";
        await server.UntilAsync(() => Latest!.Value.Request.FreeDevices.Count == 0, Step);
        works = false;
        attempts = 0;
        await server.UntilAsync(() => Latest!.Value.Request.FreeDevices.Count == 2, Step);
        Assert.False(handing.IsCompleted);
        Assert.Contains(console.Lines, l => l.Contains("goes on as it is", StringComparison.Ordinal));
    }

    private (WorkRequest Request, TaskCompletionSource<WorkResponse> Answer)? Latest
    {
        get { lock (asked) return asked.Count == 0 ? null : asked[^1]; }
    }

    private async Task PassAsync(double seconds)
    {
        var start = server.Time.GetTimestamp();
        await server.UntilAsync(() => server.Time.GetElapsedTime(start) >= TimeSpan.FromSeconds(seconds), Step);
    }
}
