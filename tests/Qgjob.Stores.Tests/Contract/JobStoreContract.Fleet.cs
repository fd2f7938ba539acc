using Qgjob.Core.Devices;
using Qgjob.Core.Groups;
using Qgjob.Core.Jobs;
using Qgjob.Core.Storage;

namespace Qgjob.Stores.Tests.Contract;

public abstract partial class JobStoreContract
{
    [Fact]
    public async Task A_registered_device_is_there_and_free()
    {
        var offer = Lab.Phone("d1") with { Residents = [new ResidentBuild("com.example", "sha", "acme", "v1")], Virtual = true };
        Assert.Equal(0, (await lab.RegisterAsync("a1", "b1", offer)).LostLeases);
        var device = await lab.DeviceAsync("d1");
        Assert.True(device.IsFree(lab.Now));
        Assert.Equal(State.Text(offer), State.Text(device.Offer));
        var agent = Assert.Single(await Store.AgentsAsync(Cancel));
        Assert.Equal(("a1", "b1", true, lab.Now), (agent.Id, agent.BootId, agent.Online, agent.LastSeen));
    }

    [Fact]
    public async Task Registering_the_same_again_is_no_news()
    {
        await lab.RegisterAsync("a1", "b1", Lab.Phone("d1"));
        var revision = (await lab.PoolAsync()).Revision;
        await lab.RegisterAsync("a1", "b1", Lab.Phone("d1"));
        Assert.Empty((await Store.ReadPoolAsync("default", revision, Cancel)).Devices);
        await lab.RegisterAsync("a1", "b1", Lab.Phone("d1", os: "14"));
        Assert.Equal("14", Assert.Single((await Store.ReadPoolAsync("default", revision, Cancel)).Devices).Offer.OsVersion);
    }

    [Fact]
    public async Task A_device_that_is_left_out_goes_offline_and_keeps_its_lease()
    {
        var (job, lease) = await OneLeaseAsync();
        await lab.RegisterAsync("a1", "b1");
        var device = await lab.DeviceAsync("d1");
        Assert.False(device.Online);
        Assert.NotNull(device.Lease);
        Assert.Equal(JobStatus.Passed, (await lab.FinishAsync(lease, AttemptOutcome.Passed)).Status);
        var next = await lab.SubmitAsync(Lab.Spec());
        Assert.IsType<ClaimAnswer.Conflict>(await lab.TryClaimAsync("d1", next[0]));
        Assert.Equal(JobStatus.Passed, (await lab.JobAsync(job)).Status);
    }

    [Fact]
    public async Task Of_two_agents_of_one_name_that_register_in_the_same_instant_one_gets_in()
    {
        var both = await Store.CommitAsync(
            [.. new[] { "a1", "a2" }.Select(agent => new Register(agent, "b1", "lab", "1", "default", [Lab.Phone("lab/phone-1"), Lab.Phone($"R-{agent}")], lab.Now))], Cancel);
        Assert.Null(Assert.IsType<RegisterAnswer>(both[0]).Taken);
        Assert.Equal(new TakenName("lab/phone-1", "a1", "lab"), Assert.IsType<RegisterAnswer>(both[1]).Taken);
        Assert.Equal("a1", (await lab.DeviceAsync("lab/phone-1")).AgentId);
        Assert.Null((await lab.PoolAsync()).FindDevice("R-a2"));
        Assert.Equal("a1", Assert.Single(await Store.AgentsAsync(Cancel)).Id);

        // What its agent gave up is free for the other; a phone with a serial number may move at any time.
        await lab.RegisterAsync("a1", "b1", Lab.Phone("R-a1"));
        Assert.Null((await lab.RegisterAsync("a2", "b1", Lab.Phone("lab/phone-1"), Lab.Phone("R-a1"))).Taken);
        Assert.Equal("a2", (await lab.DeviceAsync("lab/phone-1")).AgentId);
        Assert.Equal("a2", (await lab.DeviceAsync("R-a1")).AgentId);
    }

    [Fact]
    public async Task A_new_boot_loses_the_leases_of_the_old_one_at_once()
    {
        var (job, lease) = await OneLeaseAsync();
        Assert.Equal(0, (await lab.RegisterAsync("a1", "b1", Lab.Phone("d1"))).LostLeases);
        Assert.Equal(1, (await lab.RegisterAsync("a1", "b2", Lab.Phone("d1"))).LostLeases);
        Assert.Equal(LeaseState.Lost, await lab.RenewAsync("a1", lease));
        Assert.Equal(JobStatus.Queued, (await lab.JobAsync(job)).Status);
        Assert.True((await lab.DeviceAsync("d1")).IsFree(lab.Now));
        Assert.False((await lab.DoAsync(new Touch("a1", "b1", lab.Now))).Known);
        Assert.True((await lab.DoAsync(new Touch("a1", "b2", lab.Now))).Known);
        Assert.False((await lab.DoAsync(new Touch("a9", "b2", lab.Now))).Known);
    }

    [Fact]
    public async Task A_silent_agent_and_its_devices_go_offline_until_it_registers()
    {
        await lab.RegisterAsync("a1", "b1", Lab.Phone("d1"));
        await lab.RegisterAsync("a2", "b1", Lab.Phone("d2"));
        lab.Now += TimeSpan.FromSeconds(91);
        Assert.True((await lab.DoAsync(new Touch("a2", "b1", lab.Now))).Known);
        await lab.ExpireLeasesAsync();
        Assert.False((await lab.DeviceAsync("d1")).Online);
        Assert.True((await lab.DeviceAsync("d2")).Online);
        Assert.False((await lab.DoAsync(new Touch("a1", "b1", lab.Now))).Known);
        await lab.RegisterAsync("a1", "b1", Lab.Phone("d1"));
        Assert.True((await lab.DeviceAsync("d1")).IsFree(lab.Now));
        Assert.True((await lab.DoAsync(new Touch("a1", "b1", lab.Now))).Known);
    }

    [Fact]
    public async Task A_device_that_another_agent_takes_over_serves_that_one_after_its_lease()
    {
        var (job, lease) = await OneLeaseAsync();
        await lab.RegisterAsync("a2", "b1", Lab.Phone("d1"));
        // The former agent may still drive it: its lease ends by finish or expiry, not by the other's doing.
        Assert.Equal("a2", (await lab.DeviceAsync("d1")).AgentId);
        Assert.Equal(0, (await lab.RegisterAsync("a2", "b2", Lab.Phone("d1"))).LostLeases);
        Assert.Equal(LeaseState.Ok, await lab.RenewAsync("a1", lease));
        await lab.RegisterAsync("a1", "b1");
        Assert.True((await lab.DeviceAsync("d1")).Online);
        Assert.Equal(JobStatus.Passed, (await lab.FinishAsync(lease, AttemptOutcome.Passed)).Status);
        var next = await lab.SubmitAsync(Lab.Spec());
        await lab.ClaimAsync("d1", next[0]);
        Assert.Equal("a2", Assert.Single(await Store.AttemptsAsync(next[0], Cancel)).AgentId);
        Assert.Equal("a1", Assert.Single(await Store.AttemptsAsync(job, Cancel)).AgentId);
    }

    [Fact]
    public async Task A_paused_device_gets_no_work_and_finishes_what_it_has()
    {
        var (job, lease) = await OneLeaseAsync();
        Assert.True((await lab.DoAsync(new OrderDevice("d1", FleetOrder.Pause, "battery", lab.Now))).Found);
        Assert.Equal("battery", (await lab.DeviceAsync("d1")).PauseNote);
        await lab.FinishAsync(lease, AttemptOutcome.Passed);
        var next = await lab.SubmitAsync(Lab.Spec());
        Assert.IsType<ClaimAnswer.Conflict>(await lab.TryClaimAsync("d1", next[0]));
        await lab.RegisterAsync("a1", "b1", Lab.Phone("d1", os: "14"));
        Assert.True((await lab.DeviceAsync("d1")).Paused);
        await lab.DoAsync(new OrderDevice("d1", FleetOrder.Resume, null, lab.Now));
        Assert.Null((await lab.DeviceAsync("d1")).PauseNote);
        await lab.ClaimAsync("d1", next[0]);
        Assert.False((await lab.DoAsync(new OrderDevice("d9", FleetOrder.Pause, null, lab.Now))).Found);
        Assert.Equal(JobStatus.Passed, (await lab.JobAsync(job)).Status);
    }

    [Fact]
    public async Task Release_ends_the_lease_and_requeues_the_job()
    {
        var (job, lease) = await OneLeaseAsync();
        Assert.True((await lab.DoAsync(new OrderDevice("d1", FleetOrder.Release, "stuck", lab.Now))).Found);
        Assert.True((await lab.DeviceAsync("d1")).IsFree(lab.Now));
        Assert.Equal(JobStatus.Queued, (await lab.JobAsync(job)).Status);
        Assert.Equal("stuck", (await lab.JobAsync(job)).Reason);
        Assert.Equal(LeaseState.Lost, await lab.RenewAsync("a1", lease));
        Assert.True((await lab.DoAsync(new OrderDevice("d1", FleetOrder.Release, null, lab.Now))).Found);
    }

    [Fact]
    public async Task A_draining_agent_is_known_to_every_reader()
    {
        await lab.RegisterAsync("a1", "b1", Lab.Phone("d1"));
        var view = await lab.PoolAsync();
        Assert.True((await lab.DoAsync(new DrainAgent("a1", true, lab.Now))).Found);
        view.Apply(await Store.ReadPoolAsync("default", view.Revision, Cancel));
        Assert.True(view.IsDraining("a1"));
        await lab.RegisterAsync("a1", "b2", Lab.Phone("d1"));
        Assert.True((await lab.PoolAsync()).IsDraining("a1"));
        await lab.DoAsync(new DrainAgent("a1", false, lab.Now));
        view.Apply(await Store.ReadPoolAsync("default", view.Revision, Cancel));
        Assert.False(view.IsDraining("a1"));
        Assert.False((await lab.DoAsync(new DrainAgent("a9", true, lab.Now))).Found);
    }

    [Fact]
    public async Task Other_bytes_under_a_used_name_are_refused()
    {
        Assert.True(Assert.IsType<PutBuildAnswer.Stored>(await PutBuildAsync("sha-1")).Created);
        Assert.False(Assert.IsType<PutBuildAnswer.Stored>(await PutBuildAsync("sha-1")).Created);
        Assert.Equal("sha-1", Assert.IsType<PutBuildAnswer.Taken>(await PutBuildAsync("sha-2")).Existing.Sha256);
        Assert.True(Assert.IsType<PutBuildAnswer.Stored>(await PutBuildAsync("sha-3", Platform.Ios)).Created);
        var version = await Store.FindAppVersionAsync("acme", "v1", Cancel);
        Assert.Equal(["sha-1", "sha-3"], version!.Builds.Select(b => b.Sha256));
        Assert.Null(await Store.FindAppVersionAsync("acme", "v9", Cancel));
    }

    private Task<PutBuildAnswer> PutBuildAsync(string sha, Platform platform = Platform.Android, string version = "v1") =>
        lab.DoAsync(new PutBuild("acme", version, new Build(platform, "com.example", sha, 42, "app.apk", "1.0", lab.Now), lab.Now));

    [Fact]
    public async Task A_renewal_that_comes_late_shortens_no_lease()
    {
        await lab.RegisterAsync("a1", "b1", Lab.Phone("d1"));
        var lease = await lab.ClaimAsync("d1", (await lab.SubmitAsync(Lab.Spec()))[0]);
        var earlier = lab.Now;
        lab.Now += TimeSpan.FromSeconds(20);
        await lab.RenewAsync("a1", lease);
        var until = (await lab.DeviceAsync("d1")).Lease!.Until;
        lab.Now = earlier;
        Assert.Equal(LeaseState.Ok, await lab.RenewAsync("a1", lease));
        Assert.Equal(until, (await lab.DeviceAsync("d1")).Lease!.Until);
    }
}
