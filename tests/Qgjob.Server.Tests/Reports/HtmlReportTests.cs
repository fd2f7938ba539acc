using System.IO.Compression;
using System.Net;
using Qgjob.Client.Http;
using Qgjob.Client.Wire;
using Qgjob.Core.Jobs;
using Qgjob.Core.Storage;
using Xunit;

namespace Qgjob.Server.Tests.Reports;

public sealed class HtmlReportTests : IAsyncLifetime
{
    private RunningServer server = null!;
    private FakeAgent lab = null!;
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        server = await RunningServer.StartAsync();
        lab = new FakeAgent(server, "lab");
        await lab.RegisterAsync();
    }

    public ValueTask DisposeAsync() => server.DisposeAsync();

    [Fact]
    public async Task An_agent_that_can_makes_the_report_once_the_recordings_are_there()
    {
        var (run, lease) = await RunAsync();
        Assert.Equal(HttpStatusCode.Conflict, (await server.Http.GetAsync($"/api/v1/runs/{run}/report", Cancel)).StatusCode);
        await lab.FinishAsync(lease, AttemptOutcome.Passed, FakeAgent.Test("one"));
        Assert.Equal("The attempts' files are still on their way.", (await StateAsync(run)).Reason);
        var poll = PollAsync("lab");
        await server.Agent.PutArtifactAsync(lease, "blob/report.zip", new ByteArrayContent([1]), Cancel);
        await StateAsync(run);
        server.Time.Advance(TimeSpan.FromSeconds(3));
        var task = (await poll).Report!;
        Assert.Equal((run, "o"), (task.RunId, task.OrgId));
        Assert.Equal(("making", "Agent lab is making the HTML report of " + run + "."), ((await StateAsync(run)).State, (await StateAsync(run)).Reason));

        await server.Agent.PutReportAsync(task.TaskId, Zip(("index.html", "<html>"), ("data/a.png", "png")), Cancel);
        Assert.Equal("made", (await StateAsync(run)).State);
        using var client = new HttpClient(new HttpClientHandler { AllowAutoRedirect = false }) { BaseAddress = server.Address };
        var page = await client.GetAsync($"/api/v1/runs/{run}/report.html", Cancel);
        Assert.Equal((HttpStatusCode.Found, $"/api/v1/runs/{run}/report/index.html"), (page.StatusCode, page.Headers.Location!.ToString()));
        var index = await client.GetAsync(page.Headers.Location, Cancel);
        Assert.Equal("<html>", await index.Content.ReadAsStringAsync(Cancel));
        var policy = Assert.Single(index.Headers.GetValues("Content-Security-Policy"));
        Assert.StartsWith("sandbox allow-scripts", policy, StringComparison.Ordinal);
        Assert.DoesNotContain("allow-same-origin", policy, StringComparison.Ordinal);
        Assert.Contains("connect-src 'none'", policy, StringComparison.Ordinal);
        Assert.Equal("image/png", (await client.GetAsync($"/api/v1/runs/{run}/report/data/a.png", Cancel)).Content.Headers.ContentType!.MediaType);
        Assert.Equal(HttpStatusCode.NotFound, (await client.GetAsync($"/api/v1/runs/{run}/report/..%2f..%2fqgjob.db", Cancel)).StatusCode);
        using var zip = new ZipArchive(await client.GetStreamAsync($"/api/v1/runs/{run}/report.zip", Cancel));
        Assert.Equal(["index.html", "data/a.png"], zip.Entries.Select(e => e.FullName));
        Assert.Equal(HttpStatusCode.Conflict, (await Assert.ThrowsAsync<ApiException>(() => server.Agent.ReportAliveAsync(task.TaskId, Cancel))).Status);
    }

    [Fact]
    public async Task An_agent_that_does_not_say_that_it_can_gets_no_task()
    {
        var run = await OverAsync();
        Assert.Equal("No agent of pool 'default' that can make HTML reports is there.", (await StateAsync(run)).Reason);
        var answer = await lab.WorkAsync();
        Assert.Null(answer.Report);
        var page = await server.Http.GetAsync($"/api/v1/runs/{run}/report.html?wait=0", Cancel);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, page.StatusCode);
        Assert.Contains("No agent of pool", await page.Content.ReadAsStringAsync(Cancel), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Another_agent_follows_one_that_fails_and_one_that_falls_silent_and_then_it_is_given_up()
    {
        await new FakeAgent(server, "other").RegisterAsync();
        var run = await OverAsync();
        await StateAsync(run);
        var first = (await PollAsync("lab")).Report!;
        await server.Agent.ReportFailedAsync(first.TaskId, "there is no npm", Cancel);
        Assert.Equal("waiting", (await StateAsync(run)).State);
        var second = (await PollAsync("other")).Report!;
        await server.Agent.ReportAliveAsync(second.TaskId, Cancel);
        await server.PassAsync(TimeSpan.FromSeconds(35));
        var third = (await PollAsync("lab")).Report!;
        Assert.Equal(HttpStatusCode.Conflict, (await Assert.ThrowsAsync<ApiException>(() => server.Agent.PutReportAsync(second.TaskId, Zip(("index.html", "")), Cancel))).Status);
        await server.Agent.ReportFailedAsync(third.TaskId, "there is still no npm", Cancel);
        Assert.Equal(new ReportState(run, "failed", "Agent lab could not make the HTML report: there is still no npm"), await StateAsync(run));
        await server.PassAsync(TimeSpan.FromSeconds(65));
        Assert.Equal("waiting", (await StateAsync(run)).State);
    }

    [Fact]
    public async Task What_is_no_report_is_refused()
    {
        var run = await OverAsync();
        await StateAsync(run);
        var task = (await PollAsync("lab")).Report!;
        foreach (var bad in new HttpContent[] { new ByteArrayContent([1, 2, 3]), Zip(("readme.txt", "")) })
            Assert.Equal(HttpStatusCode.BadRequest, (await Assert.ThrowsAsync<ApiException>(() => server.Agent.PutReportAsync(task.TaskId, bad, Cancel))).Status);
        foreach (var id in new[] { "x", $"{run}.t-1", "../../x.y", "%2e%2e.z" })
            Assert.Equal(HttpStatusCode.Conflict, (await Assert.ThrowsAsync<ApiException>(() => server.Agent.ReportAliveAsync(id, Cancel))).Status);
        Assert.Equal("making", (await StateAsync(run)).State);
    }

    private async Task<(string Run, LeaseRef Lease)> RunAsync()
    {
        var run = (await server.Client.SubmitAsync(new SubmitRun { OrgId = "o", AppVersionId = "v", Tests = ["tests/a.spec.js"], MaxAttempts = 1 }, "k", Cancel)).RunId;
        return (run, Assert.Single((await lab.WorkAsync()).Assignments).Lease);
    }

    /// <summary>A run that is over and left no recording.</summary>
    private async Task<string> OverAsync()
    {
        var (run, lease) = await RunAsync();
        await lab.FinishAsync(lease, AttemptOutcome.RunLimit, FakeAgent.Test("one"));
        return run;
    }

    private async Task<ReportState> StateAsync(string run) => (await server.Client.FindReportAsync(run, 0, Cancel))!;

    private Task<WorkResponse> PollAsync(string agent) => server.Agent.WorkAsync(new WorkRequest(agent, "boot-1", [], [], 30, MakesReports: true), Cancel);

    private static ByteArrayContent Zip(params (string Name, string Text)[] files)
    {
        using var bytes = new MemoryStream();
        using (var zip = new ZipArchive(bytes, ZipArchiveMode.Create, leaveOpen: true))
            foreach (var (name, text) in files)
                using (var writer = new StreamWriter(zip.CreateEntry(name).Open())) writer.Write(text);
        return new ByteArrayContent(bytes.ToArray());
    }
}
