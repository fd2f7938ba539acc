using Qgjob.Core.Devices;
using Qgjob.Core.Jobs;
using Qgjob.Core.Results;
using Qgjob.Core.Scheduling;
using Qgjob.Core.Storage;

namespace Qgjob.Stores.Tests.Contract;

public abstract partial class JobStoreContract
{
    [Fact]
    public async Task A_renewal_prolongs_the_lease_and_is_no_news_to_the_policy()
    {
        var (_, lease) = await OneLeaseAsync();
        var before = await lab.DeviceAsync("d1");
        lab.Now += TimeSpan.FromSeconds(40);
        Assert.Equal(LeaseState.Ok, await lab.RenewAsync("a1", lease));
        var after = await lab.DeviceAsync("d1");
        Assert.Equal(lab.Now + Lab.Ttl, after.Lease!.Until);
        Assert.Equal((before.Version, before.Revision), (after.Version, after.Revision));
        lab.Now += TimeSpan.FromSeconds(59);
        Assert.Equal(0, (await lab.ExpireLeasesAsync()).Ended);
        Assert.Equal(LeaseState.Lost, await lab.RenewAsync("a1", lease with { Token = lease.Token - 1 }));
        Assert.Equal(LeaseState.Lost, await lab.RenewAsync("a1", new LeaseRef("d9", 1)));
        Assert.Null((await lab.DoAsync(new Renew("a9", [lease], Lab.Ttl, lab.Now))).States);
    }

    [Fact]
    public async Task A_job_may_be_claimed_in_the_commit_that_brings_it()
    {
        await lab.RegisterAsync("a1", "b1", Lab.Phone("d1"));
        var view = await lab.PoolAsync();
        var submitted = lab.NewRun([Lab.Spec(), Lab.Spec()]);
        var answers = await Store.CommitAsync([submitted], changed =>
        {
            Assert.True(view.Suppose(changed(view.Devices.Single().Pool, view.Revision)));
            var device = view.FindDevice("d1")!;
            var decision = Assert.IsType<Decision.Claim>(Dispatch.Decide(view, device, lab.Now));
            return [view.ClaimFor(device, decision, lab.NewId("c"), Lab.Ttl, lab.Now)];
        }, Cancel);
        Assert.Equal(2, answers.Count);
        Assert.IsType<EnqueueAnswer.Accepted>(answers[0]);
        var claimed = Assert.IsType<ClaimAnswer.Claimed>(answers[1]);
        Assert.Equal(submitted.Jobs[0].Id, claimed.Job.Id);
        Assert.Equal(JobStatus.Leased, (await lab.JobAsync(claimed.Job.Id)).Status);
        Assert.Equal(JobStatus.Queued, (await lab.JobAsync(submitted.Jobs[1].Id)).Status);
        Assert.Equal(["queued", "queued", "leased"], (await Store.EventsAsync(claimed.Job.RunId, null, 0, 10, Cancel)).Select(e => e.Kind));
        Assert.Equal((1, 1), ((await lab.GroupOfAsync(claimed.Job.Id)).Queued, (await lab.GroupOfAsync(claimed.Job.Id)).Active));
        await lab.FinishAsync(new LeaseRef("d1", claimed.Device.Lease!.Token), AttemptOutcome.Passed);
    }

    [Fact]
    public async Task A_finished_job_is_final_and_its_device_free()
    {
        var (job, lease) = await OneLeaseAsync();
        await lab.DoAsync(new Progress(lease, lab.Now, JobStatus.Running, TestsTotal: 2));
        lab.Now += TimeSpan.FromSeconds(13);
        var done = await lab.FinishAsync(lease, AttemptOutcome.Passed, Lab.Test("x", TestStatus.Passed), Lab.Test("y", TestStatus.Skipped));
        Assert.Equal((JobStatus.Passed, JobVerdict.Passed, lab.Now), (done.Status, done.Verdict, done.FinishedAt));
        Assert.Equal((2, 2, 0), (done.TestsTotal, done.TestsDone, done.TestsFailed));
        Assert.Equal(State.Text(done), State.Text(await lab.JobAsync(job)));
        Assert.Null((await lab.DeviceAsync("d1")).Lease);
        Assert.Equal(["a › x", "a › y"], (await Store.TestResultsAsync(job, 1, Cancel)).Select(t => t.Title));
        Assert.Empty(await Store.TestResultsAsync(job, 2, Cancel));
        var attempt = Assert.Single(await Store.AttemptsAsync(job, Cancel));
        Assert.Equal((AttemptOutcome.Passed, 12.5, lab.Now), (attempt.Outcome, attempt.RunSeconds, attempt.EndedAt));
        Assert.Equal((3.5, 1.25), (attempt.DownloadSeconds, attempt.SessionSeconds));
    }

    [Fact]
    public async Task A_repeated_finish_is_accepted_and_changes_nothing()
    {
        var (job, lease) = await OneLeaseAsync();
        Assert.IsType<FinishAnswer.Accepted>(await lab.TryFinishAsync(lease, AttemptOutcome.Passed, "f1"));
        var before = await State.OfAsync(Store, Cancel);
        var again = Assert.IsType<FinishAnswer.Accepted>(await lab.TryFinishAsync(lease, AttemptOutcome.Passed, "f1"));
        Assert.Equal(job, again.Job.Id);
        Assert.IsType<FinishAnswer.Stale>(await lab.TryFinishAsync(lease, AttemptOutcome.Failed, "f2"));
        Assert.Equal(before, await State.OfAsync(Store, Cancel));
    }

    [Fact]
    public async Task A_result_with_a_stale_token_is_refused()
    {
        var (job, lease) = await OneLeaseAsync();
        lab.Now += Lab.Ttl;
        Assert.Equal(1, (await lab.ExpireLeasesAsync()).Ended);
        Assert.IsType<FinishAnswer.Stale>(await lab.TryFinishAsync(lease, AttemptOutcome.Passed));
        Assert.Equal(LeaseState.Lost, (await lab.DoAsync(new Progress(lease, lab.Now, JobStatus.Running))).State);
        var second = await lab.ClaimAsync("d1", job);
        Assert.IsType<FinishAnswer.Stale>(await lab.TryFinishAsync(lease, AttemptOutcome.Passed));
        Assert.True((await lab.JobAsync(job)).IsActive);
        Assert.Equal(JobStatus.Passed, (await lab.FinishAsync(second, AttemptOutcome.Passed)).Status);
    }

    [Fact]
    public async Task An_expired_lease_sends_its_job_back_to_the_queue()
    {
        var (job, _) = await OneLeaseAsync();
        lab.Now += Lab.Ttl - TimeSpan.FromSeconds(1);
        Assert.Equal(0, (await lab.ExpireLeasesAsync()).Ended);
        lab.Now += TimeSpan.FromSeconds(1);
        Assert.Equal(1, (await lab.ExpireLeasesAsync()).Ended);
        var back = await lab.JobAsync(job);
        Assert.Equal((JobStatus.Queued, 1, 0), (back.Status, back.InfraFailures, back.TestFailures));
        Assert.Empty(back.Barred);
        Assert.Equal(AttemptOutcome.Lost, Assert.Single(await Store.AttemptsAsync(job, Cancel)).Outcome);
    }

    [Fact]
    public async Task At_most_so_many_leases_expire_in_one_command()
    {
        await lab.RegisterAsync("a1", "b1", Lab.Phone("d1"), Lab.Phone("d2"), Lab.Phone("d3"));
        var jobs = await SubmitManyAsync(3);
        foreach (var device in new[] { "d1", "d2", "d3" }) await lab.ClaimAsync(device, jobs[0]);
        lab.Now += Lab.Ttl;
        Assert.Equal(2, (await lab.ExpireLeasesAsync(2)).Ended);
        Assert.Equal(1, (await lab.ExpireLeasesAsync(2)).Ended);
    }

    [Fact]
    public async Task Progress_is_kept_and_told()
    {
        var (job, lease) = await OneLeaseAsync();
        var build = new ResidentBuild("com.example", "sha-1", "acme", "v1");
        await lab.DoAsync(new Progress(lease, lab.Now, JobStatus.Installing, "installing"));
        await lab.DoAsync(new Progress(lease, lab.Now, Installed: build, InstallSeconds: 4));
        Assert.Equal(LeaseState.Ok, (await lab.DoAsync(new Progress(lease, lab.Now, JobStatus.Running, TestsTotal: 3))).State);
        await lab.DoAsync(new Progress(lease, lab.Now, TestStarted: "a › x"));
        await lab.DoAsync(new Progress(lease, lab.Now, Test: Lab.Test("x", TestStatus.Failed)));
        var now = await lab.JobAsync(job);
        Assert.Equal((JobStatus.Running, 3, 1, 1, 1), (now.Status, now.TestsTotal, now.TestsDone, now.TestsFailed, now.Installs));
        var device = await lab.DeviceAsync("d1");
        Assert.Equal(build, Assert.Single(device.Offer.Residents));
        Assert.Equal(1, device.Installs);
        Assert.Equal(4, await Store.EstimateAsync(Core.Scheduling.Estimates.InstallKey("acme", "com.example"), Cancel));
        Assert.Equal(1, (await lab.RunOfAsync(job)).Installs);
        Assert.Equal(
            ["queued", "leased", "installing", "installed", "running", "test_started", "test_ended"],
            (await Store.EventsAsync(now.RunId, job, 0, 100, Cancel)).Select(e => e.Kind));

        // Another build of the package takes its place; a build that was there already is no install.
        await lab.DoAsync(new Progress(lease, lab.Now, Installed: build with { Sha256 = "sha-2" }));
        device = await lab.DeviceAsync("d1");
        Assert.Equal(("sha-2", 1), (Assert.Single(device.Offer.Residents).Sha256, device.Installs));
    }

    [Fact]
    public async Task News_that_are_told_again_count_once()
    {
        var (job, lease) = await OneLeaseAsync();
        var build = new ResidentBuild("com.example", "sha-1", "acme", "v1");
        Progress[] news =
        [
            new(lease, lab.Now, JobStatus.Installing, Sequence: 3),
            new(lease, lab.Now, Installed: build, InstallSeconds: 4, Sequence: 4),
            new(lease, lab.Now, JobStatus.Running, TestsTotal: 2, Sequence: 7),
            new(lease, lab.Now, Message: "a line", Sequence: 8),
            new(lease, lab.Now, Test: Lab.Test("x", TestStatus.Failed), Sequence: 9),
        ];
        foreach (var item in news) await lab.DoAsync(item);
        var before = await State.OfAsync(Store, Cancel);
        foreach (var item in news) Assert.Equal(LeaseState.Ok, (await lab.DoAsync(item)).State);
        Assert.Equal(before, await State.OfAsync(Store, Cancel));
        var now = await lab.JobAsync(job);
        Assert.Equal((1, 1, 1, 9), (now.Installs, now.TestsDone, now.TestsFailed, now.LastNews));

        // The next attempt counts from the start: its agent may be another one.
        await lab.FinishAsync(lease, AttemptOutcome.Lost);
        var second = await lab.ClaimAsync("d1", job);
        await lab.DoAsync(new Progress(second, lab.Now, Test: Lab.Test("x", TestStatus.Passed), Sequence: 1));
        Assert.Equal((1, 1), ((await lab.JobAsync(job)).TestsDone, (await lab.JobAsync(job)).LastNews));
        Assert.Equal(LeaseState.Lost, (await lab.DoAsync(news[0])).State);
    }

    [Fact]
    public async Task An_install_that_is_told_again_after_the_cancel_counts_once()
    {
        var (job, lease) = await OneLeaseAsync();
        await lab.DoAsync(new Cancel((await lab.JobAsync(job)).RunId, job, "stop", lab.Now));
        var install = new Progress(lease, lab.Now, Installed: new("com.example", "sha-1", "acme", "v1"), InstallSeconds: 4, Sequence: 1);
        Assert.Equal(LeaseState.Cancel, (await lab.DoAsync(install)).State);
        Assert.Equal(LeaseState.Cancel, (await lab.DoAsync(install)).State);
        Assert.Equal((1, 1), ((await lab.JobAsync(job)).Installs, (await lab.DeviceAsync("d1")).Installs));
    }

    [Fact]
    public async Task An_attempt_is_found_by_its_lease_while_it_runs_and_afterwards()
    {
        var (job, lease) = await OneLeaseAsync();
        var running = (await Store.FindAttemptAsync(lease, Cancel))!;
        Assert.Equal((job, 1, "d1", "a1", lease.Token), (running.JobId, running.Number, running.DeviceId, running.AgentId, running.Token));
        Assert.Equal((null, null), (running.EndedAt, running.FinishId));
        lab.Now += TimeSpan.FromSeconds(5);
        await lab.TryFinishAsync(lease, AttemptOutcome.Infra, "f1");
        var second = await lab.ClaimAsync("d1", job);
        var ended = (await Store.FindAttemptAsync(lease, Cancel))!;
        Assert.Equal((1, lab.Now, "f1", AttemptOutcome.Infra), (ended.Number, ended.EndedAt, ended.FinishId, ended.Outcome));
        Assert.Equal(2, (await Store.FindAttemptAsync(second, Cancel))!.Number);
        Assert.Null(await Store.FindAttemptAsync(lease with { Token = second.Token + 1 }, Cancel));
        Assert.Null(await Store.FindAttemptAsync(lease with { DeviceId = "d2" }, Cancel));
    }

    [Fact]
    public async Task An_infrastructure_failure_requeues_the_job_and_bars_the_device()
    {
        var (job, lease) = await OneLeaseAsync();
        var group = (await lab.JobAsync(job)).GroupId;
        var back = await lab.FinishAsync(lease, AttemptOutcome.Infra);
        Assert.Equal((JobStatus.Queued, 1), (back.Status, back.InfraFailures));
        Assert.Equal(["d1"], back.Barred);
        Assert.NotEqual(group, back.GroupId);
        Assert.Equal("d1", (await lab.GroupOfAsync(job)).Key.Barred);
        Assert.Equal(State.Text(back), State.Text(await lab.JobAsync(job)));
    }

    [Fact]
    public async Task Infrastructure_failures_end_a_job_after_all_infra_attempts()
    {
        var (job, lease) = await OneLeaseAsync(Lab.Spec() with { InfraAttempts = 2 });
        await lab.FinishAsync(lease, AttemptOutcome.InstallLimit);
        var end = await lab.FinishAsync(await lab.ClaimAsync("d1", job), AttemptOutcome.Infra);
        Assert.Equal((JobStatus.Error, JobVerdict.InfraError, 2), (end.Status, end.Verdict, end.Attempt));
        Assert.Equal("ended Infra", end.Reason);
    }

    [Fact]
    public async Task A_test_that_fails_first_and_passes_later_is_flaky()
    {
        var (job, lease) = await OneLeaseAsync(Lab.Spec() with { MaxAttempts = 2 });
        Assert.Equal(JobStatus.Queued, (await lab.FinishAsync(lease, AttemptOutcome.Failed)).Status);
        var end = await lab.FinishAsync(await lab.ClaimAsync("d1", job), AttemptOutcome.Passed);
        Assert.Equal((JobStatus.Passed, true), (end.Status, end.Flaky));
        Assert.Equal(1, (await lab.RunOfAsync(job)).Flaky);
    }

    [Fact]
    public async Task A_test_that_passed_on_a_retry_of_its_own_is_flaky()
    {
        var (_, lease) = await OneLeaseAsync();
        Assert.True((await lab.FinishAsync(lease, AttemptOutcome.Passed, Lab.Test("x", TestStatus.Flaky))).Flaky);
    }

    [Fact]
    public async Task Test_failures_end_a_job_after_all_attempts()
    {
        var (job, lease) = await OneLeaseAsync(Lab.Spec() with { MaxAttempts = 2 });
        await lab.FinishAsync(lease, AttemptOutcome.Failed);
        var end = await lab.FinishAsync(await lab.ClaimAsync("d1", job), AttemptOutcome.RunLimit);
        Assert.Equal((JobStatus.TimedOut, JobVerdict.TestsFailed, 2), (end.Status, end.Verdict, end.TestFailures));
    }

    [Fact]
    public async Task Cancel_is_final_at_once_and_the_device_free_after_the_teardown()
    {
        var (job, lease) = await OneLeaseAsync();
        var run = await lab.RunOfAsync(job);
        var revision = (await lab.PoolAsync()).Revision;
        Assert.Equal(1, (await lab.DoAsync(new Cancel(run.Id, null, "stop", lab.Now))).Canceled);
        Assert.True((await lab.RunOfAsync(job)).IsFinished);
        Assert.NotNull((await lab.DeviceAsync("d1")).Lease);
        Assert.True(Assert.Single((await Store.ReadPoolAsync("default", revision, Cancel)).Devices).Lease!.CancelRequested);
        Assert.Equal(LeaseState.Cancel, await lab.RenewAsync("a1", lease));
        Assert.Equal(LeaseState.Cancel, (await lab.DoAsync(new Progress(lease, lab.Now, JobStatus.Running))).State);
        var end = await lab.FinishAsync(lease, AttemptOutcome.Canceled);
        Assert.Equal(JobVerdict.Canceled, end.Verdict);
        Assert.True((await lab.DeviceAsync("d1")).IsFree(lab.Now));
        Assert.Equal("stop", (await lab.JobAsync(job)).Reason);
    }

    [Fact]
    public async Task A_canceled_job_whose_agent_vanished_frees_its_device_by_expiry()
    {
        var (job, _) = await OneLeaseAsync();
        await lab.DoAsync(new Cancel((await lab.JobAsync(job)).RunId, job, "stop", lab.Now));
        lab.Now += Lab.Ttl;
        Assert.Equal(1, (await lab.ExpireLeasesAsync()).Ended);
        Assert.Null((await lab.DeviceAsync("d1")).Lease);
        Assert.Equal(JobStatus.Canceled, (await lab.JobAsync(job)).Status);
    }

    [Fact]
    public async Task An_install_that_ended_after_the_cancel_is_still_counted()
    {
        var (job, lease) = await OneLeaseAsync();
        await lab.DoAsync(new Cancel((await lab.JobAsync(job)).RunId, job, "stop", lab.Now));
        await lab.DoAsync(new Progress(lease, lab.Now, Installed: new("com.example", "sha-1", "acme", "v1"), InstallSeconds: 4));
        Assert.Equal((1, 1), ((await lab.JobAsync(job)).Installs, (await lab.DeviceAsync("d1")).Installs));
    }

    private async Task<(string Job, LeaseRef Lease)> OneLeaseAsync(JobSpec? spec = null)
    {
        await lab.RegisterAsync("a1", "b1", Lab.Phone("d1"));
        var job = await lab.SubmitAsync(spec ?? Lab.Spec());
        return (job[0], await lab.ClaimAsync("d1", job[0]));
    }
}
