using Qgjob.Core.Jobs;
using Xunit;

namespace Qgjob.EndToEnd.Tests;

/// <summary>Ctrl-C at telling moments. bench/reliability/interrupts does it at many random ones.</summary>
[Collection(ReliabilityFleet.Name)]
public sealed class ReliabilityInterruptTests(ReliabilityFleet shared) : IAsyncLifetime
{
    private static readonly TimeSpan StopLimit = TimeSpan.FromSeconds(40);

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;
    private Fleet Fleet => shared.Fleet;

    public async ValueTask InitializeAsync() => await Fleet.MakeWholeAsync();

    public ValueTask DisposeAsync() => default;

    [Fact]
    public async Task Interrupting_wait_leaves_the_run_alone()
    {
        var job = await Fleet.SubmitAsync("silent");
        var running = await Fleet.RunningAsync(job);
        await using var wait = Fleet.StartQgjob("wait", running.RunId);
        await Fleet.UntilAsync(() => Task.FromResult(wait.Output().Contains("silent", StringComparison.Ordinal)), "wait shows the run");
        await wait.SignalAsync("INT");

        Assert.Equal(130, (await wait.EndAsync(StopLimit)).ExitCode);
        Assert.Equal(JobStatus.Running, (await Fleet.JobAsync(job)).Status);
        await Fleet.Client.CancelJobAsync(job, Cancel);
    }

    [Fact]
    public async Task Interrupting_an_agent_mid_test_gives_the_job_back_and_leaves_nothing()
    {
        var job = await Fleet.SubmitAsync("silent", r => r with { Device = "tag=one" });
        await Fleet.RunningAsync(job);
        await InterruptAsync(Fleet.Agent("one"));

        var back = await Fleet.JobAsync(job);
        Assert.Equal((JobStatus.Queued, AttemptOutcome.Lost), (back.Status, Assert.Single(back.Attempts!).Outcome));
        await Fleet.Client.CancelJobAsync(job, Cancel);
    }

    [Fact]
    public async Task Interrupting_an_agent_mid_install_gives_the_job_back_and_leaves_nothing()
    {
        var uploaded = await Fleet.QgjobAsync("apps", "upload", "builds/todo-1.1.apk", "--org-id", "acme", "--app-version-id", "todo-1.1");
        Assert.True(uploaded.ExitCode == 0, uploaded.All);
        await MisbehavingPhone.TellAsync(Fleet.Serial("one"), "slow-install 90");
        var job = await Fleet.SubmitAsync("app", r => r with { AppVersionId = "todo-1.1", Device = "tag=one" });
        await Fleet.UntilAsync(job, j => j.Status is JobStatus.Installing, "is being installed");
        await InterruptAsync(Fleet.Agent("one"));

        var back = await Fleet.JobAsync(job);
        Assert.Equal((JobStatus.Queued, AttemptOutcome.Lost), (back.Status, Assert.Single(back.Attempts!).Outcome));
        await Fleet.Client.CancelJobAsync(job, Cancel);
    }

    [Fact]
    public async Task Interrupting_an_agent_while_it_starts_leaves_nothing()
    {
        await InterruptAsync(Fleet.Agent("one"));
        var starting = Fleet.LaunchAgent("one");
        // Before it offers anything: its phone is there, and is not connected yet.
        var adb = $"QGJOB_SERVER_OF=adb-{starting.Id}-";
        await Fleet.UntilAsync(() => Task.FromResult(Fleet.Processes(e => e.StartsWith(adb, StringComparison.Ordinal)).Count > 0), "it has started its adb server");
        await InterruptAsync(starting);
    }

    private async Task InterruptAsync(Program agent)
    {
        await agent.SignalAsync("INT");
        var ended = await agent.EndAsync(StopLimit);
        Assert.True(ended.ExitCode == 0, ended.All);
        Assert.Empty(Fleet.AttemptProcesses("one"));
        Assert.Empty(ProcessesOfOne());
        Assert.DoesNotContain((await Fleet.Client.ListDevicesAsync(Cancel)).Items, d => d.State == "busy" && d.Tags.Contains("one"));
    }

    /// <summary>By the agent's name for everything that it starts.</summary>
    private List<int> ProcessesOfOne() => Fleet.Processes(e => e == $"{Fleet.Mark}={Fleet.Home("one")}");
}
