using Qgjob.Core.Jobs;
using Qgjob.Core.Scheduling;
using Qgjob.Core.Storage;

namespace Qgjob.Stores.Tests.Contract;

public abstract partial class JobStoreContract
{
    [Fact]
    public async Task Three_jobs_of_a_proven_app_version_that_fail_in_a_row_send_the_device_to_rest()
    {
        await ProveAsync();
        await FailAsync("d1", Lab.Spec());
        await FailAsync("d1", Lab.Spec());
        Assert.False((await lab.DeviceAsync("d1")).IsCooling(lab.Now));
        await FailAsync("d1", Lab.Spec());
        var device = await lab.DeviceAsync("d1");
        Assert.True(device.IsCooling(lab.Now));
        Assert.Equal((lab.Now + Cooldown.Shortest, 1), (device.Health.CoolingUntil, device.Health.Cooldowns));

        var next = await lab.SubmitAsync(Lab.Spec());
        Assert.IsType<ClaimAnswer.Conflict>(await lab.TryClaimAsync("d1", next[0]));
        Assert.IsType<Decision.Idle>(Dispatch.Decide(await lab.PoolAsync(), device, lab.Now));
        lab.Now += Cooldown.Shortest;
        Assert.IsType<Decision.Claim>(Dispatch.Decide(await lab.PoolAsync(), device, lab.Now));
        await lab.ClaimAsync("d1", next[0]);
    }

    [Fact]
    public async Task All_failures_of_an_app_version_that_never_ran_count_once()
    {
        await lab.RegisterAsync("a1", "b1", [.. Enumerable.Range(1, 5).Select(i => Lab.Phone($"d{i}"))]);
        for (var i = 0; i < 4; i++) await FailAsync("d1", Lab.Spec());
        // Jobs that come with bars from elsewhere are in groups of their own, and the same build may be to blame.
        for (var i = 2; i <= 5; i++)
        {
            var job = await lab.SubmitAsync(Lab.Spec());
            await lab.FinishAsync(await lab.ClaimAsync($"d{i}", job[0]), AttemptOutcome.InstallLimit);
            await lab.FinishAsync(await lab.ClaimAsync("d1", job[0]), AttemptOutcome.InstallLimit);
            await lab.DoAsync(new Cancel((await lab.JobAsync(job[0])).RunId, null, "", lab.Now));
        }
        Assert.Single((await lab.DeviceAsync("d1")).Health.Failures);
        await FailAsync("d1", Lab.Spec("v2"));
        Assert.False((await lab.DeviceAsync("d1")).IsCooling(lab.Now));
        await FailAsync("d1", Lab.Spec("v1", org: "other"));
        Assert.True((await lab.DeviceAsync("d1")).IsCooling(lab.Now));
    }

    [Fact]
    public async Task Every_further_rest_in_a_row_is_twice_as_long_up_to_an_hour()
    {
        await ProveAsync();
        var minutes = new List<double>();
        for (var i = 0; i < 8; i++)
        {
            for (var k = 0; k < Cooldown.Failures; k++) await FailAsync("d1", Lab.Spec());
            minutes.Add(((await lab.DeviceAsync("d1")).Health.CoolingUntil!.Value - lab.Now).TotalMinutes);
            lab.Now += Cooldown.Longest;
        }
        Assert.Equal([1, 2, 4, 8, 16, 32, 60, 60], minutes);
    }

    [Theory]
    [InlineData(AttemptOutcome.Passed, true)]
    [InlineData(AttemptOutcome.Failed, true)]
    [InlineData(AttemptOutcome.Lost, false)]
    [InlineData(AttemptOutcome.Canceled, false)]
    public async Task A_test_that_ran_to_a_verdict_shows_that_the_device_is_well(AttemptOutcome outcome, bool well)
    {
        await ProveAsync();
        for (var k = 0; k < Cooldown.Failures; k++) await FailAsync("d1", Lab.Spec());
        lab.Now += Cooldown.Shortest;
        await FailAsync("d1", Lab.Spec());
        var job = await lab.SubmitAsync(Lab.Spec());
        await lab.FinishAsync(await lab.ClaimAsync("d1", job[0]), outcome);
        var health = (await lab.DeviceAsync("d1")).Health;
        Assert.Equal(well ? (0, 0) : (1, 1), (health.Failures.Count, health.Cooldowns));
        Assert.Equal(well, health.CoolingUntil is null);
    }

    [Fact]
    public async Task Resuming_a_device_ends_its_rest_and_pausing_or_registering_it_does_not()
    {
        await ProveAsync();
        for (var k = 0; k < Cooldown.Failures; k++) await FailAsync("d1", Lab.Spec());
        await lab.DoAsync(new OrderDevice("d1", FleetOrder.Pause, null, lab.Now));
        await lab.RegisterAsync("a1", "b2", Lab.Phone("d1", os: "14"), Lab.Phone("d2"), Lab.Phone("d3"));
        Assert.True((await lab.DeviceAsync("d1")).IsCooling(lab.Now));
        await lab.DoAsync(new OrderDevice("d1", FleetOrder.Resume, null, lab.Now));
        Assert.True((await lab.DeviceAsync("d1")).IsFree(lab.Now));
        Assert.Equal((0, 0), ((await lab.DeviceAsync("d1")).Health.Failures.Count, (await lab.DeviceAsync("d1")).Health.Cooldowns));
    }

    [Fact]
    public async Task A_job_that_failed_on_two_other_devices_says_nothing_against_the_third()
    {
        await ProveAsync();
        var job = await lab.SubmitAsync(Lab.Spec() with { InfraAttempts = 9 });
        foreach (var device in new[] { "d1", "d2", "d3" })
            await lab.FinishAsync(await lab.ClaimAsync(device, job[0]), AttemptOutcome.Infra);
        Assert.Equal((int[])[1, 1, 0], await FailuresAsync("d1", "d2", "d3"));
    }

    [Fact]
    public async Task A_bar_of_the_device_itself_is_none_of_another()
    {
        await ProveAsync();
        var job = await lab.SubmitAsync(Lab.Spec() with { InfraAttempts = 9 });
        await lab.FinishAsync(await lab.ClaimAsync("d1", job[0]), AttemptOutcome.Infra);
        await lab.FinishAsync(await lab.ClaimAsync("d2", job[0]), AttemptOutcome.Infra);
        await lab.DoAsync(new OrderDevice("d2", FleetOrder.Resume, null, lab.Now));
        Assert.Equal((int[])[1, 0, 0], await FailuresAsync("d1", "d2", "d3"));
        await lab.FinishAsync(await lab.ClaimAsync("d2", job[0]), AttemptOutcome.Infra);
        Assert.Equal((int[])[1, 1, 0], await FailuresAsync("d1", "d2", "d3"));
    }

    private async Task<int[]> FailuresAsync(params string[] devices)
    {
        var view = await lab.PoolAsync();
        return [.. devices.Select(d => view.FindDevice(d)!.Health.Failures.Count)];
    }

    /// <summary>Three devices, and an app version that ran on one of them.</summary>
    private async Task ProveAsync()
    {
        await lab.RegisterAsync("a1", "b1", Lab.Phone("d1"), Lab.Phone("d2"), Lab.Phone("d3"));
        var job = await lab.SubmitAsync(Lab.Spec());
        Assert.False((await Store.FindAppVersionAsync("acme", "v1", Cancel))!.Proven);
        await lab.FinishAsync(await lab.ClaimAsync("d1", job[0]), AttemptOutcome.Passed);
        Assert.True((await Store.FindAppVersionAsync("acme", "v1", Cancel))!.Proven);
    }

    private async Task FailAsync(string device, JobSpec spec)
    {
        var job = await lab.SubmitAsync(spec with { InfraAttempts = 1 });
        await lab.FinishAsync(await lab.ClaimAsync(device, job[0]), AttemptOutcome.Infra);
    }
}
