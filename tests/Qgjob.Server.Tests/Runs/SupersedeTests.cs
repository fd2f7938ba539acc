using Qgjob.Client.Wire;
using Qgjob.Core.Jobs;
using Qgjob.Core.Results;
using Xunit;

namespace Qgjob.Server.Tests.Runs;

public sealed class SupersedeTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;
    private static readonly SubmitRun ThreeTests = new() { OrgId = "o", AppVersionId = "v", Tests = ["a.spec.js", "b.spec.js", "c.spec.js"] };

    [Fact]
    public async Task A_newer_run_with_the_key_cancels_what_still_waits_of_the_older_one()
    {
        await using var server = await RunningServer.StartAsync();
        var agent = new FakeAgent(server, "lab");
        await agent.RegisterAsync();
        var older = await server.Client.SubmitAsync(ThreeTests with { Supersede = "pr-17" }, "k1", Cancel);
        var other = await server.Client.SubmitAsync(ThreeTests with { Supersede = "pr-18" }, "k2", Cancel);
        var running = Assert.Single((await agent.WorkAsync()).Assignments);
        Assert.Equal(older.RunId, running.RunId);
        var following = EndAsync(server, older.RunId);
        var newer = await server.Client.SubmitAsync(ThreeTests with { Supersede = "pr-17" }, "k3", Cancel);

        var run = (await server.Client.FindRunAsync(older.RunId, Cancel))!;
        Assert.Equal((newer.RunId, 2, 1), (run.SupersededBy, run.Jobs.Canceled, run.Jobs.Active));
        Assert.Null((await server.Client.FindRunAsync(other.RunId, Cancel))!.SupersededBy);
        // What runs is left to its end.
        Assert.True(await agent.FinishAsync(running.Lease));
        await following;
        run = (await server.Client.FindRunAsync(older.RunId, Cancel))!;
        Assert.Equal(("canceled", 19), (run.Status, run.ExitCode));
        var jobs = await server.Client.ListJobsAsync(null, older.RunId, null, "canceled", 10, null, Cancel);
        Assert.All(jobs.Items, j => Assert.Equal($"Superseded by run {newer.RunId}.", j.Reason));
        Assert.Equal(older.RunId, (await server.Client.SubmitAsync(ThreeTests with { Supersede = "pr-17" }, "k1", Cancel)).RunId);
        Assert.Null((await server.Client.FindRunAsync(newer.RunId, Cancel))!.SupersededBy);
    }

    [Fact]
    public async Task Who_follows_a_run_hears_at_once_that_it_was_superseded()
    {
        await using var server = await RunningServer.StartAsync();
        var older = await server.Client.SubmitAsync(ThreeTests with { Supersede = "pr-17" }, "k1", Cancel);
        var following = EndAsync(server, older.RunId);
        await server.Client.SubmitAsync(ThreeTests with { Supersede = "pr-17" }, "k2", Cancel);
        await following.WaitAsync(TimeSpan.FromSeconds(60), TimeProvider.System, Cancel);
    }

    [Fact]
    public async Task A_run_that_fails_fast_keeps_the_verdict_of_the_job_that_failed_and_names_it()
    {
        await using var server = await RunningServer.StartAsync();
        var agent = new FakeAgent(server, "lab", devices: 2);
        await agent.RegisterAsync();
        var accepted = await server.Client.SubmitAsync(ThreeTests with { FailFast = true }, "k", Cancel);
        Assert.Null((await server.Client.FindRunAsync(accepted.RunId, Cancel))!.FailedFirst);
        var work = (await agent.WorkAsync()).Assignments;
        Assert.Equal(2, work.Count);
        Assert.True(await agent.FinishAsync(work[1].Lease, AttemptOutcome.Failed, FakeAgent.Test("one", TestStatus.Failed)));

        var run = (await server.Client.FindRunAsync(accepted.RunId, Cancel))!;
        Assert.Equal(("failed", 10, true, work[1].JobId), (run.Status, run.ExitCode, run.FailFast, run.FailedFirst));
        Assert.Equal((1, 2), (run.Jobs.Failed, run.Jobs.Canceled));
        Assert.Equal([work[0].Lease], (await agent.WorkAsync(free: [], leases: [work[0].Lease])).Cancel);
        var waited = await server.Client.FindJobAsync(accepted.JobIds[2], Cancel);
        Assert.Contains(work[1].JobId, waited!.Reason, StringComparison.Ordinal);
    }

    private static async Task EndAsync(RunningServer server, string runId)
    {
        await foreach (var happened in server.Client.FollowRunAsync(runId, 0, Cancel))
            if (happened.Kind == "run_finished") return;
    }
}
