using Qgjob.Core.Jobs;
using Qgjob.Core.Runs;
using Qgjob.Core.Storage;

namespace Qgjob.Stores.Tests.Contract;

public abstract partial class JobStoreContract
{
    [Fact]
    public async Task Cloud_seconds_are_counted_and_a_run_that_has_used_its_minutes_ends_what_waits_for_a_cloud()
    {
        await lab.RegisterAsync("a1", "b1", Lab.Phone("s1") with { Target = Target.Browserstack }, Lab.Phone("s2") with { Target = Target.Browserstack }, Lab.Phone("d1"));
        var cloud = Lab.Spec() with { Target = Target.Browserstack };
        var jobs = await lab.SubmitAsync(r => r with { MaxCloudMinutes = 2 }, cloud, cloud, cloud, cloud, Lab.Spec() with { Target = Target.Device }, Lab.Spec());
        var others = await lab.SubmitAsync(cloud);

        await FinishAfterAsync(await lab.ClaimAsync("s1", jobs[0]), 100, AttemptOutcome.Passed);
        Assert.Equal((100, 5), ((await lab.RunOfAsync(jobs[0])).CloudSeconds, (await lab.RunOfAsync(jobs[0])).Queued));
        Assert.Equal(100, Assert.Single(await Store.AttemptsAsync(jobs[0], Cancel)).CloudSeconds);

        // A further attempt would cost more; what runs goes on.
        var running = await lab.ClaimAsync("s2", jobs[1]);
        await FinishAfterAsync(await lab.ClaimAsync("s1", jobs[2]), 20, AttemptOutcome.Infra);
        foreach (var id in (string[])[jobs[2], jobs[3], jobs[5]])
        {
            var ended = await lab.JobAsync(id);
            Assert.Equal(JobVerdict.Canceled, ended.Verdict);
            Assert.Equal("Canceled: the run has used 2.0 of its 2 cloud minutes (--max-cloud-minutes). Rerun it with more, or with --target device.", ended.Reason);
        }
        Assert.Equal(LeaseState.Ok, await lab.RenewAsync("a1", running));
        Assert.Equal([JobStatus.Queued, JobStatus.Queued], [(await lab.JobAsync(jobs[4])).Status, (await lab.JobAsync(others[0])).Status]);
        await FinishAfterAsync(running, 30.5, AttemptOutcome.Failed);
        await lab.FinishAsync(await lab.ClaimAsync("d1", jobs[4]), AttemptOutcome.Passed);
        var run = await lab.RunOfAsync(jobs[0]);
        Assert.Equal((150.5, 2, true, 3), (run.CloudSeconds, run.MaxCloudMinutes, run.IsFinished, run.Count(JobVerdict.Canceled)));

    }

    [Fact]
    public async Task An_org_that_has_used_its_cloud_minutes_of_the_month_gets_no_slot_until_the_next()
    {
        await lab.RegisterAsync("a1", "b1", Lab.Phone("s1") with { Target = Target.Browserstack }, Lab.Phone("d1"));
        await lab.DoAsync(new SetOrg(Run.DefaultPool, "acme", 1, null, null, MaxCloudMinutes: 2));
        var jobs = await lab.SubmitAsync(Lab.Spec(), Lab.Spec(), Lab.Spec(), Lab.Spec());
        await FinishAfterAsync(await lab.ClaimAsync("s1", jobs[0]), 119, AttemptOutcome.Passed);
        await FinishAfterAsync(await lab.ClaimAsync("s1", jobs[1]), 5, AttemptOutcome.Infra);
        var org = await lab.OrgAsync();
        Assert.Equal((2, 124, true), (org.MaxCloudMinutes, org.CloudSecondsIn(lab.Now), org.IsCloudSpent(lab.Now)));

        Assert.IsType<ClaimAnswer.Conflict>(await lab.TryClaimAsync("s1", jobs[2]));
        await lab.FinishAsync(await lab.ClaimAsync("d1", jobs[1]), AttemptOutcome.Passed);
        // It counts by the calendar.
        lab.Now += TimeSpan.FromDays(31);
        org = await lab.OrgAsync();
        Assert.Equal((0, false), (org.CloudSecondsIn(lab.Now), org.IsCloudSpent(lab.Now)));
    }

    private Task<FinishAnswer> FinishAfterAsync(LeaseRef lease, double seconds, AttemptOutcome outcome) =>
        lab.DoAsync(new Finish(lease, lab.NewId("f"), new AttemptEnd(outcome, $"ended {outcome}", seconds, [], CloudSeconds: seconds), lab.Now));
}
