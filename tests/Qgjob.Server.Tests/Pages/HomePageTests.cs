using Qgjob.Client.Wire;
using Qgjob.Core.Jobs;
using Qgjob.Core.Results;
using Xunit;

namespace Qgjob.Server.Tests.Pages;

public sealed class HomePageTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task It_shows_runs_devices_and_queue_and_escapes_what_came_from_outside()
    {
        await using var server = await RunningServer.StartAsync();
        var empty = await server.Http.GetStringAsync("/", Cancel);
        Assert.Contains("There is no run yet", empty, StringComparison.Ordinal);
        Assert.Contains("There is no device yet", empty, StringComparison.Ordinal);

        var agent = new FakeAgent(server, "lab");
        await agent.RegisterAsync();
        var run = new SubmitRun { OrgId = "shop", AppVersionId = "v", Tests = ["tests/a.spec.js"], MaxAttempts = 1 };
        var failed = await server.Client.SubmitAsync(
            run with { Meta = new Dictionary<string, string> { ["branch"] = "<script>\"&'" } }, "k1", Cancel);
        Assert.True(await agent.FinishAsync(
            Assert.Single((await agent.WorkAsync()).Assignments).Lease, AttemptOutcome.Failed, FakeAgent.Test("one"), FakeAgent.Test("two", TestStatus.Failed)));
        server.Time.Advance(TimeSpan.FromSeconds(5));
        var running = await server.Client.SubmitAsync(run, "k2", Cancel);
        var busy = Assert.Single((await agent.WorkAsync()).Assignments);

        var page = await server.Http.GetStringAsync("/", Cancel);
        Assert.DoesNotContain("<script", page, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("<td>&lt;script&gt;&quot;&amp;&#39;</td>", page, StringComparison.Ordinal);
        Assert.Contains($"<a href=\"/api/v1/runs/{failed.RunId}\">{failed.RunId}</a>", page, StringComparison.Ordinal);
        Assert.Contains("<td class=\"state failed\">failed</td>", page, StringComparison.Ordinal);
        Assert.Contains("<td class=\"number\">1</td><td class=\"number bad\">1</td>", page, StringComparison.Ordinal);
        Assert.Contains("<td class=\"time\">2030-01-01 08:00:00</td><td class=\"number\">0 s</td>", page, StringComparison.Ordinal);
        Assert.Contains($"/api/v1/runs/{running.RunId}", page, StringComparison.Ordinal);
        Assert.Contains("<td class=\"state busy\">busy</td>", page, StringComparison.Ordinal);
        Assert.Contains($"<a href=\"/api/v1/jobs/{busy.JobId}\">", page, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_description_of_the_api_advertises_nothing()
    {
        await using var server = await RunningServer.StartAsync();
        var page = (await server.Http.GetStringAsync("/scalar/", Cancel)).Replace(" ", "", StringComparison.Ordinal);
        Assert.Contains("\"showDeveloperTools\":\"never\"", page, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("\"hideClientButton\":true", page, StringComparison.Ordinal);
        Assert.Contains("\"telemetry\":false", page, StringComparison.Ordinal);
        Assert.Contains("\"agent\":{\"disabled\":true", page, StringComparison.Ordinal);
        Assert.Contains("\"mcp\":{\"disabled\":true", page, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Problems_can_be_read_by_people()
    {
        await using var server = await RunningServer.StartAsync();
        using var response = await server.Http.GetAsync("/api/v1/jobs/j-none", Cancel);
        Assert.Contains("There is no job 'j-none'.", await response.Content.ReadAsStringAsync(Cancel), StringComparison.Ordinal);
    }
}
