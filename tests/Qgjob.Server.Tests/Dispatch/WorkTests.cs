using System.Net;
using Qgjob.Client.Http;
using Qgjob.Client.Wire;
using Qgjob.Core.Devices;
using Qgjob.Core.Jobs;
using Qgjob.Core.Storage;
using Qgjob.Core.Storage.Memory;
using Xunit;

namespace Qgjob.Server.Tests.Dispatch;

public sealed class WorkTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private static SubmitRun Run(int tests) => new() { OrgId = "o", AppVersionId = "v", Tests = [.. Enumerable.Range(0, tests).Select(i => $"tests/{i}.spec.js")] };

    [Fact]
    public async Task A_waiting_poll_wakes_when_a_job_comes()
    {
        await using var server = await RunningServer.StartAsync();
        var agent = new FakeAgent(server, "lab");
        await agent.RegisterAsync();
        // No clock moves in this test: nothing but the submission can wake the poll.
        var poll = agent.WorkAsync(wait: 60);
        await server.Client.SubmitAsync(Run(1), "k", Cancel);
        Assert.Single((await poll.WaitAsync(TimeSpan.FromSeconds(20), Cancel)).Assignments);
    }

    [Fact]
    public async Task A_phone_that_waits_gets_a_job_in_the_commit_that_brings_it()
    {
        var store = new FailingStore(new MemoryStore());
        await using var server = await RunningServer.StartAsync(store);
        var agent = new FakeAgent(server, "lab", devices: 2);
        await agent.RegisterAsync();
        // One of two takes the other's place, so that one surely waits then.
        var polls = new List<Task<WorkResponse>> { agent.WorkAsync(wait: 60), agent.WorkAsync(wait: 60) };
        var superseded = await Task.WhenAny(polls).WaitAsync(TimeSpan.FromSeconds(20), Cancel);
        Assert.True((await superseded).Superseded);
        polls.Remove(superseded);
        store.Commits.Clear();
        await server.Client.SubmitAsync(Run(3), "k", Cancel);
        Assert.Equal(2, (await polls[0].WaitAsync(TimeSpan.FromSeconds(20), Cancel)).Assignments.Count);
        Assert.Equal([3], store.Commits);
    }

    [Fact]
    public async Task A_poll_ends_empty_when_its_wait_ends()
    {
        await using var server = await RunningServer.StartAsync();
        var agent = new FakeAgent(server, "lab");
        await agent.RegisterAsync();
        Assert.Empty((await agent.WorkAsync()).Assignments);
        var poll = agent.WorkAsync(wait: 30);
        while (!poll.IsCompleted)
        {
            await server.Client.HealthAsync(Cancel);
            server.Time.Advance(TimeSpan.FromSeconds(1));
        }
        Assert.Empty((await poll).Assignments);
    }

    [Fact]
    public async Task Many_agents_never_get_the_same_job()
    {
        await using var server = await RunningServer.StartAsync();
        var agents = Enumerable.Range(0, 8).Select(i => new FakeAgent(server, $"a{i}", devices: 5)).ToList();
        await Task.WhenAll(agents.Select(a => a.RegisterAsync()));
        var polls = agents.Select(a => a.WorkAsync(wait: 60)).ToList();
        await server.Client.SubmitAsync(Run(100), "k", Cancel);
        var got = (await Task.WhenAll(polls)).SelectMany(p => p.Assignments).ToList();
        while (got.Count < 40)
            got.AddRange((await Task.WhenAll(agents.Select(a =>
                a.WorkAsync(leases: [.. got.Select(g => g.Lease)], free: [.. a.Devices.Except(got.Select(g => g.Lease.DeviceId))])))).SelectMany(p => p.Assignments));
        Assert.Equal(40, got.Select(g => g.JobId).Distinct().Count());
        Assert.Equal(40, got.Select(g => g.Lease.DeviceId).Distinct().Count());
    }

    [Fact]
    public async Task A_phone_beside_installs_nothing_for_work_that_the_phone_which_has_the_app_goes_on_with()
    {
        await using var server = await RunningServer.StartAsync();
        var agent = new FakeAgent(server, "lab", devices: 2);
        await agent.RegisterAsync();
        await server.Client.SetOrgAsync("o", new OrgSettings { MaxDevices = 1 }, Cancel);
        await server.Client.SubmitAsync(Run(3), "k", Cancel);
        var first = Assert.Single((await agent.WorkAsync(free: [agent.Devices[1]])).Assignments).Lease;
        await InstalledAsync(server, first);
        Assert.True(await agent.FinishAsync(first));

        // The agent asks for the other phone a moment before it asks for the one that has just ended a job.
        Assert.Empty((await agent.WorkAsync(free: [agent.Devices[0]])).Assignments);
        // Of two phones that are free the one that has the app goes on, in whatever order they are named.
        var second = Assert.Single((await agent.WorkAsync()).Assignments).Lease;
        Assert.Equal(first.DeviceId, second.DeviceId);

        // A phone that is not asked for any more keeps nobody waiting.
        Assert.True(await agent.FinishAsync(second));
        server.Time.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal(agent.Devices[0], Assert.Single((await agent.WorkAsync(free: [agent.Devices[0]])).Assignments).Lease.DeviceId);
    }

    private static Task<ProgressResponse> InstalledAsync(RunningServer server, LeaseRef lease) => server.Agent.ProgressAsync(
        new ProgressRequest([new ProgressItem(lease, Installed: new ResidentBuild("com.example", new string('a', 64), "o", "v"), InstallSeconds: 60)]), Cancel);

    [Fact]
    public async Task A_cancel_reaches_the_poll_once()
    {
        await using var server = await RunningServer.StartAsync();
        var agent = new FakeAgent(server, "lab");
        await agent.RegisterAsync();
        var accepted = await server.Client.SubmitAsync(Run(1), "k", Cancel);
        var lease = (await agent.WorkAsync()).Assignments[0].Lease;
        var poll = agent.WorkAsync(wait: 60, leases: [lease], free: []);
        Assert.Equal(1, (await server.Client.CancelRunAsync(accepted.RunId, Cancel)).Canceled);
        Assert.Equal([lease], (await poll.WaitAsync(TimeSpan.FromSeconds(20), Cancel)).Cancel);
        Assert.Empty((await agent.WorkAsync(leases: [lease], free: [])).Cancel);
        Assert.Equal(LeaseState.Cancel, await agent.RenewAsync(lease));
        Assert.Equal("canceled", (await server.Client.FindRunAsync(accepted.RunId, Cancel))!.Status);
        Assert.Equal("busy", Assert.Single((await server.Client.ListDevicesAsync(Cancel)).Items).State);
        Assert.True(await agent.FinishAsync(lease, AttemptOutcome.Canceled));
        Assert.Equal("free", Assert.Single((await server.Client.ListDevicesAsync(Cancel)).Items).State);
        Assert.Equal(0, (await server.Client.CancelRunAsync(accepted.RunId, Cancel)).Canceled);
    }

    [Fact]
    public async Task A_lease_that_nobody_renews_is_lost_and_its_job_waits_again()
    {
        await using var server = await RunningServer.StartAsync();
        var agent = new FakeAgent(server, "lab");
        await agent.RegisterAsync();
        var accepted = await server.Client.SubmitAsync(Run(1), "k", Cancel);
        var lease = (await agent.WorkAsync()).Assignments[0].Lease;
        await server.PassAsync(TimeSpan.FromSeconds(62));
        await foreach (var happened in server.Client.FollowRunAsync(accepted.RunId, 0, Cancel))
            if (happened.Kind == "requeued") break;
        Assert.False(await agent.FinishAsync(lease));
        Assert.Equal(LeaseState.Lost, await agent.ProgressAsync(lease, JobStatus.Running));
        // What the lost attempt had may still follow; it belongs to that attempt alone.
        Assert.Equal(1, (await server.Agent.AppendLogAsync(lease, 0, new byte[1], Cancel)).Length);
        // The agent was silent too long as well, so it must say again what it offers.
        Assert.Equal(HttpStatusCode.Conflict, (await Assert.ThrowsAsync<ApiException>(() => agent.WorkAsync())).Status);
        await agent.RegisterAsync();
        Assert.Equal([lease], (await agent.WorkAsync(leases: [lease], free: [])).Lost);
        var again = Assert.Single((await agent.WorkAsync()).Assignments);
        Assert.Equal(2, again.Attempt);
        Assert.True(again.Lease.Token > lease.Token);
        Assert.True(await agent.FinishAsync(again.Lease));
        Assert.Equal("passed", (await server.Client.FindRunAsync(accepted.RunId, Cancel))!.Status);
    }

    [Fact]
    public async Task An_agent_whose_poll_is_open_stays_online()
    {
        // Many times the lease's length, so that an agent that is not heard of would be offline long before the end.
        await using var server = await RunningServer.StartAsync(null, "--lease-ttl", "10s", "--lease-renew", "3s", "--lease-margin", "2s");
        var agent = new FakeAgent(server, "lab");
        await agent.RegisterAsync();
        var poll = agent.WorkAsync(wait: 60);
        for (var second = 0; second < 58; second++)
        {
            server.Time.Advance(TimeSpan.FromSeconds(1));
            await server.Client.HealthAsync(Cancel);
        }
        await server.Client.SubmitAsync(Run(1), "k", Cancel);
        Assert.Single((await poll).Assignments);
    }

    [Fact]
    public async Task An_answer_that_never_arrived_is_given_again()
    {
        await using var server = await RunningServer.StartAsync();
        var agent = new FakeAgent(server, "lab");
        await agent.RegisterAsync();
        await server.Client.SubmitAsync(Run(1), "k", Cancel);
        var lost = Assert.Single((await agent.WorkAsync()).Assignments);
        var again = Assert.Single((await agent.WorkAsync()).Assignments);
        Assert.Equal((lost.Lease, lost.JobId), (again.Lease, again.JobId));
        Assert.Equal(LeaseState.Ok, await agent.RenewAsync(again.Lease));
        Assert.Empty((await agent.WorkAsync()).Assignments);
    }

    [Fact]
    public async Task A_newer_poll_takes_the_place_of_an_older_one()
    {
        await using var server = await RunningServer.StartAsync();
        var agent = new FakeAgent(server, "lab", devices: 2);
        await agent.RegisterAsync();
        var older = agent.WorkAsync(wait: 60, free: ["lab/phone-1"]);
        var newer = agent.WorkAsync(wait: 60);
        var first = await Task.WhenAny(older, newer).WaitAsync(TimeSpan.FromSeconds(20), Cancel);
        Assert.True((await first).Superseded);
        await server.Client.SubmitAsync(Run(2), "k", Cancel);
        var rest = await (first == older ? newer : older).WaitAsync(TimeSpan.FromSeconds(20), Cancel);
        Assert.False(rest.Superseded);
        Assert.NotEmpty(rest.Assignments);
    }

    [Fact]
    public async Task A_new_boot_ends_the_old_ones_leases()
    {
        await using var server = await RunningServer.StartAsync();
        var agent = new FakeAgent(server, "lab");
        await agent.RegisterAsync();
        await server.Client.SubmitAsync(Run(1), "k", Cancel);
        var old = Assert.Single((await agent.WorkAsync()).Assignments);
        agent.Boot = "boot-2";
        Assert.Equal(HttpStatusCode.Conflict, (await Assert.ThrowsAsync<ApiException>(() => agent.WorkAsync())).Status);
        Assert.Equal(1, (await agent.RegisterAsync()).LostLeases);
        Assert.Equal(LeaseState.Lost, await agent.RenewAsync(old.Lease));
        Assert.Equal(2, Assert.Single((await agent.WorkAsync()).Assignments).Attempt);
    }

    [Fact]
    public async Task Paused_devices_and_draining_agents_get_nothing()
    {
        await using var server = await RunningServer.StartAsync();
        var agent = new FakeAgent(server, "lab");
        await agent.RegisterAsync();
        var device = await server.Client.OrderDeviceAsync("lab/phone-1", "pause", "battery", Cancel);
        Assert.Equal(("paused", "battery"), (device.State, device.Note));
        var accepted = await server.Client.SubmitAsync(Run(1), "k", Cancel);
        Assert.Empty((await agent.WorkAsync()).Assignments);
        Assert.Equal("the only device that fits is paused", (await server.Client.FindJobAsync(accepted.JobIds[0], Cancel))!.Reason);
        await server.Client.OrderDeviceAsync("lab/phone-1", "resume", null, Cancel);
        (await server.Http.PostAsync("/api/v1/agents/lab/drain", null, Cancel)).EnsureSuccessStatusCode();
        Assert.Empty((await agent.WorkAsync()).Assignments);
        Assert.True(Assert.Single((await server.Client.ListAgentsAsync(Cancel)).Items).Draining);
        var poll = agent.WorkAsync(wait: 60);
        (await server.Http.PostAsync("/api/v1/agents/lab/resume", null, Cancel)).EnsureSuccessStatusCode();
        var lease = Assert.Single((await poll.WaitAsync(TimeSpan.FromSeconds(20), Cancel)).Assignments).Lease;
        await server.Client.OrderDeviceAsync("lab/phone-1", "release", "mine now", Cancel);
        Assert.Equal(LeaseState.Lost, await agent.RenewAsync(lease));
        Assert.Equal("lost: mine now", (await LastNoteAsync(server, accepted.RunId)));
    }

    [Fact]
    public async Task A_store_that_fails_costs_only_its_batch()
    {
        var store = new FailingStore(new MemoryStore());
        await using var server = await RunningServer.StartAsync(store);
        var agent = new FakeAgent(server, "lab");
        await agent.RegisterAsync();
        store.Fails = true;
        using var refused = await server.Http.PostAsync("/api/v1/jobs",
            new StringContent("""{"org_id":"o","app_version_id":"v","test_path":"a.js"}""", null, "application/json"), Cancel);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, refused.StatusCode);
        Assert.Equal("1", refused.Headers.RetryAfter!.ToString());
        store.Fails = false;
        await server.Client.SubmitAsync(Run(1), "k", Cancel);
        Assert.Single((await agent.WorkAsync()).Assignments);
    }

    [Fact]
    public async Task A_pool_that_cannot_be_read_costs_nobody_a_lease()
    {
        var store = new FailingStore(new MemoryStore());
        await using var server = await RunningServer.StartAsync(store);
        var agent = new FakeAgent(server, "lab");
        await agent.RegisterAsync();
        await server.Client.SubmitAsync(Run(1), "k", Cancel);
        var lease = Assert.Single((await agent.WorkAsync()).Assignments).Lease;
        var failed = store.FailReadsAsync();
        server.Time.Advance(TimeSpan.FromSeconds(1));
        await failed;
        Assert.Empty((await agent.WorkAsync(leases: [lease], free: [])).Lost);
        store.ReadAgain();
        server.Time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(LeaseState.Ok, await agent.RenewAsync(lease));
        Assert.Empty((await agent.WorkAsync(leases: [lease], free: [])).Lost);
    }

    private static async Task<string?> LastNoteAsync(RunningServer server, string runId)
    {
        await foreach (var happened in server.Client.FollowRunAsync(runId, 0, Cancel))
            if (happened.Kind == "requeued") return happened.Message;
        return null;
    }

    [Fact]
    public async Task A_phone_goes_back_to_the_agent_that_still_offers_it_when_the_one_that_took_it_is_gone()
    {
        await using var server = await RunningServer.StartAsync();
        var first = new FakeAgent(server, "one", phones: ["R58M"]);
        var second = new FakeAgent(server, "two", phones: ["R58M"]);
        await first.RegisterAsync();
        await second.RegisterAsync();
        Assert.Empty((await first.WorkAsync()).Assignments);

        // The second is not heard of any more; the first goes on polling, and is asked to register.
        ApiException? asked = null;
        for (var past = 0; asked is null && past < 200; past++)
        {
            await server.PassAsync(TimeSpan.FromSeconds(1));
            asked = await Record.ExceptionAsync(() => first.WorkAsync()) as ApiException;
        }
        Assert.Equal(HttpStatusCode.Conflict, asked?.Status);
        await first.RegisterAsync();
        await server.Client.SubmitAsync(Run(1), "k", Cancel);
        Assert.Single((await first.WorkAsync(wait: 60)).Assignments);
    }
}
