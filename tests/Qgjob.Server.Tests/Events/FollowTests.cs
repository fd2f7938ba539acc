using System.Net;
using System.Text;
using Qgjob.Client.Http;
using Qgjob.Client.Wire;
using Qgjob.Core.Events;
using Qgjob.Core.Jobs;
using Xunit;

namespace Qgjob.Server.Tests.Events;

public sealed class FollowTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;
    private static readonly SubmitRun OneTest = new() { OrgId = "o", AppVersionId = "v", Tests = ["a.spec.js"] };

    [Fact]
    public async Task Events_come_in_order_and_a_reader_goes_on_where_it_stopped()
    {
        await using var server = await RunningServer.StartAsync();
        var agent = new FakeAgent(server, "lab");
        await agent.RegisterAsync();
        var accepted = await server.Client.SubmitAsync(OneTest, "k", Cancel);
        var seen = CollectAsync(server, accepted.RunId, 0);
        var lease = (await agent.WorkAsync()).Assignments[0].Lease;
        await agent.ProgressAsync(lease, JobStatus.Running);
        await agent.FinishAsync(lease, AttemptOutcome.Passed, FakeAgent.Test("x"));
        var events = await seen.WaitAsync(TimeSpan.FromSeconds(20), Cancel);
        Assert.Equal(["queued", "leased", "running", "finished", "run_finished"], events.Select(e => e.Kind));
        Assert.Equal(events.Select(e => e.Sequence).Order(), events.Select(e => e.Sequence));
        Assert.Equal(events.Skip(2), await CollectAsync(server, accepted.RunId, events[1].Sequence));
        Assert.Empty(await CollectAsync(server, accepted.RunId, events[^1].Sequence));

        using var again = new HttpRequestMessage(HttpMethod.Get, $"/api/v1/jobs/{accepted.JobIds[0]}/events?after=0");
        again.Headers.Add("Last-Event-ID", events[2].Sequence.ToString(System.Globalization.CultureInfo.InvariantCulture));
        using var answer = await server.Http.SendAsync(again, Cancel);
        Assert.Equal("text/event-stream", answer.Content.Headers.ContentType!.MediaType);
        var text = await answer.Content.ReadAsStringAsync(Cancel);
        Assert.StartsWith($"id: {events[3].Sequence}\nevent: finished\ndata: {{", text, StringComparison.Ordinal);
        Assert.DoesNotContain("run_finished", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_quiet_stream_shows_that_it_lives()
    {
        await using var server = await RunningServer.StartAsync();
        var accepted = await server.Client.SubmitAsync(OneTest, "k", Cancel);
        using var response = await server.Http.GetAsync($"/api/v1/runs/{accepted.RunId}/events", HttpCompletionOption.ResponseHeadersRead, Cancel);
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync(Cancel));
        var line = reader.ReadLineAsync(Cancel).AsTask();
        var lines = new List<string?>();
        while (lines.LastOrDefault()?.StartsWith(':') != true)
        {
            server.Time.Advance(TimeSpan.FromSeconds(1));
            await server.Client.HealthAsync(Cancel);
            if (!line.IsCompleted) continue;
            lines.Add(await line);
            line = reader.ReadLineAsync(Cancel).AsTask();
        }
        Assert.Contains("event: queued", lines);
    }

    [Fact]
    public async Task A_log_is_appended_at_offsets_and_followed_to_its_end()
    {
        await using var server = await RunningServer.StartAsync();
        var agent = new FakeAgent(server, "lab");
        await agent.RegisterAsync();
        var accepted = await server.Client.SubmitAsync(OneTest, "k", Cancel);
        var job = accepted.JobIds[0];
        Assert.Equal("", await server.Http.GetStringAsync($"/api/v1/jobs/{job}/log", Cancel));
        var followed = server.Client.OpenLogAsync(job, null, follow: true, 0, Cancel);
        var lease = (await agent.WorkAsync()).Assignments[0].Lease;
        using var live = await followed.WaitAsync(TimeSpan.FromSeconds(20), Cancel);
        Assert.Equal("1", live.Headers.GetValues("Qgjob-Attempt").Single());
        using var reader = new StreamReader(await live.Content.ReadAsStreamAsync(Cancel));

        Assert.Equal(6, (await server.Agent.AppendLogAsync(lease, 0, "first\n"u8.ToArray(), Cancel)).Length);
        Assert.Equal("first", await reader.ReadLineAsync(Cancel));
        Assert.Equal(6, (await server.Agent.AppendLogAsync(lease, 0, "first\n"u8.ToArray(), Cancel)).Length);
        Assert.Equal(6, (await server.Agent.AppendLogAsync(lease, 9, "gap"u8.ToArray(), Cancel)).Length);
        Assert.Equal(13, (await server.Agent.AppendLogAsync(lease, 3, "st\nzweité"u8.ToArray(), Cancel)).Length);
        Assert.Equal(14, (await server.Agent.AppendLogAsync(lease, 13, "\n"u8.ToArray(), Cancel)).Length);
        Assert.True(await agent.FinishAsync(lease));
        Assert.Equal("zweité", await reader.ReadLineAsync(Cancel));
        Assert.Null(await reader.ReadLineAsync(Cancel));
        Assert.Equal("zweité\n", await server.Http.GetStringAsync($"/api/v1/jobs/{job}/log?offset=6&follow=true", Cancel));
        Assert.Equal(HttpStatusCode.NotFound, (await server.Http.GetAsync($"/api/v1/jobs/{job}/log?attempt=2", Cancel)).StatusCode);
    }

    [Fact]
    public async Task Artifacts_stay_in_their_folder_and_scripts_in_them_stay_dead()
    {
        await using var server = await RunningServer.StartAsync();
        var agent = new FakeAgent(server, "lab");
        await agent.RegisterAsync();
        var accepted = await server.Client.SubmitAsync(OneTest, "k", Cancel);
        var job = accepted.JobIds[0];
        var lease = (await agent.WorkAsync()).Assignments[0].Lease;
        await server.Agent.PutArtifactAsync(lease, "report/index.html", new StringContent("<script>1</script>"), Cancel);
        Assert.True(await agent.FinishAsync(lease));
        await server.Agent.PutArtifactAsync(lease, "shots/käse 1.png", new ByteArrayContent([1, 2]), Cancel);
        await server.Agent.PutArtifactAsync(lease, "shots/käse 1.png", new ByteArrayContent([3]), Cancel);

        Assert.Equal(
            [new ArtifactView("report/index.html", 18, "text/html", 1), new ArtifactView("shots/käse 1.png", 1, "image/png", 1)],
            (await server.Client.ListArtifactsAsync(job, Cancel)).Items);
        using var html = await server.Client.OpenArtifactAsync(job, 1, "report/index.html", Cancel);
        Assert.StartsWith("sandbox;", html.Headers.GetValues("Content-Security-Policy").Single(), StringComparison.Ordinal);
        Assert.Equal("nosniff", html.Headers.GetValues("X-Content-Type-Options").Single());
        Assert.Equal("attachment", html.Content.Headers.ContentDisposition!.DispositionType);
        using var png = await server.Client.OpenArtifactAsync(job, 1, "shots/käse 1.png", Cancel);
        Assert.Equal([3], await png.Content.ReadAsByteArrayAsync(Cancel));

        foreach (var name in new[] { "..%2F..%2Fx", "%2E%2E/x", "a/..%2fb", "..%5Cb", "..%252F..%252Fx", "%2Fetc%2Fx", "a%00b", "a//b" })
        {
            using var put = await PutRawAsync(server, $"/agent/v1/artifacts/{name}?device=lab%2Fphone-1&token={lease.Token}");
            Assert.True(put.StatusCode is HttpStatusCode.BadRequest or HttpStatusCode.NotFound, $"{name}: {put.StatusCode}");
            using var get = await server.Http.GetAsync(Raw(server, $"/api/v1/jobs/{job}/artifacts/1/{name}"), Cancel);
            Assert.True(get.StatusCode is HttpStatusCode.BadRequest or HttpStatusCode.NotFound, $"{name}: {get.StatusCode}");
        }
        Assert.Equal(HttpStatusCode.Conflict, (await Assert.ThrowsAsync<ApiException>(() =>
            server.Agent.PutArtifactAsync(lease, "report", new ByteArrayContent([1]), Cancel))).Status);
        Assert.Equal(2, (await server.Client.ListArtifactsAsync(job, Cancel)).Items.Count);

        server.Time.Advance(TimeSpan.FromMinutes(11));
        Assert.Equal(HttpStatusCode.Conflict, (await Assert.ThrowsAsync<ApiException>(() =>
            server.Agent.PutArtifactAsync(lease, "late.txt", new ByteArrayContent([1]), Cancel))).Status);
    }

    private static Uri Raw(RunningServer server, string path) =>
        new(server.Address.ToString().TrimEnd('/') + path, new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = true });

    private static Task<HttpResponseMessage> PutRawAsync(RunningServer server, string path) =>
        server.Http.PutAsync(Raw(server, path), new ByteArrayContent(Encoding.UTF8.GetBytes("x")), Cancel);

    private static async Task<List<JobEvent>> CollectAsync(RunningServer server, string runId, long after)
    {
        var events = new List<JobEvent>();
        await foreach (var happened in server.Client.FollowRunAsync(runId, after, Cancel)) events.Add(happened);
        return events;
    }
}
