using Microsoft.Extensions.Time.Testing;
using Qgjob.Core;
using Qgjob.Core.Jobs;
using Qgjob.Core.Scheduling;
using Qgjob.Core.Storage;
using Qgjob.Core.Storage.Journal;
using static Qgjob.Stores.Tests.Journal.FaultyJournal;

namespace Qgjob.Stores.Tests.Journal;

public sealed class JournaledStoreTests : IAsyncLifetime
{
    private readonly FakeTimeProvider time = new();
    private readonly ModelJournal journal = new();
    private FaultyJournal faulty = null!;
    private JournaledStore store = null!;
    private JournaledStore other = null!;
    private Lab lab = null!;
    private Lab otherLab = null!;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        faulty = new FaultyJournal(journal);
        store = await JournaledStore.OpenAsync(faulty, TimeProvider.System, new TimeOrderedIds(time), Cancel);
        other = await JournaledStore.OpenAsync(journal, TimeProvider.System, new TimeOrderedIds(time), Cancel);
        (lab, otherLab) = (new Lab(store, Cancel), new Lab(other, Cancel));
        await lab.RegisterAsync("a1", "b1", Lab.Phone("d1"), Lab.Phone("d2"));
    }

    public async ValueTask DisposeAsync()
    {
        faulty.Away = false;
        await Ledger.CheckAsync(store, CancellationToken.None);
        await store.DisposeAsync();
        await other.DisposeAsync();
    }

    [Theory]
    [InlineData(Fault.Fails)]
    [InlineData(Fault.ReplyLost)]
    [InlineData(Fault.ReplyLost, Fault.ReplyLost, Fault.Fails)]
    [InlineData(Fault.ArrivesLate, Fault.AfterTheLateOne)]
    [InlineData(Fault.ArrivesLate, Fault.Fails, Fault.AfterTheLateOne)]
    internal async Task A_commit_whose_answer_is_lost_happens_once_and_is_answered(params Fault[] faults)
    {
        foreach (var fault in faults) faulty.Faults.Enqueue(fault);
        var jobs = await lab.SubmitAsync(Lab.Spec(), Lab.Spec());
        Assert.Equal(2, (await lab.GroupOfAsync(jobs[0])).Queued);
        Assert.Equal(2, (await lab.RunOfAsync(jobs[0])).Total);
        Assert.Single((await other.ListRunsAsync(null, new PageRequest(10), Cancel)).Items);
        Assert.Single(journal.Commits, c => c.Runs.Count > 0);

        foreach (var fault in faults) faulty.Faults.Enqueue(fault);
        var lease = await lab.ClaimAsync("d1", jobs[0]);
        Assert.Equal(lab.Now.ToUnixTimeMilliseconds(), lease.Token);
        foreach (var fault in faults) faulty.Faults.Enqueue(fault);
        Assert.Equal(JobStatus.Passed, (await lab.FinishAsync(lease, AttemptOutcome.Passed)).Status);
    }

    [Fact]
    public async Task What_follows_from_a_batch_is_decided_anew_when_another_servers_commit_came_first()
    {
        var view = await lab.PoolAsync();
        var (mine, theirs) = (lab.NewRun([Lab.Spec()]), otherLab.NewRun([Lab.Spec()]));
        await other.CommitAsync([theirs with { Run = theirs.Run with { Id = "r-other" }, Jobs = [theirs.Jobs[0] with { Id = "j-000000" }] }], Cancel);
        // This copy has not looked since.
        var asked = new List<double>();
        var answers = await store.CommitAsync([mine], changed =>
        {
            view.DropGuesses();
            Assert.True(view.Suppose(changed("default", view.Revision)));
            asked.Add(view.Groups.Single().Queued);
            var device = view.FindDevice("d1")!;
            return [view.ClaimFor(device, (Decision.Claim)Dispatch.Decide(view, device, lab.Now), lab.NewId("c"), Lab.Ttl, lab.Now)];
        }, Cancel);
        Assert.Equal([1, 2], asked);
        Assert.Equal(2, answers.Count);
        Assert.Equal("j-000000", Assert.IsType<ClaimAnswer.Claimed>(answers[1]).Job.Id);
        view.Apply(await store.ReadPoolAsync("default", view.Revision, Cancel));
        Assert.Equal((1, 1), (view.Groups.Single().Queued, view.Groups.Single().Active));
    }

    [Fact]
    public async Task What_a_commit_changed_is_taken_back_when_the_journal_stays_away()
    {
        var jobs = await lab.SubmitAsync(Lab.Spec());
        var before = await State.OfAsync(store, Cancel);
        for (var i = 0; i < 1000; i++) faulty.Faults.Enqueue(Fault.Fails);
        using (var soon = new CancellationTokenSource(TimeSpan.FromMilliseconds(200), TimeProvider.System))
            await Assert.ThrowsAsync<StoreUnavailableException>(async () => await store.CommitAsync(
                [lab.NewRun([Lab.Spec("v2"), Lab.Spec()]), new Cancel((await lab.JobAsync(jobs[0])).RunId, null, "stop", lab.Now)], soon.Token));
        faulty.Faults.Clear();
        Assert.Equal(before, await State.OfAsync(store, Cancel));
        await lab.ClaimAsync("d1", jobs[0]);
    }

    [Fact]
    public async Task A_journal_that_is_known_to_be_away_keeps_nobody_waiting()
    {
        var clock = new FakeTimeProvider();
        await using var patient = await JournaledStore.OpenAsync(faulty, clock, new TimeOrderedIds(time), Cancel);
        var term = new TakeTerm("t", "s1", Lab.Ttl, lab.Now);
        faulty.Away = true;
        var began = clock.GetTimestamp();
        var first = patient.CommitAsync([term], Cancel).AsTask();
        while (!first.IsCompleted)
        {
            clock.Advance(TimeSpan.FromMilliseconds(50));
            await Task.Yield();
        }
        await Assert.ThrowsAsync<StoreUnavailableException>(() => first);
        Assert.True(clock.GetElapsedTime(began) >= TimeSpan.FromSeconds(5));
        // The clock stands still now: whoever waited would wait for ever.
        await Assert.ThrowsAsync<StoreUnavailableException>(async () => await patient.CommitAsync([term], Cancel));
        faulty.Away = false;
        Assert.Equal(term.Holder, ((TakeTermAnswer)(await patient.CommitAsync([term], Cancel))[0]).Term.Holder);
    }

    [Fact]
    public async Task A_refusal_rests_on_the_latest_commit_not_on_what_this_server_knew()
    {
        var jobs = await otherLab.SubmitAsync(Lab.Spec());
        var lease = await otherLab.ClaimAsync("d1", jobs[0]);
        // This server may not have heard of the lease yet; "lost" would end a valid attempt.
        Assert.Equal(LeaseState.Ok, await lab.RenewAsync("a1", lease));
        await otherLab.FinishAsync(lease, AttemptOutcome.Passed);
        Assert.IsType<FinishAnswer.Stale>(await lab.TryFinishAsync(lease, AttemptOutcome.Failed));
    }

    [Fact]
    public async Task A_finish_that_is_repeated_at_another_server_long_after_is_accepted_again()
    {
        var jobs = await lab.SubmitAsync(Lab.Spec());
        var lease = await lab.ClaimAsync("d1", jobs[0]);
        Assert.IsType<FinishAnswer.Accepted>(await lab.TryFinishAsync(lease, AttemptOutcome.Passed, "f1"));
        await lab.SubmitAsync(Lab.Spec());
        Assert.Equal(JobStatus.Passed, Assert.IsType<FinishAnswer.Accepted>(await otherLab.TryFinishAsync(lease, AttemptOutcome.Passed, "f1")).Job.Status);
        Assert.IsType<FinishAnswer.Stale>(await otherLab.TryFinishAsync(lease, AttemptOutcome.Passed, "f2"));
    }

    [Fact]
    public async Task Servers_hear_of_one_another_and_load_anew_when_they_slept_too_long()
    {
        journal.Kept = 0;
        var jobs = await lab.SubmitAsync(Lab.Spec());
        var runId = (await lab.JobAsync(jobs[0])).RunId;
        await HearOfAsync(other, runId);
        Assert.Equal(1, (await otherLab.GroupOfAsync(jobs[0])).Queued);

        journal.Kept = int.MaxValue;
        var lease = await otherLab.ClaimAsync("d2", jobs[0]);
        await otherLab.FinishAsync(lease, AttemptOutcome.Passed);
        // The claim may be heard of apart from the finish.
        while ((await lab.DeviceAsync("d2")) is not { Lease: null, Attempts: 1 }) await HearOfAsync(store, runId);
    }

    [Fact]
    public async Task An_app_version_that_another_server_was_just_told_of_is_known_here()
    {
        await otherLab.SubmitAsync(Lab.Spec("v7"));
        Assert.NotNull(await store.FindAppVersionAsync("acme", "v7", Cancel));
        Assert.Null(await store.FindAppVersionAsync("acme", "v8", Cancel));
    }

    [Fact]
    public async Task A_term_has_one_holder_on_all_servers_until_it_runs_out()
    {
        Assert.Equal("s1", (await lab.DoAsync(new TakeTerm("t", "s1", Lab.Ttl, lab.Now))).Term.Holder);
        Assert.Equal("s1", (await otherLab.DoAsync(new TakeTerm("t", "s2", Lab.Ttl, lab.Now))).Term.Holder);
        Assert.Equal("s2", (await otherLab.DoAsync(new TakeTerm("t", "s2", Lab.Ttl, lab.Now + Lab.Ttl))).Term.Holder);
        Assert.Equal("s2", (await lab.DoAsync(new TakeTerm("t", "s1", Lab.Ttl, lab.Now + Lab.Ttl))).Term.Holder);
    }

    private static async Task HearOfAsync(JournaledStore server, string runId)
    {
        while (!(await server.NewsAsync(Cancel)).Contains(runId))
        {
            // News of other runs.
        }
    }
}
