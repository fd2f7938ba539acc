using Qgjob.Core.Devices;
using Qgjob.Core.Jobs;
using Qgjob.Core.Orgs;
using Qgjob.Core.Storage;

namespace Qgjob.Stores.Tests.Contract;

public abstract partial class JobStoreContract
{
    private const string Account = "account:checkout";

    [Fact]
    public async Task A_claim_takes_a_unit_with_the_lease_and_the_end_frees_it()
    {
        await DefineAsync("anna", "ben");
        var jobs = await NeedyJobsAsync(3, devices: 3);
        var first = await lab.ClaimAsync("d0", jobs[0]);
        var second = await lab.ClaimAsync("d1", jobs[0]);
        Assert.Equal([new HeldUnit(Account, "anna")], (await lab.DeviceAsync("d0")).Lease!.Units);
        Assert.Equal([new HeldUnit(Account, "ben")], (await lab.DeviceAsync("d1")).Lease!.Units);
        var resource = await lab.ResourceAsync(Account);
        Assert.Equal([new ResourceUnit("anna", first), new ResourceUnit("ben", second)], resource.Units);
        Assert.Equal(0, resource.Free);

        Assert.IsType<ClaimAnswer.Conflict>(await lab.TryClaimAsync("d2", jobs[0]));
        Assert.Equal(1, (await lab.GroupOfAsync(jobs[0])).Queued);
        await lab.FinishAsync(second, AttemptOutcome.Passed);
        var third = await lab.ClaimAsync("d2", jobs[0]);
        Assert.Equal([new HeldUnit(Account, "ben")], (await lab.DeviceAsync("d2")).Lease!.Units);
        // A finish that comes again, or too late, frees nothing of the next holder.
        Assert.IsType<FinishAnswer.Stale>(await lab.TryFinishAsync(second, AttemptOutcome.Passed));
        Assert.Equal(third, (await lab.ResourceAsync(Account)).Units[1].Holder);
    }

    [Theory]
    [InlineData("finish")]
    [InlineData("expiry")]
    [InlineData("release")]
    [InlineData("new boot")]
    [InlineData("cancel, then finish")]
    [InlineData("cancel, then expiry")]
    public async Task However_an_attempt_ends_its_unit_is_free(string how)
    {
        await DefineAsync("anna");
        var jobs = await NeedyJobsAsync(2, devices: 2);
        var lease = await lab.ClaimAsync("d0", jobs[0]);
        var run = (await lab.JobAsync(jobs[0])).RunId;
        if (how.StartsWith("cancel", StringComparison.Ordinal))
        {
            await lab.DoAsync(new Cancel(run, jobs[0], "stop", lab.Now));
            // The phone is still at it, with the account.
            Assert.Equal(0, (await lab.ResourceAsync(Account)).Free);
            Assert.IsType<ClaimAnswer.Conflict>(await lab.TryClaimAsync("d1", jobs[1]));
        }
        switch (how)
        {
            case "finish": await lab.FinishAsync(lease, AttemptOutcome.Infra); break;
            case "release": await lab.DoAsync(new OrderDevice("d0", FleetOrder.Release, null, lab.Now)); break;
            case "new boot": await lab.RegisterAsync("a1", "b2", Lab.Phone("d0"), Lab.Phone("d1")); break;
            case "cancel, then finish": await lab.FinishAsync(lease, AttemptOutcome.Canceled); break;
            default:
                lab.Now += Lab.Ttl;
                Assert.Equal(1, (await lab.ExpireLeasesAsync()).Ended);
                break;
        }
        Assert.Equal([new ResourceUnit("anna")], (await lab.ResourceAsync(Account)).Units);
        await lab.ClaimAsync("d1", jobs[1]);
    }

    [Fact]
    public async Task A_unit_has_one_holder_however_many_ask()
    {
        await DefineAsync("anna", "ben", "carl");
        var jobs = await NeedyJobsAsync(20, devices: 20);
        var answers = await Task.WhenAll(Enumerable.Range(0, 20).Select(i => Task.Run(() => lab.TryClaimAsync($"d{i}", jobs[0]), Cancel)));
        Assert.Equal(["anna", "ben", "carl"], answers.OfType<ClaimAnswer.Claimed>().Select(c => c.Device.Lease!.Units.Single().Value).Order());
        Assert.Equal(17, answers.OfType<ClaimAnswer.Conflict>().Count());
    }

    [Fact]
    public async Task All_units_or_none()
    {
        await DefineAsync("anna");
        await lab.RegisterAsync("a1", "b1", Lab.Phone("d0"));
        var job = await lab.SubmitAsync(Lab.Spec() with { Resources = ["licence", Account] });
        Assert.IsType<ClaimAnswer.Conflict>(await lab.TryClaimAsync("d0", job[0]));
        Assert.Equal(1, (await lab.ResourceAsync(Account)).Free);
        await lab.DoAsync(new SetResource("other", "licence", ["theirs"]));
        Assert.IsType<ClaimAnswer.Conflict>(await lab.TryClaimAsync("d0", job[0]));
        await lab.DoAsync(new SetResource("acme", "licence", ["ours"]));
        await lab.ClaimAsync("d0", job[0]);
        Assert.Equal([new HeldUnit(Account, "anna"), new HeldUnit("licence", "ours")], (await lab.DeviceAsync("d0")).Lease!.Units);
        Assert.Equal(1, (await lab.ResourceAsync("licence", "other")).Free);
    }

    [Fact]
    public async Task A_resource_can_be_defined_anew_while_units_are_held()
    {
        await DefineAsync("anna", "ben");
        var jobs = await NeedyJobsAsync(4, devices: 4);
        var anna = await lab.ClaimAsync("d0", jobs[0]);
        await lab.ClaimAsync("d1", jobs[0]);
        await DefineAsync("carl", "anna", "anna");
        var units = (await lab.ResourceAsync(Account)).Units;
        Assert.Equal(["carl", "anna", "ben"], units.Select(u => u.Value));
        Assert.Equal((anna, false), (units[1].Holder, units[1].Leaving));
        Assert.True(units[2].Leaving);
        Assert.Equal(1, (await lab.ResourceAsync(Account)).Free);

        await lab.FinishAsync(anna, AttemptOutcome.Passed);
        Assert.Equal(2, (await lab.ResourceAsync(Account)).Free);
        await lab.DoAsync(new OrderDevice("d1", FleetOrder.Release, null, lab.Now));
        Assert.Equal([new ResourceUnit("carl"), new ResourceUnit("anna")], (await lab.ResourceAsync(Account)).Units);
    }

    [Fact]
    public async Task A_unit_that_is_removed_and_defined_again_stays_with_its_holder()
    {
        await DefineAsync("anna");
        var jobs = await NeedyJobsAsync(2, devices: 2);
        var lease = await lab.ClaimAsync("d0", jobs[0]);
        await DefineAsync();
        await DefineAsync("anna");
        Assert.Equal([new ResourceUnit("anna", lease)], (await lab.ResourceAsync(Account)).Units);
        Assert.IsType<ClaimAnswer.Conflict>(await lab.TryClaimAsync("d1", jobs[1]));
        await lab.FinishAsync(lease, AttemptOutcome.Passed);
        await lab.ClaimAsync("d1", jobs[1]);
    }

    [Fact]
    public async Task A_removed_resource_is_gone_for_everybody_when_its_last_holder_lets_go()
    {
        Assert.NotNull((await DefineAsync("anna", "ben")).Resource);
        var jobs = await NeedyJobsAsync(2, devices: 2);
        var view = await lab.PoolAsync();
        var lease = await lab.ClaimAsync("d0", jobs[0]);
        Assert.Null((await DefineAsync()).Resource);
        Assert.IsType<ClaimAnswer.Conflict>(await lab.TryClaimAsync("d1", jobs[1]));
        await lab.FinishAsync(lease, AttemptOutcome.Passed);
        Assert.Empty(await Store.ResourcesAsync(null, Cancel));
        view.Apply(await Store.ReadPoolAsync("default", view.Revision, Cancel));
        Assert.Equal(0, view.FindResource("acme", Account)?.Free);
        Assert.IsType<ClaimAnswer.Conflict>(await lab.TryClaimAsync("d1", jobs[1]));
        await DefineAsync("dora");
        await lab.ClaimAsync("d1", jobs[1]);
    }

    [Fact]
    public async Task Resources_are_listed_by_org_and_name()
    {
        foreach (var (org, name) in new[] { ("other", "b"), ("acme", "z"), ("acme", "a") })
            await lab.DoAsync(new SetResource(org, name, ["1"]));
        Assert.Equal([("acme", "a"), ("acme", "z"), ("other", "b")], (await Store.ResourcesAsync(null, Cancel)).Select(r => (r.OrgId, r.Name)));
        Assert.Equal(["b"], (await Store.ResourcesAsync("other", Cancel)).Select(r => r.Name));
        Assert.Empty(await Store.ResourcesAsync("nobody", Cancel));
        await Assert.ThrowsAsync<ArgumentException>(() => lab.DoAsync(new SetResource("acme", "a\nb", ["1"])));
        await Assert.ThrowsAsync<ArgumentException>(() => lab.SubmitAsync(Lab.Spec() with { Resources = ["a\nb"] }));
    }

    private Task<SetResourceAnswer> DefineAsync(params string[] units) => lab.DoAsync(new SetResource("acme", Account, units));

    private async Task<string[]> NeedyJobsAsync(int count, int devices)
    {
        await lab.RegisterAsync("a1", "b1", [.. Enumerable.Range(0, devices).Select(i => Lab.Phone($"d{i}"))]);
        return await SubmitManyAsync(count, _ => Lab.Spec() with { Resources = [Account] });
    }
}
