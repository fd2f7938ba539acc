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
    private readonly FakeServer server = new();
    private readonly RecordedConsole console = new();
    private readonly CancellationTokenSource end = new();
    private readonly LeaseKeeper leases;
    private readonly ProgressSender sender;
    private readonly List<ProgressItem> got = [];
    private LeaseState state = LeaseState.Ok;

    public ProgressSenderTests()
    {
        leases = new LeaseKeeper(server.Agent, "a-1", new ServerNews(console), server.Time, new Random(1));
        sender = new ProgressSender(server.Agent, leases, console, server.Time, new Random(1));
        server.On("/agent/v1/progress", Json.ProgressRequest, Json.ProgressResponse, r =>
        {
            got.AddRange(r.Items);
            return new ProgressResponse([.. r.Items.Select(_ => state)]);
        });
        _ = sender.RunAsync(end.Token);
    }

    public void Dispose()
    {
        end.Cancel();
        end.Dispose();
        leases.Dispose();
    }

    [Fact]
    public async Task News_that_come_together_travel_together_and_in_order()
    {
        sender.Send(new ProgressItem(Lease, JobStatus.Installing));
        sender.Send(new ProgressItem(Lease, JobStatus.Running));
        sender.Send(new ProgressItem(Lease, TestsTotal: 3));
        await server.UntilAsync(() => got.Count == 3);
        Assert.Equal([JobStatus.Installing, JobStatus.Running, null], got.Select(i => i.Status));
        Assert.Equal(1, server.Count("/agent/v1/progress"));
    }

    [Fact]
    public async Task After_a_lost_answer_everything_is_told_again_under_the_same_numbers()
    {
        var build = new ResidentBuild("com.example", "00", "acme", "v1");
        server.Unreachable = true;
        sender.Send(new ProgressItem(Lease, Installed: build, InstallSeconds: 3));
        sender.Send(new ProgressItem(Lease, JobStatus.Running));
        sender.Send(new ProgressItem(Lease, Test: new TestResult(["a"], "a.ts", 1, TestStatus.Passed, 1)));
        await server.UntilAsync(() => server.Count("/agent/v1/progress") == 7);
        server.Unreachable = false;
        await server.UntilAsync(() => got.Count == 3);
        Assert.Equal(build, got[0].Installed);
        Assert.Equal(JobStatus.Running, got[1].Status);
        Assert.Equal("a", got[2].Test?.Title);
        Assert.Equal([1, 2, 3], got.Select(i => i.Sequence));
    }

    [Fact]
    public async Task An_answer_that_says_canceled_stops_the_attempt()
    {
        var lease = leases.Take(FakeServer.Assignment(), server.Time.GetTimestamp())!;
        state = LeaseState.Cancel;
        sender.Send(new ProgressItem(Lease, JobStatus.Running));
        await server.UntilAsync(() => lease.Stopped.IsCancellationRequested);
        Assert.Equal(StopCause.Canceled, lease.Cause);
    }

    [Fact]
    public async Task A_flush_waits_but_not_for_ever()
    {
        server.Unreachable = true;
        sender.Send(new ProgressItem(Lease, JobStatus.Running));
        var start = server.Time.GetTimestamp();
        var flushing = sender.FlushAsync(Lease, TimeSpan.FromSeconds(5), TestContext.Current.CancellationToken);
        await server.UntilAsync(() => flushing.IsCompleted);
        Assert.InRange(server.Time.GetElapsedTime(start), TimeSpan.FromSeconds(5), TimeSpan.FromSeconds(6));
    }

    [Fact]
    public async Task A_flush_waits_for_its_own_attempts_news_only()
    {
        server.Unreachable = true;
        sender.Send(new ProgressItem(Other, JobStatus.Running));
        await server.UntilAsync(() => server.Count("/agent/v1/progress") > 2);
        Assert.True(sender.FlushAsync(Lease, TimeSpan.FromSeconds(5), TestContext.Current.CancellationToken).IsCompletedSuccessfully);
        Assert.False(sender.FlushAsync(Other, TimeSpan.FromSeconds(5), TestContext.Current.CancellationToken).IsCompleted);
    }

    [Theory]
    [InlineData(HttpStatusCode.BadRequest)]
    [InlineData(HttpStatusCode.RequestEntityTooLarge)]
    public async Task One_bad_item_costs_nobody_elses_news(HttpStatusCode status)
    {
        var answer = server.Answers["/agent/v1/progress"];
        server.Answers["/agent/v1/progress"] = (path, body, cancel) =>
            JsonSerializer.Deserialize(body, Json.ProgressRequest)!.Items.Any(i => i.Message == "bad") ? Task.FromResult(new HttpResponseMessage(status)) : answer(path, body, cancel);
        for (var i = 0; i < 9; i++) sender.Send(new ProgressItem(i % 2 == 0 ? Lease : Other, Message: i == 4 ? "bad" : $"{i}"));
        await server.UntilAsync(() => got.Count == 8);
        Assert.Equal(["0", "1", "2", "3", "5", "6", "7", "8"], got.Select(i => i.Message));
        Assert.StartsWith("! phone-1: the server refuses news", Assert.Single(console.Lines), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_server_that_goes_away_between_two_halves_gets_the_rest_later_in_order()
    {
        var answer = server.Answers["/agent/v1/progress"];
        var calls = 0;
        server.Answers["/agent/v1/progress"] = (path, body, cancel) => ++calls switch
        {
            1 => Task.FromResult(new HttpResponseMessage(HttpStatusCode.RequestEntityTooLarge)),
            >= 3 and <= 9 => throw new HttpRequestException("connection refused"),
            _ => answer(path, body, cancel),
        };
        for (var i = 0; i < 6; i++) sender.Send(new ProgressItem(Lease, Message: $"{i}"));
        await server.UntilAsync(() => got.Count == 6);
        Assert.Equal(["0", "1", "2", "3", "4", "5"], got.Select(i => i.Message));
    }

    [Fact]
    public async Task News_wait_for_a_right_token()
    {
        var answer = server.Answers["/agent/v1/progress"];
        server.Refuse("/agent/v1/progress", HttpStatusCode.Unauthorized);
        sender.Send(new ProgressItem(Lease, JobStatus.Running));
        await server.UntilAsync(() => server.Count("/agent/v1/progress") == 1);
        server.Answers["/agent/v1/progress"] = answer;
        await server.UntilAsync(() => got.Count == 1, TimeSpan.FromMilliseconds(500));
        Assert.Equal(JobStatus.Running, got[0].Status);
    }
}
