using Qgjob.Core.Jobs;
using Qgjob.Core.Runs;
using Qgjob.Core.Storage;

namespace Qgjob.Stores.Tests.Contract;

public abstract partial class JobStoreContract
{
    [Fact]
    public async Task A_run_and_its_jobs_are_there_after_the_submission()
    {
        var spec = Lab.Spec() with
        {
            Platform = Platform.Android,
            Device = "os>=13",
            Priority = 2,
            Env = new Dictionary<string, string> { ["A"] = "ü\n" },
            Limits = new Limits(QueueSeconds: 100),
            MaxAttempts = 2,
            Reset = ResetMode.None,
            Grep = "login",
            TestRetries = 0,
        };
        var command = lab.NewRun([spec]);
        var accepted = Assert.IsType<EnqueueAnswer.Accepted>(await lab.DoAsync(command));

        Assert.Equal(State.Text(accepted.Run), State.Text(await Store.FindRunAsync(command.Run.Id, Cancel)));
        Assert.Equal("main", accepted.Run.Meta["branch"]);
        var found = await Store.FindJobAsync(command.Jobs[0].Id, Cancel);
        Assert.Equal(State.Text(spec), State.Text(found!.Spec));
        Assert.Equal((JobStatus.Queued, lab.Now, lab.Now.AddSeconds(100)), (found.Job.Status, found.Job.ReadyAt, found.Job.QueueDeadline));
        Assert.Null(await Store.FindJobAsync("j-none", Cancel));
        Assert.Null(await Store.FindRunAsync("r-none", Cancel));
    }

    [Fact]
    public async Task What_jobs_spare_makes_a_group_of_their_own_and_is_kept()
    {
        var spec = Lab.Spec();
        await lab.DoAsync(lab.NewRun([spec, spec with { Overflow = Target.Browserstack, OverflowAfterSeconds = 300 }, spec with { Overflow = Target.Browserstack, OverflowAfterSeconds = 60 }]));
        var view = new Qgjob.Core.Scheduling.PoolView();
        view.Apply(await Store.ReadPoolAsync("default", 0, Cancel));
        Assert.Equal(["", "browserstack 300", "browserstack 60"], view.Groups.Select(g => g.Key.Overflow).Order(StringComparer.Ordinal));
        Assert.All(view.Groups, g => Assert.Equal(g.Id, g.Key.ToId()));
    }

    [Fact]
    public async Task The_same_key_and_body_give_the_same_run_again()
    {
        var first = lab.NewRun([Lab.Spec()], "k1", "body");
        await lab.DoAsync(first);
        var again = Assert.IsType<EnqueueAnswer.Repeated>(await lab.DoAsync(lab.NewRun([Lab.Spec()], "k1", "body")));
        Assert.Equal(first.Run.Id, again.Run.Id);
        Assert.Single((await Store.ListRunsAsync(null, new PageRequest(10), Cancel)).Items);
        Assert.Single((await Store.ListJobsAsync(new JobFilter(), new PageRequest(10), Cancel)).Items);
    }

    [Fact]
    public async Task The_same_key_with_another_body_is_refused()
    {
        var first = lab.NewRun([Lab.Spec()], "k1", "body");
        await lab.DoAsync(first);
        var taken = Assert.IsType<EnqueueAnswer.KeyTaken>(await lab.DoAsync(lab.NewRun([Lab.Spec(), Lab.Spec()], "k1", "other")));
        Assert.Equal(first.Run.Id, taken.RunId);
        Assert.Single((await Store.ListJobsAsync(new JobFilter(), new PageRequest(10), Cancel)).Items);
    }

    [Fact]
    public async Task Another_org_may_use_the_same_key()
    {
        await lab.DoAsync(lab.NewRun([Lab.Spec()], "k1", "body"));
        Assert.IsType<EnqueueAnswer.Accepted>(await lab.DoAsync(lab.NewRun([Lab.Spec(org: "other")], "k1", "body")));
    }

    [Fact]
    public async Task Sixty_four_equal_submissions_at_once_make_one_run()
    {
        var commands = Enumerable.Range(0, 64).Select(_ => lab.NewRun([Lab.Spec()], "k1", "body")).ToList();
        var answers = await Task.WhenAll(commands.Select(c => Task.Run(() => lab.DoAsync(c), Cancel)));
        var accepted = Assert.Single(answers.OfType<EnqueueAnswer.Accepted>());
        Assert.All(answers.OfType<EnqueueAnswer.Repeated>(), r => Assert.Equal(accepted.Run.Id, r.Run.Id));
        Assert.Equal(63, answers.OfType<EnqueueAnswer.Repeated>().Count());
        Assert.Single((await Store.ListJobsAsync(new JobFilter(), new PageRequest(10), Cancel)).Items);
    }

    [Fact]
    public async Task The_same_key_twice_in_one_batch_makes_one_run()
    {
        var answers = await Store.CommitAsync([lab.NewRun([Lab.Spec()], "k1", "b"), lab.NewRun([Lab.Spec()], "k1", "b")], Cancel);
        Assert.IsType<EnqueueAnswer.Accepted>(answers[0]);
        Assert.IsType<EnqueueAnswer.Repeated>(answers[1]);
    }

    [Fact]
    public async Task A_run_without_jobs_is_over_at_once_and_not_green()
    {
        var accepted = Assert.IsType<EnqueueAnswer.Accepted>(await lab.DoAsync(lab.NewRun([])));
        Assert.True(accepted.Run.IsFinished);
        Assert.Equal(ExitCode.NoTests, RunVerdict.ExitCodeOf(RunVerdict.Of(accepted.Run)));
    }

    [Fact]
    public async Task A_malformed_command_leaves_nothing_of_its_batch()
    {
        var good = lab.NewRun([Lab.Spec()]);
        var bad = lab.NewRun([Lab.Spec() with { Device = "colour=red" }]);
        await Assert.ThrowsAsync<ArgumentException>(async () => await Store.CommitAsync([good, bad], Cancel));
        Assert.Null(await Store.FindRunAsync(good.Run.Id, Cancel));
        Assert.IsType<EnqueueAnswer.Accepted>(await lab.DoAsync(good));
    }

    [Fact]
    public async Task Pools_never_share_a_group()
    {
        await lab.SubmitAsync(Lab.Spec());
        await lab.DoAsync(lab.NewRun([Lab.Spec()], pool: "night"));
        Assert.Equal(1, Assert.Single((await lab.PoolAsync()).Groups).Queued);
        Assert.Equal(1, Assert.Single((await lab.PoolAsync("night")).Groups).Queued);
    }

    [Fact]
    public async Task Queued_jobs_of_a_run_are_canceled_at_once()
    {
        var jobs = await SubmitManyAsync(3);
        var run = await lab.RunOfAsync(jobs[0]);
        Assert.Equal(1, (await lab.DoAsync(new Cancel(run.Id, jobs[1], "enough", lab.Now))).Canceled);
        Assert.Equal(0, (await lab.DoAsync(new Cancel(run.Id, jobs[1], "enough", lab.Now))).Canceled);
        Assert.Equal(2, (await lab.GroupOfAsync(jobs[0])).Queued);
        Assert.Equal(2, (await lab.DoAsync(new Cancel(run.Id, null, "all of it", lab.Now))).Canceled);
        run = await lab.RunOfAsync(jobs[0]);
        Assert.Equal(JobVerdict.Canceled, RunVerdict.Of(run));
        Assert.Equal("all of it", (await lab.JobAsync(jobs[0])).Reason);
        Assert.Empty((await lab.PoolAsync()).Groups);
        Assert.Equal(0, (await lab.DoAsync(new Cancel("r-none", null, "", lab.Now))).Canceled);
        Assert.Equal(0, (await lab.DoAsync(new Cancel("r-none", jobs[0], "", lab.Now))).Canceled);
    }

    [Fact]
    public async Task The_queue_limit_ends_a_job_that_no_device_fits()
    {
        await lab.RegisterAsync("a1", "b1", Lab.Phone("d1"));
        var jobs = await lab.SubmitAsync(Lab.Spec() with { Target = Target.Emulator, Limits = new Limits(QueueSeconds: 10) });
        lab.Now += TimeSpan.FromSeconds(9);
        Assert.Equal(0, (await lab.DoAsync(new ExpireQueued(10, lab.Now))).Ended);
        lab.Now += TimeSpan.FromSeconds(1);
        Assert.Equal(1, (await lab.DoAsync(new ExpireQueued(10, lab.Now))).Ended);
        var job = await lab.JobAsync(jobs[0]);
        Assert.Equal((JobStatus.TimedOut, JobVerdict.NoDevice), (job.Status, job.Verdict));
        Assert.Contains("emulator", job.Reason, StringComparison.Ordinal);
        Assert.Contains("within 10 s (the queue limit)", job.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_queue_limit_ends_a_job_that_only_had_bad_luck_with_another_verdict()
    {
        await lab.RegisterAsync("a1", "b1", Lab.Phone("d1"));
        var jobs = await SubmitManyAsync(3, _ => Lab.Spec() with { Limits = new Limits(QueueSeconds: 10) });
        lab.Now += TimeSpan.FromSeconds(10);
        Assert.Equal(2, (await lab.DoAsync(new ExpireQueued(2, lab.Now))).Ended);
        Assert.Equal(1, (await lab.DoAsync(new ExpireQueued(2, lab.Now))).Ended);
        Assert.Equal(JobVerdict.QueueLimit, (await lab.JobAsync(jobs[0])).Verdict);
        Assert.True((await lab.RunOfAsync(jobs[0])).IsFinished);
    }

    [Fact]
    public async Task A_device_of_the_wrong_platform_for_every_build_does_not_fit()
    {
        await lab.RegisterAsync("a1", "b1", Lab.Phone("d1", platform: Platform.Ios));
        await PutBuildAsync("sha-1");
        var jobs = await lab.SubmitAsync(Lab.Spec() with { Limits = new Limits(QueueSeconds: 10) });
        lab.Now += TimeSpan.FromSeconds(10);
        await lab.DoAsync(new ExpireQueued(2, lab.Now));
        Assert.Equal(JobVerdict.NoDevice, (await lab.JobAsync(jobs[0])).Verdict);
    }
}
