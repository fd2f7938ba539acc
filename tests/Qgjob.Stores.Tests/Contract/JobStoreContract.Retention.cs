using Qgjob.Core.Groups;
using Qgjob.Core.Jobs;
using Qgjob.Core.Results;
using Qgjob.Core.Runs;
using Qgjob.Core.Scheduling;
using Qgjob.Core.Storage;

namespace Qgjob.Stores.Tests.Contract;

/// <summary>What is over or unused can be removed, and nothing else.</summary>
public abstract partial class JobStoreContract
{
    private static readonly TimeSpan Long = TimeSpan.FromDays(90);

    private Task<ForgetAnswer> ForgetAsync(int max = 100) => lab.DoAsync(new Forget(lab.Now - Long, max, lab.Now));

    private async Task<PoolView> ViewAsync()
    {
        var view = new PoolView();
        view.Apply(await Store.ReadPoolAsync(Run.DefaultPool, 0, Cancel));
        return view;
    }

    [Fact]
    public async Task Groups_app_versions_devices_agents_and_estimates_that_nobody_uses_are_forgotten()
    {
        await lab.RegisterAsync("a1", "b1", Lab.Phone("d1"));
        var job = (await lab.SubmitAsync(Lab.Spec()))[0];
        await lab.FinishAsync(await lab.ClaimAsync("d1", job, installs: true), AttemptOutcome.Passed);
        var follower = await ViewAsync();
        Assert.NotNull(follower.FindAppVersion("acme", "v1"));

        lab.Now += TimeSpan.FromMinutes(5);
        await lab.ExpireLeasesAsync();
        Assert.Equal(new ForgetAnswer(1, 0, 0, 0, 0), await ForgetAsync());

        lab.Now += Long + TimeSpan.FromSeconds(1);
        // The test's and the org's estimate.
        Assert.Equal(new ForgetAnswer(0, 1, 1, 1, 2), await ForgetAsync());
        Assert.Null(await Store.FindAppVersionAsync("acme", "v1", Cancel));
        Assert.Empty((await Store.ListAppVersionsAsync(null, new PageRequest(10), Cancel)).Items);
        Assert.Empty(await Store.AgentsAsync(Cancel));
        Assert.Null(await Store.EstimateAsync(Estimates.OrgKey("acme"), Cancel));
        Assert.Single(await Store.OrgsAsync(Run.DefaultPool, Cancel));
        Assert.Equal(JobStatus.Passed, (await lab.JobAsync(job)).Status);

        var delta = await Store.ReadPoolAsync(Run.DefaultPool, follower.Revision, Cancel);
        Assert.False(delta.IsEmpty);
        follower.Apply(delta);
        Assert.Null(follower.FindDevice("d1"));
        Assert.Null(follower.FindAppVersion("acme", "v1"));
        Assert.Equal(0, (await ForgetAsync()).Total);
    }

    [Fact]
    public async Task A_reader_that_knew_a_forgotten_groups_jobs_hears_that_they_are_gone()
    {
        var job = (await lab.SubmitAsync(Lab.Spec()))[0];
        var follower = await ViewAsync();
        Assert.Single(follower.Groups);
        await lab.DoAsync(new Cancel((await lab.JobAsync(job)).RunId, null, "stop", lab.Now));
        Assert.Equal(1, (await ForgetAsync()).Groups);
        follower.Apply(await Store.ReadPoolAsync(Run.DefaultPool, follower.Revision, Cancel));
        Assert.Empty(follower.Groups);
    }

    [Fact]
    public async Task What_jobs_or_leases_refer_to_is_not_forgotten_however_old()
    {
        await lab.RegisterAsync("a1", "b1", Lab.Phone("d1"), Lab.Phone("d2"));
        var specs = new[] { Lab.Spec() with { Limits = new Limits(QueueSeconds: 3600 * 24 * 365) }, Lab.Spec("v2") with { Limits = new Limits(QueueSeconds: 3600 * 24 * 365) } };
        var jobs = await lab.SubmitAsync(specs);
        var lease = await lab.ClaimAsync("d1", jobs[1]);
        lab.Now += Long + Long;
        // The agent is silent, so its devices are offline; one of them still has its lease.
        await lab.DoAsync(new ExpireLeases(0, lab.Now, lab.Now));
        lab.Now += Long + Long;
        var answer = await ForgetAsync();
        Assert.Equal((0, 0, 1, 0), (answer.Groups, answer.AppVersions, answer.Devices, answer.Agents));
        var view = await ViewAsync();
        Assert.NotNull(view.FindDevice("d1"));
        Assert.Null(view.FindDevice("d2"));
        Assert.Equal(2, view.Groups.Count);
        await lab.FinishAsync(lease, AttemptOutcome.Passed);
    }

    [Fact]
    public async Task What_is_in_use_is_not_forgotten()
    {
        await lab.RegisterAsync("a1", "b1", Lab.Phone("d1"), Lab.Phone("d2"));
        await lab.DoAsync(new PutBuild("acme", "old", new Build(Platform.Android, "com.example", "sha-1", 1, "app", "1", lab.Now), lab.Now));
        lab.Now += Long + TimeSpan.FromDays(1);
        // The agent lives, without one of its phones; the build is uploaded again; and a job of another app version comes.
        await lab.RegisterAsync("a1", "b1", Lab.Phone("d1"));
        await lab.DoAsync(new PutBuild("acme", "old", new Build(Platform.Android, "com.example", "sha-1", 1, "app", "1", lab.Now), lab.Now));
        var job = (await lab.SubmitAsync(Lab.Spec("v2")))[0];
        await lab.FinishAsync(await lab.ClaimAsync("d1", job), AttemptOutcome.Passed);
        lab.Now += Long;
        Assert.Equal(new ForgetAnswer(1, 0, 0, 0, 0), await ForgetAsync());
        lab.Now += TimeSpan.FromSeconds(1);
        // By now the phone that was unplugged has been away for long, and both app versions unused; its agent is there.
        Assert.Equal(new ForgetAnswer(0, 2, 1, 0, 2), await ForgetAsync());
        Assert.NotNull((await ViewAsync()).FindDevice("d1"));
    }

    [Fact]
    public async Task A_device_that_was_forgotten_comes_back_with_higher_tokens()
    {
        await lab.RegisterAsync("a1", "b1", Lab.Phone("d1"));
        LeaseRef? last = null;
        foreach (var job in await lab.SubmitAsync(Lab.Spec(), Lab.Spec()))
        {
            last = await lab.ClaimAsync("d1", job);
            await lab.FinishAsync(last, AttemptOutcome.Passed);
        }
        lab.Now += TimeSpan.FromMinutes(5);
        await lab.ExpireLeasesAsync();
        lab.Now += Long + TimeSpan.FromSeconds(1);
        Assert.Equal(1, (await ForgetAsync()).Devices);

        await lab.RegisterAsync("a1", "b1", Lab.Phone("d1"));
        var again = await lab.ClaimAsync("d1", (await lab.SubmitAsync(Lab.Spec()))[0]);
        Assert.True(again.Token > last!.Token);
        Assert.IsType<FinishAnswer.Stale>(await lab.TryFinishAsync(last, AttemptOutcome.Failed));
        await lab.FinishAsync(again, AttemptOutcome.Passed);
    }

    [Fact]
    public async Task What_is_forgotten_and_named_again_in_one_batch_is_there()
    {
        var job = (await lab.SubmitAsync(Lab.Spec()))[0];
        await lab.DoAsync(new Cancel((await lab.JobAsync(job)).RunId, null, "stop", lab.Now));
        lab.Now += Long + TimeSpan.FromSeconds(1);
        var again = lab.NewRun([Lab.Spec()]);
        var answers = await Store.CommitAsync([new Forget(lab.Now - Long, 100, lab.Now), again], Cancel);
        Assert.Equal(new ForgetAnswer(1, 1, 0, 0, 0), answers[0]);
        Assert.NotNull(await Store.FindAppVersionAsync("acme", "v1", Cancel));
        Assert.Equal(1, Assert.Single((await ViewAsync()).Groups).Queued);
    }

    [Fact]
    public async Task Forgetting_goes_in_steps()
    {
        foreach (var i in Enumerable.Range(0, 5)) await lab.DoAsync(new PutBuild("acme", $"v{i}", new Build(Platform.Android, "p", $"s{i}", 1, "a", "1", lab.Now), lab.Now));
        lab.Now += Long + TimeSpan.FromSeconds(1);
        Assert.Equal(2, (await ForgetAsync(2)).Total);
        Assert.Equal(2, (await ForgetAsync(2)).Total);
        Assert.Equal(1, (await ForgetAsync(2)).Total);
    }

    [Fact]
    public async Task A_device_that_moved_to_another_pool_leaves_the_old_ones_view()
    {
        await lab.RegisterAsync("a1", "b1", Lab.Phone("d1"));
        var follower = await ViewAsync();
        Assert.Equal(1, follower.OnlineDevices);
        await lab.DoAsync(new Register("a1", "b1", "host", "0.1.0", "other", [Lab.Phone("d1")], lab.Now));
        follower.Apply(await Store.ReadPoolAsync(Run.DefaultPool, follower.Revision, Cancel));
        Assert.Null(follower.FindDevice("d1"));
        Assert.Equal(0, follower.OnlineDevices);
    }

    [Fact]
    public async Task Finished_runs_are_listed_oldest_end_first_and_purged_with_all_that_belongs_to_them()
    {
        await lab.RegisterAsync("a1", "b1", Lab.Phone("d1"));
        var jobs = new List<string>();
        var leases = new List<LeaseRef>();
        foreach (var org in new[] { "acme", "other", "acme" })
        {
            jobs.Add((await lab.SubmitAsync(r => r with { IdempotencyKey = $"k{jobs.Count}", BodyHash = "h" }, Lab.Spec(org: org)))[0]);
            leases.Add(await lab.ClaimAsync("d1", jobs[^1]));
            await lab.FinishAsync(leases[^1], AttemptOutcome.Passed, Lab.Test("x", TestStatus.Passed));
            lab.Now += TimeSpan.FromHours(1);
        }
        var unfinished = (await lab.SubmitAsync(Lab.Spec()))[0];
        var runs = await Task.WhenAll(jobs.Select(async j => (await lab.JobAsync(j)).RunId));
        Assert.Equal(runs, (await Store.FinishedRunsAsync(null, lab.Now, 10, Cancel)).Select(r => r.Id));
        Assert.Equal([runs[0], runs[2]], (await Store.FinishedRunsAsync("acme", lab.Now, 10, Cancel)).Select(r => r.Id));
        Assert.Equal([runs[0]], (await Store.FinishedRunsAsync(null, lab.Now, 1, Cancel)).Select(r => r.Id));
        Assert.Equal([runs[0]], (await Store.FinishedRunsAsync(null, lab.Now.AddHours(-2), 10, Cancel)).Select(r => r.Id));

        await Store.PurgeRunsAsync([runs[0], runs[1], (await lab.JobAsync(unfinished)).RunId, "r-none"], Cancel);
        Assert.Equal([runs[2]], (await Store.FinishedRunsAsync(null, lab.Now, 10, Cancel)).Select(r => r.Id));
        Assert.Null(await Store.FindRunAsync(runs[0], Cancel));
        Assert.Null(await Store.FindJobAsync(jobs[0], Cancel));
        Assert.Empty(await Store.AttemptsAsync(jobs[0], Cancel));
        Assert.Empty(await Store.TestResultsAsync(jobs[0], 1, Cancel));
        Assert.Empty(await Store.EventsAsync(runs[0], null, 0, 100, Cancel));
        Assert.Equal([jobs[2]], (await Store.PastTestsAsync("acme", Lab.Spec().TestPath, 10, Cancel)).Select(r => r.JobId));
        Assert.Empty(await Store.PastTestsAsync("other", Lab.Spec().TestPath, 10, Cancel));
        Assert.Empty(await Store.TestPathsAsync("other", null, 10, Cancel));
        Assert.Null(await Store.FindAttemptAsync(leases[0], Cancel));
        Assert.NotNull(await Store.FindAttemptAsync(leases[2], Cancel));
        Assert.NotEmpty(await Store.EventsAsync(runs[2], null, 0, 100, Cancel));
        Assert.NotNull(await Store.FindJobAsync(unfinished, Cancel));
        // Its idempotency key is free again.
        Assert.IsType<EnqueueAnswer.Accepted>(await lab.DoAsync(lab.NewRun([Lab.Spec()], "k0", "h")));
    }

    [Fact]
    public async Task An_org_keeps_its_own_limits_of_days_and_room()
    {
        var set = (await lab.DoAsync(new SetOrg(Run.DefaultPool, "acme", 1, null, null, KeepDays: 7, MaxDiskGb: 50))).Org;
        Assert.Equal((7, 50), (set.KeepDays, set.MaxDiskGb));
        await lab.SubmitAsync(Lab.Spec());
        Assert.Equal((7, 50), ((await lab.OrgAsync()).KeepDays, (await lab.OrgAsync()).MaxDiskGb));
        await lab.DoAsync(new SetOrg(Run.DefaultPool, "acme", 1, null, null));
        Assert.Null((await lab.OrgAsync()).KeepDays);
        await Assert.ThrowsAsync<ArgumentException>(() => lab.DoAsync(new SetOrg(Run.DefaultPool, "acme", 1, null, null, KeepDays: 0)));
    }

    [Fact]
    public async Task A_canceled_run_whose_attempt_still_holds_a_device_is_not_purged()
    {
        await lab.RegisterAsync("a1", "b1", Lab.Phone("d1"));
        var job = (await lab.SubmitAsync(Lab.Spec()))[0];
        var lease = await lab.ClaimAsync("d1", job);
        var run = (await lab.JobAsync(job)).RunId;
        await lab.DoAsync(new Cancel(run, null, "stop", lab.Now));
        lab.Now += TimeSpan.FromDays(1);
        await Store.PurgeRunsAsync([run], Cancel);
        Assert.NotNull(await Store.FindRunAsync(run, Cancel));
        await lab.FinishAsync(lease, AttemptOutcome.Canceled);
        await Store.PurgeRunsAsync([run], Cancel);
        Assert.Null(await Store.FindRunAsync(run, Cancel));
    }
}
