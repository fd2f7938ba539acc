using Qgjob.Core.Jobs;
using Qgjob.Core.Storage;

namespace Qgjob.Stores.Tests.Contract;

public abstract partial class JobStoreContract
{
    [Fact]
    public async Task A_claim_leases_the_device_and_moves_the_job()
    {
        await lab.RegisterAsync("a1", "b1", Lab.Phone("d1"));
        var jobs = await SubmitManyAsync(2);
        var before = await lab.DeviceAsync("d1");
        var claimed = Assert.IsType<ClaimAnswer.Claimed>(await lab.TryClaimAsync("d1", jobs[0]));

        Assert.Equal(State.Text(await lab.DeviceAsync("d1")), State.Text(claimed.Device));
        Assert.Equal(State.Text(await lab.JobAsync(jobs[0])), State.Text(claimed.Job));
        Assert.Equal((jobs[0], 1, JobStatus.Leased), (claimed.Job.Id, claimed.Job.Attempt, claimed.Job.Status));
        Assert.Equal(lab.Now + Lab.Ttl, claimed.Device.Lease!.Until);
        Assert.True(claimed.Device.Version > before.Version);
        Assert.Equal("tests/a.spec.ts", claimed.Spec.TestPath);
        var attempt = Assert.Single(await Store.AttemptsAsync(jobs[0], Cancel));
        Assert.Equal(("d1", "a1", claimed.Device.Lease.Token), (attempt.DeviceId, attempt.AgentId, attempt.Token));
        Assert.Equal(1, (await Store.FindAppVersionAsync("acme", "v1", Cancel))!.Serving);
    }

    [Fact]
    public async Task One_device_gets_one_lease_however_many_ask()
    {
        await lab.RegisterAsync("a1", "b1", Lab.Phone("d1"));
        var jobs = await SubmitManyAsync(64);
        var group = (await lab.JobAsync(jobs[0])).GroupId;
        var version = (await lab.DeviceAsync("d1")).Version;
        var claims = Enumerable.Range(0, 64).Select(i => new Claim("d1", version, group, null, $"c{i}", Lab.Ttl, lab.Now));
        var answers = await Task.WhenAll(claims.Select(c => Task.Run(() => lab.DoAsync(c), Cancel)));
        Assert.Single(answers.OfType<ClaimAnswer.Claimed>());
        Assert.Equal(63, answers.OfType<ClaimAnswer.Conflict>().Count());
    }

    [Fact]
    public async Task One_job_gets_one_device_however_many_offer()
    {
        await lab.RegisterAsync("a1", "b1", [.. Enumerable.Range(0, 20).Select(i => Lab.Phone($"d{i}"))]);
        var job = await lab.SubmitAsync(Lab.Spec());
        var answers = await Task.WhenAll(Enumerable.Range(0, 20).Select(i => Task.Run(() => lab.TryClaimAsync($"d{i}", job[0]), Cancel)));
        Assert.Single(answers.OfType<ClaimAnswer.Claimed>());
        Assert.Equal(19, answers.OfType<ClaimAnswer.Empty>().Count());
    }

    [Fact]
    public async Task A_decision_on_an_old_device_version_conflicts()
    {
        await lab.RegisterAsync("a1", "b1", Lab.Phone("d1"));
        var jobs = await lab.SubmitAsync(Lab.Spec());
        var seen = await lab.DeviceAsync("d1");
        await lab.DoAsync(new OrderDevice("d1", FleetOrder.Pause, null, lab.Now));
        await lab.DoAsync(new OrderDevice("d1", FleetOrder.Resume, null, lab.Now));
        var group = (await lab.JobAsync(jobs[0])).GroupId;
        Assert.IsType<ClaimAnswer.Conflict>(await lab.DoAsync(new Claim("d1", seen.Version, group, null, "c1", Lab.Ttl, lab.Now)));
        Assert.IsType<ClaimAnswer.Conflict>(await lab.DoAsync(new Claim("d9", 1, group, null, "c2", Lab.Ttl, lab.Now)));
    }

    [Fact]
    public async Task A_claim_that_implies_an_install_conflicts_when_the_number_of_serving_devices_changed()
    {
        await lab.RegisterAsync("a1", "b1", Lab.Phone("d1"), Lab.Phone("d2"));
        var jobs = await SubmitManyAsync(3);
        var group = (await lab.JobAsync(jobs[0])).GroupId;
        var open = (await Store.FindAppVersionAsync("acme", "v1", Cancel))!.OpenVersion;
        var second = (await lab.DeviceAsync("d2")).Version;
        Assert.IsType<ClaimAnswer.Claimed>(await lab.DoAsync(
            new Claim("d1", (await lab.DeviceAsync("d1")).Version, group, open, "c1", Lab.Ttl, lab.Now)));
        Assert.IsType<ClaimAnswer.Conflict>(await lab.DoAsync(new Claim("d2", second, group, open, "c2", Lab.Ttl, lab.Now)));
        // Without an install it does not matter how many serve.
        Assert.IsType<ClaimAnswer.Claimed>(await lab.DoAsync(new Claim("d2", second, group, null, "c3", Lab.Ttl, lab.Now)));
    }

    [Fact]
    public async Task A_repeated_claim_gives_the_same_lease()
    {
        await lab.RegisterAsync("a1", "b1", Lab.Phone("d1"));
        var jobs = await SubmitManyAsync(2);
        var group = (await lab.JobAsync(jobs[0])).GroupId;
        var claim = new Claim("d1", (await lab.DeviceAsync("d1")).Version, group, null, "c1", Lab.Ttl, lab.Now);
        var first = Assert.IsType<ClaimAnswer.Claimed>(await lab.DoAsync(claim));
        var again = Assert.IsType<ClaimAnswer.Claimed>(await lab.DoAsync(claim));
        Assert.Equal(State.Text(first), State.Text(again));
        await lab.FinishAsync(new LeaseRef("d1", first.Device.Lease!.Token), AttemptOutcome.Passed);
        Assert.IsType<ClaimAnswer.Conflict>(await lab.DoAsync(claim));
    }

    [Fact]
    public async Task An_empty_or_unknown_group_is_empty()
    {
        await lab.RegisterAsync("a1", "b1", Lab.Phone("d1"));
        var jobs = await lab.SubmitAsync(Lab.Spec());
        var version = (await lab.DeviceAsync("d1")).Version;
        Assert.IsType<ClaimAnswer.Empty>(await lab.DoAsync(new Claim("d1", version, "g-none", null, "c0", Lab.Ttl, lab.Now)));
        await lab.DoAsync(new Cancel((await lab.JobAsync(jobs[0])).RunId, null, "", lab.Now));
        Assert.IsType<ClaimAnswer.Empty>(await lab.TryClaimAsync("d1", jobs[0]));
    }

    [Fact]
    public async Task Within_a_group_the_tier_decides_then_the_longest_estimate_then_the_id()
    {
        await lab.RegisterAsync("a1", "b1", Lab.Phone("d1"));
        // The store learns that long.spec takes longer than the rest.
        await LearnAsync("long.spec", 500);
        await LearnAsync("short.spec", 5);
        var old = await lab.SubmitAsync(Lab.Spec(test: "short.spec"));
        lab.Now += Core.Scheduling.Estimates.TierLength;
        var jobs = await lab.SubmitAsync(
            Lab.Spec(test: "short.spec"), Lab.Spec(test: "short.spec"), Lab.Spec(test: "long.spec"),
            Lab.Spec(test: "short.spec") with { Priority = 3 }, Lab.Spec(test: "short.spec") with { Priority = -1 });
        Assert.Equal(2, await Store.PositionInGroupAsync(jobs[2], Cancel));
        Assert.Equal(5, await Store.PositionInGroupAsync(jobs[4], Cancel));

        var order = new List<string>();
        for (var i = 0; i < 6; i++)
        {
            var claimed = Assert.IsType<ClaimAnswer.Claimed>(await lab.TryClaimAsync("d1", old[0]));
            Assert.Null(await Store.PositionInGroupAsync(claimed.Job.Id, Cancel));
            order.Add(claimed.Job.Id);
            await lab.FinishAsync(new LeaseRef("d1", claimed.Device.Lease!.Token), AttemptOutcome.Canceled);
        }
        Assert.Equal([jobs[3], old[0], jobs[2], jobs[0], jobs[1], jobs[4]], order);
    }

    [Fact]
    public async Task Estimates_follow_what_tests_took()
    {
        await lab.RegisterAsync("a1", "b1", Lab.Phone("d1"));
        await LearnAsync("x.spec", 100);
        await LearnAsync("x.spec", 200);
        Assert.Equal(130, (await Store.EstimateAsync(Core.Scheduling.Estimates.TestKey("acme", "x.spec", Target.Any), Cancel))!.Value, 1e-9);
        Assert.Null(await Store.EstimateAsync("test\nnobody", Cancel));
        var jobs = await lab.SubmitAsync(Lab.Spec(test: "x.spec"), Lab.Spec(test: "new.spec"), Lab.Spec(test: "new.spec", org: "fresh"));
        Assert.Equal(130, (await lab.JobAsync(jobs[0])).EstimateSeconds, 1e-9);
        Assert.Equal(130, (await lab.JobAsync(jobs[1])).EstimateSeconds, 1e-9);
        Assert.Equal(60, (await lab.JobAsync(jobs[2])).EstimateSeconds);
    }

    [Fact]
    public async Task Tokens_rise_with_every_claim_on_a_device()
    {
        await lab.RegisterAsync("a1", "b1", Lab.Phone("d1"));
        var jobs = await SubmitManyAsync(5);
        var tokens = new List<long>();
        for (var i = 0; i < 5; i++)
        {
            var lease = await lab.ClaimAsync("d1", jobs[0]);
            tokens.Add(lease.Token);
            await lab.FinishAsync(lease, AttemptOutcome.Passed);
        }
        Assert.Equal(tokens.Distinct().Order(), tokens);
    }

    private async Task LearnAsync(string test, double seconds)
    {
        var job = await lab.SubmitAsync(Lab.Spec(test: test));
        var lease = await lab.ClaimAsync("d1", job[0]);
        await lab.DoAsync(new Finish(lease, lab.NewId("f"), new AttemptEnd(AttemptOutcome.Passed, null, seconds, []), lab.Now));
    }
}
