using System.Net;
using System.Text;
using System.Text.Json;
using Qgjob.Client.Wire;
using Qgjob.Core.Devices;
using Qgjob.Core.Jobs;
using Qgjob.Core.Results;
using Qgjob.Core.Storage;
using Xunit;

namespace Qgjob.Server.Tests.Jobs;

public sealed class JobLifeTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;
    private static readonly SubmitRun TwoTests = new() { OrgId = "qualgent", AppVersionId = "xyz123", Tests = ["tests/a.spec.js", "tests/b.spec.js"] };

    [Fact]
    public async Task A_run_lives_from_submission_to_its_verdict()
    {
        await using var server = await RunningServer.StartAsync();
        var agent = new FakeAgent(server, "lab");
        await agent.RegisterAsync();
        var accepted = await server.Client.SubmitAsync(TwoTests, "key", Cancel);
        Assert.Equal(2, accepted.JobIds.Count);

        var first = Assert.Single((await agent.WorkAsync()).Assignments);
        Assert.Equal(accepted.JobIds[0], first.JobId);
        Assert.Equal("tests/a.spec.js", first.Spec.TestPath);
        Assert.Equal(LeaseState.Ok, await agent.RenewAsync(first.Lease));
        await server.Agent.ProgressAsync(new ProgressRequest(
        [
            new ProgressItem(first.Lease, JobStatus.Installing),
            new ProgressItem(first.Lease, Installed: new ResidentBuild("com.example", new string('a', 64), "qualgent", "xyz123"), InstallSeconds: 2.5),
            new ProgressItem(first.Lease, JobStatus.Running, TestsTotal: 2),
            new ProgressItem(first.Lease, Test: FakeAgent.Test("one")),
        ]), Cancel);
        var running = await server.Client.FindJobAsync(first.JobId, Cancel);
        Assert.Equal((JobStatus.Running, 2, 1, 1), (running!.Status, running.TestsTotal, running.TestsDone, running.Installs));
        Assert.Equal(8, running.ExitCode);
        Assert.Equal("running", (await server.Client.FindRunAsync(accepted.RunId, Cancel))!.Status);
        Assert.True(await agent.FinishAsync(first.Lease, AttemptOutcome.Passed, FakeAgent.Test("one"), FakeAgent.Test("two")));
        Assert.True(await agent.FinishAsync(first.Lease, AttemptOutcome.Passed));

        var second = Assert.Single((await agent.WorkAsync()).Assignments);
        Assert.Equal(accepted.JobIds[1], second.JobId);
        Assert.True(await agent.FinishAsync(second.Lease, AttemptOutcome.Failed, FakeAgent.Test("three", TestStatus.Failed)));

        var run = await server.Client.FindRunAsync(accepted.RunId, Cancel);
        Assert.Equal(("failed", 10, 1), (run!.Status, run.ExitCode, run.Installs));
        Assert.Equal(new TestCounts(2, 1, 0, 0), run.Tests);
        Assert.Equal(new JobCounts(2, 0, 0, 1, 1, 0, 0, 0), run.Jobs);
        var results = await server.Client.FindRunResultsAsync(accepted.RunId, Cancel);
        Assert.Equal(["one", "two"], results!.Jobs[0].Tests.Select(t => t.TitlePath[1]));
        var junit = System.Xml.Linq.XDocument.Parse(await server.Http.GetStringAsync($"/api/v1/runs/{accepted.RunId}/report.junit.xml", Cancel));
        Assert.Equal("expected <1> & got 2", junit.Descendants("failure").Single().Attribute("message")!.Value);
        Assert.Equal(3, junit.Descendants("testcase").Count());
        Assert.Contains("xyz123", await server.Http.GetStringAsync("/", Cancel), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Posting_one_job_answers_where_it_is()
    {
        await using var server = await RunningServer.StartAsync();
        using var response = await server.Http.PostAsync("/api/v1/jobs", Json("""{"org_id":"o","app_version_id":"v","test_path":"tests/a.spec.js","priority":"high"}"""), Cancel);
        Assert.Equal(HttpStatusCode.Created, response.StatusCode);
        var job = JsonSerializer.Deserialize(await response.Content.ReadAsStringAsync(Cancel), WireJson.Default.JobView)!;
        Assert.Equal($"/api/v1/jobs/{job.JobId}", response.Headers.Location!.OriginalString);
        Assert.Equal((JobStatus.Queued, 1), (job.Status, job.Priority));
        Assert.Equal(0, (await server.Client.FindJobAsync(job.JobId, Cancel))!.Position);
        Assert.Contains("no device of this kind", job.Reason, StringComparison.Ordinal);
        Assert.Equal(job.JobId, Assert.Single((await server.Client.ListJobsAsync("o", null, "v", "queued", 10, null, Cancel)).Items).JobId);
        Assert.Null(await server.Client.FindJobAsync("j-unknown", Cancel));
    }

    [Fact]
    public async Task Sixty_four_submissions_with_one_key_make_one_run()
    {
        await using var server = await RunningServer.StartAsync();
        var answers = await Task.WhenAll(Enumerable.Range(0, 64).Select(_ => server.Client.SubmitAsync(TwoTests, "same", Cancel)));
        Assert.Single(answers.Select(a => a.RunId).Distinct());
        Assert.Single(answers, a => !a.Repeated);
        Assert.All(answers, a => Assert.Equal(answers[0].JobIds, a.JobIds));
        var refused = await Assert.ThrowsAsync<Client.Http.ApiException>(
            () => server.Client.SubmitAsync(TwoTests with { Priority = 2 }, "same", Cancel));
        Assert.Equal(HttpStatusCode.Conflict, refused.Status);
        Assert.Contains(answers[0].RunId, refused.Message, StringComparison.Ordinal);
        Assert.NotEqual(answers[0].RunId, (await server.Client.SubmitAsync(TwoTests with { OrgId = "other" }, "same", Cancel)).RunId);
    }

    [Fact]
    public async Task The_order_of_maps_does_not_make_another_submission()
    {
        await using var server = await RunningServer.StartAsync();
        var one = await server.Client.SubmitAsync(TwoTests with { Meta = new() { ["a"] = "1", ["b"] = "2" } }, "k", Cancel);
        var two = await server.Client.SubmitAsync(TwoTests with { Meta = new() { ["b"] = "2", ["a"] = "1" } }, "k", Cancel);
        Assert.Equal((one.RunId, true), (two.RunId, two.Repeated));
    }

    [Fact]
    public async Task A_platform_each_makes_jobs_each()
    {
        await using var server = await RunningServer.StartAsync();
        var accepted = await server.Client.SubmitAsync(TwoTests with { Platforms = [Platform.Android, Platform.Ios] }, "k", Cancel);
        var jobs = await server.Client.ListJobsAsync(null, accepted.RunId, null, null, 3, null, Cancel);
        Assert.Equal([Platform.Android, Platform.Ios, Platform.Android], jobs.Items.Select(j => j.Platform!.Value));
        var rest = await server.Client.ListJobsAsync(null, accepted.RunId, null, null, 3, jobs.Next, Cancel);
        Assert.Equal(accepted.JobIds[3], Assert.Single(rest.Items).JobId);
    }

    [Fact]
    public async Task A_job_whose_queue_limit_passes_without_a_device_says_so()
    {
        await using var server = await RunningServer.StartAsync();
        var accepted = await server.Client.SubmitAsync(TwoTests with { QueueTimeoutSeconds = 5 }, "k", Cancel);
        server.Time.Advance(TimeSpan.FromSeconds(6));
        await foreach (var happened in server.Client.FollowRunAsync(accepted.RunId, 0, Cancel)) Assert.NotNull(happened);
        var run = await server.Client.FindRunAsync(accepted.RunId, Cancel);
        Assert.Equal(("timed_out", 18), (run!.Status, run.ExitCode));
    }

    private static StringContent Json(string json) => new(json, Encoding.UTF8, "application/json");
}
