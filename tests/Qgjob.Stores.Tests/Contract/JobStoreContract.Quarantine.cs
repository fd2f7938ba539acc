using Qgjob.Core.Jobs;
using Qgjob.Core.Orgs;
using Qgjob.Core.Results;
using Qgjob.Core.Storage;
using TestResult = Qgjob.Core.Results.TestResult;

namespace Qgjob.Stores.Tests.Contract;

public abstract partial class JobStoreContract
{
    private QuarantinedTest Entry(string title, string file = "tests/a.spec.ts", double days = 7, string? id = null) =>
        new(id ?? lab.NewId("q"), file, title, "flaky bank", "anna", lab.Now, lab.Now.AddDays(days));

    private Task<SetQuarantineAnswer> QuarantineAsync(QuarantinedTest entry, string org = "acme") => lab.DoAsync(new SetQuarantine(org, entry, lab.Now));

    private async Task<(Job Job, IReadOnlyList<TestResult> Tests)> RunAsync(JobSpec spec, AttemptEnd end)
    {
        await lab.RegisterAsync("a1", "b1", Lab.Phone("d1"));
        var id = (await lab.SubmitAsync(spec))[0];
        var lease = await lab.ClaimAsync("d1", id);
        Assert.IsType<FinishAnswer.Accepted>(await lab.DoAsync(new Finish(lease, lab.NewId("f"), end, lab.Now)));
        return (await lab.JobAsync(id), await Store.TestResultsAsync(id, 1, lab.Cancel));
    }

    private static AttemptEnd Failed(params TestResult[] tests) => new(AttemptOutcome.Failed, $"{tests.Count(t => t.Status.IsFailure())} of {tests.Length} failed.", 3, tests);

    [Fact]
    public async Task A_test_that_fails_in_quarantine_turns_nothing_red_and_is_not_run_again()
    {
        var entry = Entry("a › y");
        await QuarantineAsync(entry);
        var (job, tests) = await RunAsync(Lab.Spec() with { MaxAttempts = 3, FailOnFlaky = true }, Failed(Lab.Test("x", TestStatus.Passed), Lab.Test("y", TestStatus.Failed) with { Error = "boom" }));
        Assert.Equal((JobStatus.Passed, JobVerdict.Passed, false, 0, 1), (job.Status, job.Verdict, job.Flaky, job.TestsFailed, job.Attempt));
        Assert.Equal("1 of 2 failed in quarantine, which does not count: 'a › y' (flaky bank).", job.Reason);
        Assert.Equal([null, new QuarantineMark(entry.Id, "flaky bank", "anna", entry.Until)], tests.Select(t => t.Quarantine));
        Assert.Equal(TestStatus.Failed, tests[1].Status);
        var run = await lab.RunOfAsync(job.Id);
        Assert.Equal((new TestCounts(1, 0, 0, 0, 1), 0), (run.Tests, run.TestRetries));
        // What is taken out later changes no verdict.
        await lab.DoAsync(new EndQuarantine("acme", entry.Id, lab.Now));
        Assert.Equal((State.Text(job), State.Text(run)), (State.Text(await lab.JobAsync(job.Id)), State.Text(await lab.RunOfAsync(job.Id))));
        Assert.Equal(JobStatus.Failed, (await RunAsync(Lab.Spec(), Failed(Lab.Test("y", TestStatus.Failed)))).Job.Status);
    }

    [Fact]
    public async Task A_further_attempt_is_for_the_failures_that_count()
    {
        await QuarantineAsync(Entry("a › y"));
        var (job, _) = await RunAsync(Lab.Spec() with { MaxAttempts = 2 }, Failed(Lab.Test("x", TestStatus.Failed), Lab.Test("y", TestStatus.TimedOut)));
        Assert.Equal((JobStatus.Queued, 1), (job.Status, job.TestFailures));
        Assert.Equal(State.Text(job), State.Text(await lab.JobAsync(job.Id)));
        Assert.Equal([["a", "y"]], TestSelection.Rest(null, "tests/a.spec.ts", job.SoFar!)!.Except!);
        job = await lab.FinishAsync(await lab.ClaimAsync("d1", job.Id), AttemptOutcome.Passed, Lab.Test("x", TestStatus.Passed));
        Assert.Equal((JobStatus.Passed, true), (job.Status, job.Flaky));
        Assert.Equal("1 of 2 flaky, failed first and passed later: 'a › x'. 1 of 2 failed in quarantine, which does not count: 'a › y' (flaky bank).", job.Reason);
        Assert.Equal(new TestCounts(1, 0, 1, 0, 1), (await lab.RunOfAsync(job.Id)).Tests);
    }

    [Fact]
    public async Task A_quarantine_excuses_its_test_alone()
    {
        await QuarantineAsync(Entry("*"));
        // The file does not load; a worker broke down; the run limit; a phone: none of them is a test.
        Assert.Equal(JobStatus.Failed, (await RunAsync(Lab.Spec(), Failed(Lab.Test("x", TestStatus.Passed)))).Job.Status);
        var (job, _) = await RunAsync(Lab.Spec(), Failed(Lab.Test("x", TestStatus.Failed)) with { ErrorOutside = true, Reason = "1 of 1 failed. Besides: out of memory" });
        Assert.Equal((JobStatus.Failed, "1 of 1 failed. Besides: out of memory 1 of 1 failed in quarantine, which does not count: 'a › x' (flaky bank)."), (job.Status, job.Reason));
        Assert.Equal(JobStatus.TimedOut, (await RunAsync(Lab.Spec(), Failed(Lab.Test("x", TestStatus.Interrupted)) with { Outcome = AttemptOutcome.RunLimit })).Job.Status);
        (job, _) = await RunAsync(Lab.Spec(), Failed(Lab.Test("x", TestStatus.Failed)) with { Outcome = AttemptOutcome.Infra });
        Assert.Equal((JobStatus.Queued, 1), (job.Status, job.InfraFailures));
    }

    [Fact]
    public async Task Green_means_that_every_other_test_ran()
    {
        await QuarantineAsync(Entry("a › x"));
        TestResult first = Lab.Test("x", TestStatus.Failed), unrun = Lab.Test("y", TestStatus.Skipped);
        var chosen = Lab.Test("z", TestStatus.Skipped) with { Annotations = [new TestAnnotation("skip")] };
        var (job, _) = await RunAsync(Lab.Spec(), Failed(first, unrun, chosen));
        Assert.Equal((JobStatus.Failed, "1 of 3 did not run because of a test before them that is in quarantine: 'a › y'. 1 of 3 failed in quarantine, which does not count: 'a › x' (flaky bank)."), (job.Status, job.Reason));
        await QuarantineAsync(Entry("a › y"));
        Assert.Equal(JobStatus.Passed, (await RunAsync(Lab.Spec(), Failed(first, unrun, chosen))).Job.Status);
    }

    [Fact]
    public async Task A_quarantine_that_ran_out_counts_no_longer_and_says_so_until_it_is_forgotten()
    {
        var entry = Entry("a › x", days: 1);
        await QuarantineAsync(entry);
        lab.Now = entry.Until;
        var (job, tests) = await RunAsync(Lab.Spec(), Failed(Lab.Test("x", TestStatus.Failed), Lab.Test("y", TestStatus.Passed)));
        Assert.Equal((JobStatus.Failed, "1 of 2 failed. In quarantine no longer: 'a › x' (it ended 2026-01-06 09:00 UTC: flaky bank)."), (job.Status, job.Reason));
        Assert.Equal([true, null], tests.Select(t => t.Quarantine?.Ended));
        Assert.Equal(new TestCounts(1, 1, 0, 0), (await lab.RunOfAsync(job.Id)).Tests);
        await lab.DoAsync(new Forget(lab.Now, 100, lab.Now));
        Assert.Equal([entry], (await Store.QuarantineAsync("acme", lab.Cancel))!.Tests);
        lab.Now = entry.Until + Quarantine.KeepEnded;
        await lab.DoAsync(new Forget(lab.Now, 100, lab.Now));
        Assert.Empty((await Store.QuarantineAsync("acme", lab.Cancel))!.Tests);
    }

    [Fact]
    public async Task An_entry_for_the_same_tests_is_replaced_and_every_org_has_its_own()
    {
        var entry = Entry("a › x");
        Assert.Equal(new SetQuarantineAnswer.Kept(entry, false), await QuarantineAsync(entry));
        lab.Now += TimeSpan.FromHours(1);
        var later = Entry("a › x", days: 9) with { Reason = "still" };
        var kept = later with { Id = entry.Id, Since = entry.Since };
        Assert.Equal(new SetQuarantineAnswer.Kept(kept, true), await QuarantineAsync(later));
        Assert.Equal([kept], (await Store.QuarantineAsync("acme", lab.Cancel))!.Tests);
        Assert.Null(await Store.QuarantineAsync("other", lab.Cancel));
        Assert.Equal(JobStatus.Failed, (await RunAsync(Lab.Spec(org: "other"), Failed(Lab.Test("x", TestStatus.Failed)))).Job.Status);
        Assert.False((await lab.DoAsync(new EndQuarantine("other", entry.Id, lab.Now))).Found);
        Assert.True((await lab.DoAsync(new EndQuarantine("acme", entry.Id, lab.Now))).Found);
        Assert.False((await lab.DoAsync(new EndQuarantine("acme", entry.Id, lab.Now))).Found);
        // In quarantine again: from now on.
        lab.Now = kept.Until.AddDays(1);
        await QuarantineAsync(entry);
        Assert.Equal(new SetQuarantineAnswer.Kept(Entry("a › x", id: entry.Id), true), await QuarantineAsync(Entry("a › x")));
    }

    [Fact]
    public async Task An_org_has_so_many_entries_at_most()
    {
        for (var i = 0; i < Quarantine.Most; i += 100)
            await Store.CommitAsync([.. Enumerable.Range(i, 100).Select(n => new SetQuarantine("acme", Entry($"t{n}"), lab.Now))], lab.Cancel);
        Assert.Equal(new SetQuarantineAnswer.Full(Quarantine.Most), await QuarantineAsync(Entry("one more")));
        Assert.IsType<SetQuarantineAnswer.Kept>(await QuarantineAsync(Entry("t7")));
        Assert.IsType<SetQuarantineAnswer.Kept>(await QuarantineAsync(Entry("one more"), "other"));
        Assert.Equal(Quarantine.Most, (await Store.QuarantineAsync("acme", lab.Cancel))!.Tests.Count);
    }
}
