using Qgjob.Core.Groups;
using Qgjob.Core.Jobs;
using Qgjob.Core.Scheduling;
using Qgjob.Core.Storage;

namespace Qgjob.Stores.Tests.Contract;

public abstract partial class JobStoreContract
{
    [Fact]
    public async Task Install_estimates_are_learned_by_package_and_inherited_by_its_next_app_version()
    {
        await PutBuildAsync("sha-1");
        Assert.Null((await VersionAsync("v1")).InstallSeconds);
        var (_, lease) = await OneLeaseAsync();
        await InstallAsync(lease, "sha-1", "v1", 40);
        await InstallAsync(lease, "sha-1", "v1", 50);
        Assert.Equal(43, (await VersionAsync("v1")).InstallSeconds!.Value, 1e-9);
        Assert.Equal(43, (await Store.EstimateAsync(Estimates.InstallKey("acme", "com.example"), Cancel))!.Value, 1e-9);

        await PutBuildAsync("sha-2", version: "v2");
        Assert.Equal(43, (await VersionAsync("v2")).InstallSeconds!.Value, 1e-9);
        // Other packages and other orgs know nothing yet.
        var build = new Build(Platform.Android, "com.another", "sha-3", 42, "app.apk", "1.0", lab.Now);
        await lab.DoAsync(new PutBuild("acme", "v3", build, lab.Now));
        await lab.DoAsync(new PutBuild("other", "v4", build with { PackageId = "com.example" }, lab.Now));
        Assert.Null((await VersionAsync("v3")).InstallSeconds);
        Assert.Null((await Store.FindAppVersionAsync("other", "v4", Cancel))!.InstallSeconds);

        // A claim that implies an install is charged what is known of it.
        await lab.FinishAsync(lease, AttemptOutcome.Passed);
        lab.EstimateSeconds = 5;
        var job = await lab.SubmitAsync(Lab.Spec("v2"));
        await lab.ClaimAsync("d1", job[0], installs: true);
        Assert.Equal(48, (await lab.DeviceAsync("d1")).Lease!.ChargedSeconds, 1e-9);
    }

    [Fact]
    public async Task A_learned_install_is_news_to_the_policy()
    {
        var (_, lease) = await OneLeaseAsync();
        var view = await lab.PoolAsync();
        await InstallAsync(lease, "sha-1", "v1", 40);
        view.Apply(await Store.ReadPoolAsync("default", view.Revision, Cancel));
        Assert.Equal(40, view.FindAppVersion("acme", "v1")!.InstallSeconds);
    }

    [Fact]
    public async Task An_estimate_can_be_set_and_counts_for_jobs_that_come_after_it()
    {
        var before = await lab.SubmitAsync(Lab.Spec(test: "x.spec"));
        await lab.DoAsync(new SetEstimate(Estimates.TestKey("acme", "x.spec", Target.Any), 250));
        await lab.DoAsync(new SetEstimate(Estimates.OrgKey("acme"), 20));
        var after = await lab.SubmitAsync(Lab.Spec(test: "x.spec"), Lab.Spec(test: "new.spec"));
        lab.EstimateSeconds = 7;
        string[] jobs = [.. after, .. await lab.SubmitAsync(Lab.Spec(test: "x.spec"))];
        Assert.Equal(
            (double[])[60, 250, 20, 7],
            await Task.WhenAll(before.Concat(jobs).Select(async id => (await lab.JobAsync(id)).EstimateSeconds)));
        Assert.Equal(250, await Store.EstimateAsync(Estimates.TestKey("acme", "x.spec", Target.Any), Cancel));
        await lab.DoAsync(new SetEstimate(Estimates.InstallKey("acme", "com.example"), 99));
        await PutBuildAsync("sha-1", version: "v7");
        Assert.Equal(99, (await VersionAsync("v7")).InstallSeconds);
    }

    [Fact]
    public async Task A_jobs_own_estimate_wins_until_a_further_try_knows_the_test_itself()
    {
        await lab.RegisterAsync("a1", "b1", Lab.Phone("d1"));
        await LearnAsync("x.spec", 100);
        lab.EstimateSeconds = 7;
        var job = await lab.SubmitAsync(Lab.Spec(test: "x.spec"));
        Assert.Equal(7, (await lab.GroupOfAsync(job[0])).QueuedSeconds);
        var back = await lab.FinishAsync(await lab.ClaimAsync("d1", job[0]), AttemptOutcome.Infra);
        Assert.Equal(100, back.EstimateSeconds, 1e-9);
        lab.EstimateSeconds = 8;
        job = await lab.SubmitAsync(Lab.Spec(test: "never seen.spec"));
        back = await lab.FinishAsync(await lab.ClaimAsync("d1", job[0]), AttemptOutcome.Infra);
        Assert.Equal(8, back.EstimateSeconds);
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(double.NaN)]
    [InlineData(double.PositiveInfinity)]
    public async Task An_estimate_that_is_no_duration_is_refused(double seconds)
    {
        await Assert.ThrowsAsync<ArgumentException>(() => lab.DoAsync(new SetEstimate("x", seconds)));
        lab.EstimateSeconds = seconds;
        await Assert.ThrowsAsync<ArgumentException>(() => lab.SubmitAsync(Lab.Spec()));
    }

    private async Task<AppVersion> VersionAsync(string id) => (await Store.FindAppVersionAsync("acme", id, Cancel))!;

    private Task<ProgressAnswer> InstallAsync(LeaseRef lease, string sha, string version, double seconds) =>
        lab.DoAsync(new Progress(lease, lab.Now, Installed: new("com.example", sha, "acme", version), InstallSeconds: seconds));
}
