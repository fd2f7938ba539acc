using Qgjob.Core.Jobs;
using Qgjob.Core.Runs;
using Qgjob.Core.Scheduling;
using Qgjob.Core.Storage;

namespace Qgjob.Stores.Tests.Contract;

public abstract partial class JobStoreContract
{
    [Fact]
    public async Task Runs_are_listed_newest_first_page_by_page()
    {
        var ids = new List<string>();
        for (var i = 0; i < 7; i++) ids.Add((await lab.RunOfAsync((await lab.SubmitAsync(Lab.Spec(org: i % 2 == 0 ? "acme" : "other")))[0])).Id);
        ids.Reverse();
        Assert.Equal(ids, (await Ledger.AllAsync(p => Store.ListRunsAsync(null, p, Cancel), 3)).Select(r => r.Id));
        Assert.Equal(4, (await Ledger.AllAsync(p => Store.ListRunsAsync("acme", p, Cancel), 2)).Count);
        Assert.Null((await Store.ListRunsAsync(null, new PageRequest(7), Cancel)).Next);
        Assert.NotNull((await Store.ListRunsAsync(null, new PageRequest(6), Cancel)).Next);
    }

    [Fact]
    public async Task A_runs_jobs_are_listed_in_the_order_of_submission()
    {
        var jobs = await SubmitManyAsync(7);
        await SubmitManyAsync(2);
        var run = (await lab.RunOfAsync(jobs[0])).Id;
        Assert.Equal(jobs, (await Ledger.AllAsync(p => Store.ListJobsAsync(new JobFilter(RunId: run), p, Cancel), 2)).Select(j => j.Job.Id));
    }

    [Fact]
    public async Task Jobs_are_filtered_and_listed_newest_first()
    {
        await lab.RegisterAsync("a1", "b1", Lab.Phone("d1"));
        var first = await lab.SubmitAsync(Lab.Spec("v1"), Lab.Spec("v2"), Lab.Spec("v2"));
        var other = await lab.SubmitAsync(Lab.Spec("v2", org: "other"));
        await lab.ClaimAsync("d1", first[0]);
        Assert.Equal([other[0], first[2], first[1], first[0]], await IdsAsync(new JobFilter()));
        Assert.Equal([first[2], first[1]], await IdsAsync(new JobFilter("acme", AppVersionId: "v2")));
        Assert.Equal([first[0]], await IdsAsync(new JobFilter(Status: JobStatus.Leased)));
        Assert.Equal([other[0]], await IdsAsync(new JobFilter("other")));
        var run = (await lab.RunOfAsync(first[0])).Id;
        Assert.Equal([first[1], first[2]], await IdsAsync(new JobFilter(RunId: run, Status: JobStatus.Queued)));
        Assert.Empty(await IdsAsync(new JobFilter("other", run)));
    }

    [Fact]
    public async Task A_page_is_right_even_when_the_row_at_its_edge_does_not_match_any_more()
    {
        var jobs = await SubmitManyAsync(4);
        var filter = new JobFilter(Status: JobStatus.Queued);
        var page = await Store.ListJobsAsync(filter, new PageRequest(2), Cancel);
        await lab.DoAsync(new Cancel((await lab.JobAsync(jobs[2])).RunId, jobs[2], "", lab.Now));
        var rest = await Store.ListJobsAsync(filter, new PageRequest(2, page.Next), Cancel);
        Assert.Equal([jobs[1], jobs[0]], rest.Items.Select(j => j.Job.Id));
    }

    [Fact]
    public async Task A_cursor_that_nobody_gave_out_does_no_harm()
    {
        var jobs = await SubmitManyAsync(2);
        var run = (await lab.RunOfAsync(jobs[0])).Id;
        Assert.Empty((await Store.ListJobsAsync(new JobFilter(RunId: run), new PageRequest(5, "'; drop"), Cancel)).Items);
        Assert.Empty((await Store.ListAppVersionsAsync(null, new PageRequest(5, "1.99.x"), Cancel)).Items);
        Assert.Empty((await Store.ListRunsAsync(null, new PageRequest(5, ""), Cancel)).Items);
    }

    [Fact]
    public async Task App_versions_are_listed_newest_first()
    {
        foreach (var version in new[] { "b", "a", "d.1" }) await PutBuildAsync("sha", version: version);
        lab.Now += TimeSpan.FromSeconds(1);
        await PutBuildAsync("sha", version: "c");
        await lab.SubmitAsync(Lab.Spec("e", org: "other"));
        Assert.Equal(["c", "e", "a", "b", "d.1"], (await Ledger.AllAsync(p => Store.ListAppVersionsAsync(null, p, Cancel), 1)).Select(v => v.Id));
        Assert.Equal(["c", "a", "b", "d.1"], (await Ledger.AllAsync(p => Store.ListAppVersionsAsync("acme", p, Cancel), 2)).Select(v => v.Id));
    }

    [Fact]
    public async Task Events_come_in_order_and_can_be_followed()
    {
        var (job, lease) = await OneLeaseAsync();
        var other = await lab.SubmitAsync(Lab.Spec());
        await lab.FinishAsync(lease, AttemptOutcome.Passed);
        var run = (await lab.RunOfAsync(job)).Id;
        var all = await Store.EventsAsync(run, null, 0, 100, Cancel);
        Assert.Equal(["queued", "leased", "finished", "run_finished"], all.Select(e => e.Kind));
        Assert.Equal(all.Select(e => e.Sequence).Distinct().Order(), all.Select(e => e.Sequence));
        Assert.Equal(["leased", "finished"], (await Store.EventsAsync(run, null, all[0].Sequence, 2, Cancel)).Select(e => e.Kind));
        Assert.Equal(3, (await Store.EventsAsync(run, job, 0, 100, Cancel)).Count);
        Assert.Empty(await Store.EventsAsync(run, null, all[^1].Sequence, 100, Cancel));
        Assert.Equal(("passed", "passed", "d1"), (all[2].Status, all[3].Status, all[1].DeviceId));
        Assert.Single(await Store.EventsAsync((await lab.JobAsync(other[0])).RunId, null, 0, 100, Cancel));
    }

    [Fact]
    public async Task Deltas_taken_one_after_the_other_make_the_same_view_as_a_full_read()
    {
        var view = new PoolView();
        await lab.RegisterAsync("a1", "b1", Lab.Phone("d1"), Lab.Phone("d2"));
        var jobs = await lab.SubmitAsync(Lab.Spec("v1"), Lab.Spec("v2"), Lab.Spec("v1"));
        await FollowAsync(view);
        var lease = await lab.ClaimAsync("d1", jobs[0]);
        await FollowAsync(view);
        await lab.FinishAsync(lease, AttemptOutcome.Infra);
        await FollowAsync(view);
        await lab.DoAsync(new Cancel((await lab.JobAsync(jobs[0])).RunId, null, "", lab.Now));
        await PutBuildAsync("sha-1", version: "v2");
        await FollowAsync(view);
        Assert.Empty(view.Groups);
    }

    [Fact]
    public async Task A_guess_about_a_refused_claim_does_not_last()
    {
        await lab.RegisterAsync("a1", "b1", Lab.Phone("d1"));
        var jobs = await lab.SubmitAsync(Lab.Spec());
        var view = await lab.PoolAsync();
        view.Assume("d1", (await lab.JobAsync(jobs[0])).GroupId);
        Assert.False(view.FindDevice("d1")!.IsFree(lab.Now));
        await FollowAsync(view);
        Assert.True(view.FindDevice("d1")!.IsFree(lab.Now));
        Assert.Equal(1, Assert.Single(view.Groups).Queued);
    }

    [Fact]
    public async Task Answers_come_in_the_order_of_the_batch()
    {
        await lab.RegisterAsync("a1", "b1", Lab.Phone("d1"));
        var run = lab.NewRun([Lab.Spec()]);
        var device = await lab.DeviceAsync("d1");
        var group = Core.Groups.GroupKey.Of(Lab.Spec(), []).ToId();
        var answers = await Store.CommitAsync(
            [
                new Touch("a1", "b1", lab.Now),
                run,
                new Claim("d1", device.Version, group, null, "c1", Lab.Ttl, lab.Now),
                new Finish(new LeaseRef("d1", lab.Now.ToUnixTimeMilliseconds()), "f1", new AttemptEnd(AttemptOutcome.Passed, null, 1, []), lab.Now),
                new Cancel(run.Run.Id, null, "too late", lab.Now),
            ],
            Cancel);
        Assert.IsType<TouchAnswer>(answers[0]);
        Assert.IsType<EnqueueAnswer.Accepted>(answers[1]);
        Assert.IsType<ClaimAnswer.Claimed>(answers[2]);
        Assert.IsType<FinishAnswer.Accepted>(answers[3]);
        Assert.Equal(0, Assert.IsType<CancelAnswer>(answers[4]).Canceled);
        Assert.Equal(JobVerdict.Passed, RunVerdict.Of((await Store.FindRunAsync(run.Run.Id, Cancel))!));
        Assert.Empty(await Store.CommitAsync([], Cancel));
    }

    private async Task FollowAsync(PoolView view)
    {
        view.Apply(await Store.ReadPoolAsync("default", view.Revision, Cancel));
        var fresh = await lab.PoolAsync();
        var versions = await Ledger.AllAsync(p => Store.ListAppVersionsAsync(null, p, Cancel));
        Assert.Equal(State.Text(Ledger.Facts(fresh, versions)), State.Text(Ledger.Facts(view, versions)));
        Assert.Equal(fresh.Revision, view.Revision);
    }

    private async Task<IEnumerable<string>> IdsAsync(JobFilter filter) =>
        (await Ledger.AllAsync(p => Store.ListJobsAsync(filter, p, Cancel), 2)).Select(j => j.Job.Id);
}
