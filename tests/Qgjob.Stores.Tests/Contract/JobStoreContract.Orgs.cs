using Qgjob.Core.Jobs;
using Qgjob.Core.Runs;
using Qgjob.Core.Scheduling;
using Qgjob.Core.Storage;

namespace Qgjob.Stores.Tests.Contract;

public abstract partial class JobStoreContract
{
    [Fact]
    public async Task An_orgs_counters_follow_its_jobs()
    {
        await lab.RegisterAsync("a1", "b1", Lab.Phone("d1"));
        var jobs = await SubmitManyAsync(3);
        Assert.Equal((3, 0), Counts(await lab.OrgAsync()));
        var lease = await lab.ClaimAsync("d1", jobs[0]);
        Assert.Equal((2, 1), Counts(await lab.OrgAsync()));
        await lab.FinishAsync(lease, AttemptOutcome.Infra);
        Assert.Equal((3, 0), Counts(await lab.OrgAsync()));
        await lab.DoAsync(new Cancel((await lab.JobAsync(jobs[0])).RunId, null, "stop", lab.Now));
        Assert.Equal((0, 0), Counts(await lab.OrgAsync()));
        Assert.Empty(await Store.OrgsAsync("night", Cancel));
    }

    [Fact]
    public async Task Pools_count_an_org_apart()
    {
        await lab.SubmitAsync(Lab.Spec());
        await lab.DoAsync(lab.NewRun([Lab.Spec(), Lab.Spec()], pool: "night"));
        Assert.Equal((1, 2), ((await lab.OrgAsync()).Queued, (await lab.OrgAsync(pool: "night")).Queued));
        await lab.DoAsync(new SetOrg("night", "acme", 3, 1, null));
        Assert.Equal((1.0, 3.0), ((await lab.OrgAsync()).Weight, (await lab.OrgAsync(pool: "night")).Weight));
        Assert.Equal(1, Assert.Single((await Store.ReadPoolAsync(Run.DefaultPool, 0, Cancel)).Orgs).Queued);
    }

    [Fact]
    public async Task Virtual_time_is_charged_at_the_claim_and_corrected_at_the_end()
    {
        await lab.DoAsync(new SetOrg(Run.DefaultPool, "acme", 2, null, null));
        await lab.RegisterAsync("a1", "b1", Lab.Phone("d1"));
        lab.EstimateSeconds = 100;
        var jobs = await SubmitManyAsync(3, _ => Lab.Spec());
        var lease = await lab.ClaimAsync("d1", jobs[0]);
        Assert.Equal(100, (await lab.DeviceAsync("d1")).Lease!.ChargedSeconds);
        Assert.Equal(50, (await lab.OrgAsync()).VirtualTime);
        lab.Now += TimeSpan.FromSeconds(30);
        await lab.FinishAsync(lease, AttemptOutcome.Passed);
        Assert.Equal(15, (await lab.OrgAsync()).VirtualTime, 1e-9);

        // An install that the decision implied is charged too, and whatever the attempt took counts, not what it was good for.
        lease = await lab.ClaimAsync("d1", jobs[0], installs: true);
        Assert.Equal(100 + Estimates.UnknownInstallSeconds, (await lab.DeviceAsync("d1")).Lease!.ChargedSeconds);
        lab.Now += Lab.Ttl;
        await lab.ExpireLeasesAsync();
        Assert.Equal(15 + (Lab.Ttl.TotalSeconds / 2), (await lab.OrgAsync()).VirtualTime, 1e-9);
    }

    [Fact]
    public async Task A_canceled_attempt_is_charged_until_its_device_is_free()
    {
        lab.EstimateSeconds = 100;
        var (job, lease) = await OneLeaseAsync(Lab.Spec());
        await lab.DoAsync(new Cancel((await lab.JobAsync(job)).RunId, null, "stop", lab.Now));
        Assert.Equal((0, 1), Counts(await lab.OrgAsync()));
        lab.Now += TimeSpan.FromSeconds(7);
        await lab.FinishAsync(lease, AttemptOutcome.Canceled);
        Assert.Equal((0, 0), Counts(await lab.OrgAsync()));
        Assert.Equal(7, (await lab.OrgAsync()).VirtualTime, 1e-9);
    }

    [Fact]
    public async Task Who_comes_back_starts_where_the_one_that_used_least_is()
    {
        await lab.RegisterAsync("a1", "b1", Lab.Phone("d1"), Lab.Phone("d2"));
        await UseAsync("acme", 100);
        await UseAsync("third", 300);
        // Nobody else is there: an org keeps what it used.
        Assert.Equal((100.0, 300.0), ((await lab.OrgAsync()).VirtualTime, (await lab.OrgAsync("third")).VirtualTime));
        await lab.SubmitAsync(Lab.Spec());
        await lab.SubmitAsync(Lab.Spec(org: "third"));
        Assert.Equal(300, (await lab.OrgAsync("third")).VirtualTime, 1e-9);
        await lab.SubmitAsync(Lab.Spec(org: "other"));
        Assert.Equal(100, (await lab.OrgAsync("other")).VirtualTime, 1e-9);
        await lab.SubmitAsync(Lab.Spec(org: "other"));
        Assert.Equal(100, (await lab.OrgAsync("other")).VirtualTime, 1e-9);
    }

    [Fact]
    public async Task A_job_that_waits_again_does_not_make_its_org_one_that_was_away()
    {
        await lab.RegisterAsync("a1", "b1", Lab.Phone("d1"), Lab.Phone("d2"));
        lab.EstimateSeconds = 0;
        var small = await lab.SubmitAsync(Lab.Spec(org: "small"));
        await UseAsync("acme", 1000);
        await lab.SubmitAsync(Lab.Spec());
        await lab.FinishAsync(await lab.ClaimAsync("d1", small[0]), AttemptOutcome.Infra);
        Assert.Equal((0.0, 1), ((await lab.OrgAsync("small")).VirtualTime, (await lab.OrgAsync("small")).Queued));
        // Nor does a run that takes the place of its only one.
        await lab.SubmitAsync(r => r with { SupersedeKey = "k" }, Lab.Spec(org: "small"));
        await lab.DoAsync(new Cancel((await lab.JobAsync(small[0])).RunId, null, "stop", lab.Now));
        await lab.SubmitAsync(r => r with { SupersedeKey = "k" }, Lab.Spec(org: "small"));
        Assert.Equal((0.0, 1), ((await lab.OrgAsync("small")).VirtualTime, (await lab.OrgAsync("small")).Queued));
    }

    [Fact]
    public async Task A_new_weight_counts_from_the_running_attempts_on()
    {
        await lab.DoAsync(new SetOrg(Run.DefaultPool, "acme", 10, null, null));
        lab.EstimateSeconds = 100;
        var (_, lease) = await OneLeaseAsync(Lab.Spec());
        await lab.DoAsync(new SetOrg(Run.DefaultPool, "acme", 0.5, null, null));
        lab.Now += TimeSpan.FromSeconds(1);
        await lab.FinishAsync(lease, AttemptOutcome.Passed);
        // Corrected by another weight than it was charged by, it would be -188: served before all others for a long time.
        Assert.Equal(2, (await lab.OrgAsync()).VirtualTime, 1e-9);
    }

    [Fact]
    public async Task An_org_never_has_more_devices_than_its_limit()
    {
        await lab.RegisterAsync("a1", "b1", [.. Enumerable.Range(0, 6).Select(i => Lab.Phone($"d{i}"))]);
        await lab.DoAsync(new SetOrg(Run.DefaultPool, "acme", 1, 2, null));
        var jobs = await SubmitManyAsync(6);
        var answers = await Task.WhenAll(Enumerable.Range(0, 6).Select(i => Task.Run(() => lab.TryClaimAsync($"d{i}", jobs[0]), Cancel)));
        var claimed = answers.OfType<ClaimAnswer.Claimed>().ToList();
        Assert.Equal((2, 4), (claimed.Count, answers.OfType<ClaimAnswer.Conflict>().Count()));
        Assert.True((await lab.OrgAsync()).IsAtLimit);
        var free = (await lab.PoolAsync()).Devices.First(d => d.IsFree(lab.Now)).Id;
        var other = await lab.SubmitAsync(Lab.Spec(org: "other"));
        await lab.FinishAsync(await lab.ClaimAsync(free, other[0]), AttemptOutcome.Passed);

        // A canceled job counts until its agent lets go of the device.
        await lab.DoAsync(new Cancel(claimed[0].Job.RunId, claimed[0].Job.Id, "stop", lab.Now));
        Assert.IsType<ClaimAnswer.Conflict>(await lab.TryClaimAsync(free, jobs[0]));
        await lab.FinishAsync(new LeaseRef(claimed[0].Device.Id, claimed[0].Device.Lease!.Token), AttemptOutcome.Canceled);
        await lab.ClaimAsync(free, jobs[0]);

        await lab.DoAsync(new SetOrg(Run.DefaultPool, "acme", 1, null, null));
        await lab.ClaimAsync(claimed[0].Device.Id, jobs[0]);
        await lab.DoAsync(new SetOrg(Run.DefaultPool, "none", 1, 0, null));
        var none = await lab.SubmitAsync(Lab.Spec(org: "none"));
        Assert.IsType<ClaimAnswer.Conflict>(await lab.TryClaimAsync((await lab.PoolAsync()).Devices.First(d => d.IsFree(lab.Now)).Id, none[0]));
    }

    [Fact]
    public async Task A_priority_cap_holds_from_the_next_submission_on()
    {
        var before = await lab.SubmitAsync(Lab.Spec() with { Priority = 2 });
        await lab.DoAsync(new SetOrg(Run.DefaultPool, "acme", 1, null, 0));
        var after = await lab.SubmitAsync(Lab.Spec() with { Priority = 2 }, Lab.Spec(), Lab.Spec() with { Priority = -1 });
        var normal = Estimates.TierOf(lab.Now, 0);
        Assert.Equal(normal - 2, (await lab.JobAsync(before[0])).Tier);
        Assert.Equal([normal, normal, normal + 1], await Task.WhenAll(after.Select(async id => (await lab.JobAsync(id)).Tier)));
    }

    [Fact]
    public async Task Setting_an_org_keeps_what_it_used_and_is_news_to_the_policy()
    {
        await lab.RegisterAsync("a1", "b1", Lab.Phone("d1"));
        await UseAsync("acme", 40);
        var view = await lab.PoolAsync();
        var answer = await lab.DoAsync(new SetOrg(Run.DefaultPool, "acme", 4, 5, 1));
        Assert.Equal(State.Text(answer.Org), State.Text(await lab.OrgAsync()));
        Assert.Equal((4.0, 5, 1, 40.0), (answer.Org.Weight, answer.Org.MaxDevices, answer.Org.MaxPriority, answer.Org.VirtualTime));
        view.Apply(await Store.ReadPoolAsync(Run.DefaultPool, view.Revision, Cancel));
        Assert.Equal(State.Text(answer.Org), State.Text(view.OrgOf("acme")));
        foreach (var bad in new[] { 0, -1, double.NaN, double.PositiveInfinity })
            await Assert.ThrowsAsync<ArgumentException>(() => lab.DoAsync(new SetOrg(Run.DefaultPool, "acme", bad, null, null)));
        await Assert.ThrowsAsync<ArgumentException>(() => lab.DoAsync(new SetOrg(Run.DefaultPool, "acme", 1, -1, null)));
    }

    private static (int Queued, int Active) Counts(Core.Orgs.OrgShare org) => (org.Queued, org.Active);

    /// <summary>Lets an org use a device for so long; d1 must be there and free.</summary>
    private async Task UseAsync(string org, double seconds)
    {
        var job = await lab.SubmitAsync(Lab.Spec(org: org));
        var lease = await lab.ClaimAsync("d1", job[0]);
        lab.Now += TimeSpan.FromSeconds(seconds);
        await lab.FinishAsync(lease, AttemptOutcome.Passed);
    }
}
