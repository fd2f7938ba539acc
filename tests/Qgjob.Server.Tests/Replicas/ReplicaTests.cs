using System.Net;
using System.Text;
using Qgjob.Client.Wire;
using Qgjob.Core.Jobs;
using Qgjob.Core.Storage;
using Xunit;

namespace Qgjob.Server.Tests.Replicas;

public sealed class ReplicaTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);
    private static readonly SubmitRun OneTest = new() { OrgId = "o", AppVersionId = "v", Tests = ["a.spec.js"] };

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_one_server_takes_wakes_a_poll_at_the_other_and_followers_at_both()
    {
        // No clock moves in this test: nothing but news of the other's commits can wake anybody.
        await using var both = await TwoServers.StartAsync();
        var agent = new FakeAgent(both.B, "lab");
        await agent.RegisterAsync();
        var poll = agent.WorkAsync(wait: 60);
        var accepted = await both.A.Client.SubmitAsync(OneTest, "k", Cancel);
        var lease = Assert.Single((await poll.WaitAsync(Patience, Cancel)).Assignments).Lease;

        var seen = new List<string>();
        var following = Task.Run(async () =>
        {
            await foreach (var happened in both.A.Client.FollowRunAsync(accepted.RunId, 0, Cancel)) seen.Add(happened.Kind);
        }, Cancel);
        await agent.ProgressAsync(lease, JobStatus.Running);
        Assert.True(await agent.FinishAsync(lease));
        await following.WaitAsync(Patience, Cancel);
        Assert.Equal(["queued", "leased", "running", "finished", "run_finished"], seen);
        Assert.True((await both.A.Client.SubmitAsync(OneTest, "k", Cancel)).Repeated);
    }

    [Fact]
    public async Task A_cancel_at_one_server_reaches_the_agent_at_the_other()
    {
        await using var both = await TwoServers.StartAsync();
        var agent = new FakeAgent(both.B, "lab");
        await agent.RegisterAsync();
        var accepted = await both.A.Client.SubmitAsync(OneTest, "k", Cancel);
        var lease = Assert.Single((await agent.WorkAsync(wait: 60).WaitAsync(Patience, Cancel)).Assignments).Lease;
        var poll = agent.WorkAsync(wait: 60, leases: [lease], free: []);
        await both.A.Client.CancelRunAsync(accepted.RunId, Cancel);
        Assert.Equal([lease], (await poll.WaitAsync(Patience, Cancel)).Cancel);
    }

    [Fact]
    public async Task A_log_is_followed_at_the_server_that_does_not_get_it()
    {
        await using var both = await TwoServers.StartAsync();
        var agent = new FakeAgent(both.B, "lab");
        await agent.RegisterAsync();
        var accepted = await both.A.Client.SubmitAsync(OneTest, "k", Cancel);
        var lease = Assert.Single((await agent.WorkAsync(wait: 60).WaitAsync(Patience, Cancel)).Assignments).Lease;
        await both.B.Agent.AppendLogAsync(lease, 0, "one\n"u8.ToArray(), Cancel);
        using var response = await both.A.Client.OpenLogAsync(accepted.JobIds[0], null, true, 0, Cancel);
        using var log = new StreamReader(await response.Content.ReadAsStreamAsync(Cancel), Encoding.UTF8);
        Assert.Equal("one", await log.ReadLineAsync(Cancel));
        var next = log.ReadLineAsync(Cancel).AsTask();
        await both.B.Agent.AppendLogAsync(lease, 4, "two\n"u8.ToArray(), Cancel);
        while (!next.IsCompleted)
        {
            both.Time.Advance(TimeSpan.FromMilliseconds(100));
            await both.A.Client.HealthAsync(Cancel);
        }
        Assert.Equal("two", await next);
        Assert.True(await agent.FinishAsync(lease));
        Assert.Null(await log.ReadLineAsync(Cancel).AsTask().WaitAsync(Patience, Cancel));
    }

    [Fact]
    public async Task One_server_keeps_house_and_the_other_takes_over_within_ten_seconds()
    {
        await using var both = await TwoServers.StartAsync();
        // A job that waits can run out of time: where nothing can, nobody takes a term.
        await both.A.Client.SubmitAsync(OneTest, "k", Cancel);
        await both.PassAsync(40);
        var (holder, other) = both.KeepsHouse(both.A) ? (both.A, both.B) : (both.B, both.A);
        Assert.NotEqual(both.KeepsHouse(both.A), both.KeepsHouse(both.B));
        if (holder == both.A)
        {
            both.StoreOfA.Fails = true;
            await both.PassAsync(10);
            Assert.True(both.KeepsHouse(other));
            Assert.False(both.KeepsHouse(holder));
        }
        else
        {
            await both.B.StopAsync();
            both.Time.Advance(TimeSpan.FromSeconds(3));
            while (!both.KeepsHouse(both.A)) await both.A.PassAsync(TimeSpan.FromSeconds(1));
        }
    }

    [Fact]
    public async Task A_server_that_came_this_moment_takes_over_within_ten_seconds()
    {
        await using var both = await TwoServers.StartAloneAsync(storeHasClock: true);
        await both.A.Client.SubmitAsync(OneTest, "k", Cancel);
        await both.PassAsync(60);
        Assert.True(both.KeepsHouse(both.A));
        await both.AddAsync();
        both.StoreOfA.Fails = true;
        await both.PassAsync(10);
        Assert.True(both.KeepsHouse(both.B));
        Assert.False(both.KeepsHouse(both.A));
    }

    [Fact]
    public async Task Agents_that_renew_at_the_other_server_keep_their_leases_and_silent_ones_lose_them_once()
    {
        await using var both = await TwoServers.StartAsync();
        var (lively, silent) = (new FakeAgent(both.B, "lively"), new FakeAgent(both.B, "silent"));
        await lively.RegisterAsync();
        await silent.RegisterAsync();
        await both.A.Client.SubmitAsync(new SubmitRun { OrgId = "o", AppVersionId = "v", Tests = ["a.spec.js", "b.spec.js"] }, "k", Cancel);
        var kept = Assert.Single((await lively.WorkAsync(wait: 60).WaitAsync(Patience, Cancel)).Assignments).Lease;
        var lost = Assert.Single((await silent.WorkAsync(wait: 60).WaitAsync(Patience, Cancel)).Assignments).Lease;
        await both.PassAsync(30, () => lively.RenewAsync(kept));
        Assert.Equal(LeaseState.Ok, await lively.RenewAsync(kept));
        Assert.False(await silent.FinishAsync(lost));
        Assert.Single(both.Journal.Commits.SelectMany(c => c.Events), e => e.Kind == "requeued");
        Assert.True(await lively.FinishAsync(kept));
    }

    [Fact]
    public async Task An_answer_that_died_with_its_server_is_given_by_the_other_one()
    {
        await using var both = await TwoServers.StartAsync();
        var atA = new FakeAgent(both.A, "lab");
        await atA.RegisterAsync();
        await both.B.Client.SubmitAsync(OneTest, "k", Cancel);
        var lost = Assert.Single((await atA.WorkAsync(wait: 60).WaitAsync(Patience, Cancel)).Assignments);
        var again = new FakeAgent(both.B, "lab").WorkAsync(wait: 60);
        await both.PassAsync(4);
        Assert.Equal(lost.Lease, Assert.Single((await again.WaitAsync(Patience, Cancel)).Assignments).Lease);
    }

    [Fact]
    public async Task A_store_that_was_away_ends_no_lease_whose_agent_could_not_renew()
    {
        await using var both = await TwoServers.StartAsync();
        var agent = new FakeAgent(both.A, "lab");
        await agent.RegisterAsync();
        await both.A.Client.SubmitAsync(OneTest, "k", Cancel);
        var lease = Assert.Single((await agent.WorkAsync(wait: 60).WaitAsync(Patience, Cancel)).Assignments).Lease;
        await both.B.StopAsync();
        await both.A.PassAsync(TimeSpan.FromSeconds(8));
        await agent.RenewAsync(lease);
        // A process that was suspended for longer than a lease lasts.
        both.Time.Advance(TimeSpan.FromSeconds(60));
        await both.A.PassAsync(TimeSpan.FromSeconds(5));
        Assert.Equal(LeaseState.Ok, await agent.RenewAsync(lease));
        // From now on nothing kept the agent from renewing.
        await both.A.PassAsync(TimeSpan.FromSeconds(45));
        Assert.Equal(LeaseState.Lost, await agent.ProgressAsync(lease, JobStatus.Running));
    }

    [Fact]
    public async Task A_server_without_store_says_so_and_goes_on_when_it_is_back()
    {
        await using var both = await TwoServers.StartAsync();
        var agent = new FakeAgent(both.A, "lab");
        await agent.RegisterAsync();
        var poll = agent.WorkAsync(wait: 60);
        await both.PassAsync(2);
        both.StoreOfA.Fails = true;
        await both.StoreOfA.FailReadsAsync().WaitAsync(Patience, PassUntil(both), Cancel);
        foreach (var path in new[] { "/readyz", "/api/v1/devices", "/api/v1/groups" })
            using (var answer = await both.A.Http.GetAsync(path, Cancel))
            {
                Assert.Equal(HttpStatusCode.ServiceUnavailable, answer.StatusCode);
                Assert.NotNull(answer.Headers.RetryAfter);
                Assert.Contains("store does not answer", await answer.Content.ReadAsStringAsync(Cancel), StringComparison.Ordinal);
            }
        Assert.Equal(HttpStatusCode.OK, (await both.A.Http.GetAsync("/healthz", Cancel)).StatusCode);
        both.StoreOfA.Fails = false;
        both.StoreOfA.ReadAgain();
        await both.B.Client.SubmitAsync(OneTest, "k", Cancel);
        await both.PassAsync(3);
        Assert.Single((await poll.WaitAsync(Patience, Cancel)).Assignments);
    }

    private static TimeProvider PassUntil(TwoServers both)
    {
        both.Time.Advance(TimeSpan.FromSeconds(1));
        return TimeProvider.System;
    }
}
