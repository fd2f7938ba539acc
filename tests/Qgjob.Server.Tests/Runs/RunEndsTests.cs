using System.Net;
using Qgjob.Client.Wire;
using Xunit;

namespace Qgjob.Server.Tests.Runs;

public sealed class RunEndsTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;
    private static readonly SubmitRun OneTest = new() { OrgId = "o", AppVersionId = "v", Tests = ["a.spec.js"] };

    [Fact]
    public async Task Who_waits_for_a_run_is_told_as_soon_as_it_is_over()
    {
        await using var server = await RunningServer.StartAsync();
        var agent = new FakeAgent(server, "lab");
        await agent.RegisterAsync();
        var run = await server.Client.SubmitAsync(OneTest, "k", Cancel);
        var lease = Assert.Single((await agent.WorkAsync()).Assignments).Lease;
        var waiting = server.Http.GetStringAsync($"/api/v1/runs/{run.RunId}?wait=60", Cancel);
        Assert.True(await agent.FinishAsync(lease));

        // The server's clock stands still, so only the news can have ended the wait.
        Assert.Contains("\"status\":\"passed\"", await waiting, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_wait_that_is_over_first_shows_the_run_as_it_is()
    {
        await using var server = await RunningServer.StartAsync();
        var run = await server.Client.SubmitAsync(OneTest, "k", Cancel);
        var waiting = server.Http.GetStringAsync($"/api/v1/runs/{run.RunId}?wait=1", Cancel);
        while (!waiting.IsCompleted)
        {
            server.Time.Advance(TimeSpan.FromSeconds(1));
            await Task.WhenAny(waiting, server.Client.FindRunAsync(run.RunId, Cancel));
        }

        Assert.Contains("\"status\":\"queued\"", await waiting, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("61")]
    [InlineData("long")]
    public async Task A_wait_that_no_call_may_take_is_refused(string wait)
    {
        await using var server = await RunningServer.StartAsync();
        using var answer = await server.Http.GetAsync(new Uri($"/api/v1/runs/r-1?wait={wait}", UriKind.Relative), Cancel);
        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
    }
}
