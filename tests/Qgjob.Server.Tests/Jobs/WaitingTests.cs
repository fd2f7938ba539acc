using Qgjob.Client.Wire;
using Qgjob.Core.Jobs;
using Qgjob.Core.Scheduling;
using Xunit;

namespace Qgjob.Server.Tests.Jobs;

/// <summary>What people are told of work that waits. The reasons themselves are tested with the rule.</summary>
public sealed class WaitingTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private const double Install = Estimates.UnknownInstallSeconds;
    private const double Run = Estimates.UnknownTestSeconds;

    [Fact]
    public async Task A_job_says_why_it_waits_and_when_it_will_run()
    {
        await using var server = await RunningServer.StartAsync();
        var accepted = await SubmitAsync(server, "v1", 3);
        var none = (await server.Client.FindJobAsync(accepted.JobIds[0], Cancel))!;
        Assert.Equal(new WaitingView("no_device", "no device of this kind was seen yet (target any): no agent offers a device"), none.Waiting);
        Assert.Equal(none.Waiting!.Reason, none.Reason);
        Assert.Null(none.ExpectedStart);
        Assert.Null((await server.Client.FindRunAsync(accepted.RunId, Cancel))!.ExpectedEnd);

        await new FakeAgent(server, "lab").RegisterAsync();
        server.Time.Advance(TimeSpan.FromSeconds(2));
        var now = server.Time.GetUtcNow();
        var jobs = new List<JobView>();
        foreach (var id in accepted.JobIds) jobs.Add((await server.Client.FindJobAsync(id, Cancel))!);
        // The app stays on the phone.
        Assert.Equal([0, Install + Run, Install + (2 * Run)], jobs.Select(j => (j.ExpectedStart!.Value - now).TotalSeconds));
        Assert.Equal([Install + Run, Install + (2 * Run), Install + (3 * Run)], jobs.Select(j => (j.ExpectedEnd!.Value - now).TotalSeconds));
        Assert.All(jobs, j => Assert.Null(j.ExpectedRoughly));
        Assert.Equal(["starting", "behind_group", "behind_group"], jobs.Select(j => j.Waiting!.Kind));
        var run = (await server.Client.FindRunAsync(accepted.RunId, Cancel))!;
        Assert.Equal(("starting", Install + (3 * Run), null), (run.Waiting!.Kind, (run.ExpectedEnd!.Value - now).TotalSeconds, run.ExpectedRoughly));
        var group = Assert.Single((await server.Client.ListGroupsAsync(Cancel)).Items);
        Assert.Equal(("starting", Install + (3 * Run), 3 * Run), (group.Waiting!.Kind, (group.ExpectedEnd!.Value - now).TotalSeconds, group.QueuedSeconds));
        Assert.Equal(group.Waiting.Reason, group.WaitReason);
        // Where a job stands in its group is not looked up for lists.
        Assert.All((await server.Client.ListJobsAsync(null, accepted.RunId, null, null, 10, null, Cancel)).Items, j => Assert.True(j.ExpectedRoughly));
    }

    [Fact]
    public async Task A_forecast_is_kept_for_a_moment_and_newer_jobs_get_a_rough_one()
    {
        await using var server = await RunningServer.StartAsync();
        await new FakeAgent(server, "lab").RegisterAsync();
        var first = await SubmitAsync(server, "v1", 1);
        Assert.Null((await server.Client.FindJobAsync(first.JobIds[0], Cancel))!.ExpectedRoughly);
        var second = await SubmitAsync(server, "v2", 1);
        Assert.True((await server.Client.FindJobAsync(second.JobIds[0], Cancel))!.ExpectedRoughly);
        server.Time.Advance(TimeSpan.FromSeconds(2));
        var later = (await server.Client.FindJobAsync(second.JobIds[0], Cancel))!;
        Assert.Null(later.ExpectedRoughly);
        Assert.Equal(Install + Run, (later.ExpectedStart!.Value - server.Time.GetUtcNow()).TotalSeconds);
        Assert.Equal("busy", later.Waiting!.Kind);
    }

    [Fact]
    public async Task While_nothing_is_in_service_no_start_is_promised()
    {
        await using var server = await RunningServer.StartAsync();
        await new FakeAgent(server, "lab").RegisterAsync();
        var accepted = await SubmitAsync(server, "v1", 1);
        await server.Http.PostAsync($"/api/v1/devices/{Uri.EscapeDataString("lab/phone-1")}/pause", null, Cancel);
        var job = (await server.Client.FindJobAsync(accepted.JobIds[0], Cancel))!;
        Assert.Equal(("paused", null), (job.Waiting!.Kind, job.ExpectedStart));
    }

    [Fact]
    public async Task A_device_that_rests_says_so_and_until_when()
    {
        await using var server = await RunningServer.StartAsync();
        var agent = new FakeAgent(server, "lab");
        await agent.RegisterAsync();
        foreach (var version in new[] { "v1", "v2", "v3" }) await SubmitAsync(server, version, 1);
        // What fails counts once for each app version that never ran; a job that failed may come again before the next one's turn.
        while ((await agent.WorkAsync()).Assignments is [var assigned]) await agent.FinishAsync(assigned.Lease, AttemptOutcome.Infra);
        var device = Assert.Single((await server.Client.ListDevicesAsync(Cancel)).Items);
        Assert.Equal(("resting", "rests until 08:01:00 UTC, after failures in a row"), (device.State, device.Note));
        var groups = (await server.Client.ListGroupsAsync(Cancel)).Items;
        Assert.NotEmpty(groups);
        Assert.All(groups, g =>
        {
            Assert.Equal("resting", g.Waiting!.Kind);
            Assert.True(g.ExpectedEnd >= server.Time.GetUtcNow().AddMinutes(1));
        });
    }

    private static Task<RunAccepted> SubmitAsync(RunningServer server, string version, int tests) => server.Client.SubmitAsync(
        new SubmitRun { OrgId = "qualgent", AppVersionId = version, Tests = [.. Enumerable.Range(0, tests).Select(i => $"tests/{i}.spec.js")] }, version, Cancel);
}
