using System.Diagnostics;
using Qgjob.Core.Jobs;
using Xunit;

namespace Qgjob.EndToEnd.Tests;

/// <summary>Limits, and processes that die at the wrong moment, with real processes.</summary>
public sealed class ReliabilityTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    // Runs only when it is asked for (-explicit only): it was not seen to its end yet.
    [Fact(Explicit = true)]
    public async Task Every_limit_ends_the_attempt_with_its_own_reason_and_leaves_nothing_running()
    {
        await using var fleet = await Fleet.StartAsync();
        await fleet.StartAgentAsync("quick");
        await fleet.StartAgentAsync("slow", "--install-delay", "60s");
        var nobody = await fleet.SubmitAsync("quick", r => r with { Device = "model=Nokia*", QueueTimeoutSeconds = 6 });
        var waits = await fleet.JobAsync(nobody);
        Assert.Equal(JobStatus.Queued, waits.Status);
        Assert.Contains("no device of this kind", waits.Reason, StringComparison.Ordinal);
        var install = await fleet.SubmitAsync("app", r => r with { Device = "tag=slow", InstallTimeoutSeconds = 5, InfraAttempts = 1 });
        var silent = await fleet.SubmitAsync("silent", r => r with { Device = "tag=quick", SilenceTimeoutSeconds = 5 });
        var endless = await fleet.SubmitAsync("endless", r => r with { Device = "tag=quick", TimeoutSeconds = 8 });

        await AssertEndsAsync(fleet, silent, AttemptOutcome.SilenceLimit, "no output for 5 s");
        await AssertEndsAsync(fleet, endless, AttemptOutcome.RunLimit, "ran for more than 8 s");
        await AssertEndsAsync(fleet, install, AttemptOutcome.InstallLimit, "install");
        var ended = await fleet.EndAsync(nobody);
        Assert.Equal((JobStatus.TimedOut, 18), (ended.Status, ended.ExitCode));
        var waited = await fleet.QgjobAsync("wait", ended.RunId);
        Assert.True(waited.ExitCode == 18, waited.All);

        Assert.Empty(fleet.AttemptProcesses("quick"));
        Assert.Empty(fleet.AttemptProcesses("slow"));
        await fleet.UntilAsync(async () => (await fleet.Client.ListDevicesAsync(Cancel)).Items.All(d => d.State == "free"), "the phones are free");
    }

    // Runs only when it is asked for (-explicit only): it was not seen to its end yet.
    [Fact(Explicit = true)]
    public async Task A_job_outlives_its_agent_and_its_server()
    {
        await using var fleet = await Fleet.StartAsync();
        await fleet.StartAgentAsync("one");
        await fleet.StartAgentAsync("two");
        var job = await fleet.SubmitAsync("steady", r => r with { Env = new() { ["SECONDS"] = "6" } });
        var first = await fleet.RunningAsync(job);
        var (dies, lives) = first.DeviceId!.StartsWith("one/", StringComparison.Ordinal) ? ("one", "two") : ("two", "one");

        // The agent is killed: the other one has the job within the lease's time and 5 s.
        await fleet.Agent(dies).SignalAsync("KILL");
        var clock = Stopwatch.StartNew();
        await fleet.UntilAsync(job, j => j.Attempt == 2, "is given to the other agent");
        Assert.True(clock.Elapsed < TimeSpan.FromSeconds(Fleet.LeaseSeconds + 5), $"It took {clock.Elapsed}.");
        var passed = await fleet.EndAsync(job);
        Assert.Equal([AttemptOutcome.Lost, AttemptOutcome.Passed], passed.Attempts!.Select(a => a.Outcome));
        Assert.NotEqual(passed.Attempts![0].DeviceId, passed.Attempts[1].DeviceId);
        Assert.Equal((JobStatus.Passed, 1, 1), (passed.Status, passed.TestsTotal, passed.TestsDone));
        await fleet.UntilAsync(() => Task.FromResult(fleet.AttemptProcesses(dies).Count == 0), "its guards have ended what it ran");

        // It starts again, and sweeps what escaped the guards.
        using var orphan = Process.Start(new ProcessStartInfo("setsid", ["sleep", "600"])
        {
            Environment = { ["QGJOB_ATTEMPT"] = (await File.ReadAllTextAsync(Path.Combine(fleet.Home(dies), "agent-id"), Cancel)).Trim() + ".j-0.1.1" },
        })!;
        await fleet.UntilAsync(() => Task.FromResult(fleet.AttemptProcesses(dies).Count == 1), "the orphan is marked");
        await fleet.StartAgentAsync(dies);
        Assert.Empty(fleet.AttemptProcesses(dies));
        Assert.Contains("that an earlier start had left", fleet.Agent(dies).Output(), StringComparison.Ordinal);

        // The server is killed mid-run: the agent carries on.
        job = await fleet.SubmitAsync("steady", r => r with { Device = $"tag={lives}", Env = new() { ["SECONDS"] = "6" } });
        await fleet.RunningAsync(job);
        await fleet.Server.SignalAsync("KILL");
        await fleet.StartServerAsync();
        await AssertPassesAtOnceAsync(fleet, job);

        // The server stalls for a while.
        job = await fleet.SubmitAsync("steady", r => r with { Device = $"tag={lives}", Env = new() { ["SECONDS"] = "5" } });
        await fleet.RunningAsync(job);
        await fleet.Server.SignalAsync("STOP");
        await Task.Delay(TimeSpan.FromSeconds(3), TimeProvider.System, Cancel);
        await fleet.Server.SignalAsync("CONT");
        await AssertPassesAtOnceAsync(fleet, job);

        // The result waits on the agent's disk.
        job = await fleet.SubmitAsync("steady", r => r with { Device = $"tag={lives}", Env = new() { ["SECONDS"] = "2" } });
        await fleet.RunningAsync(job);
        await fleet.Server.SignalAsync("KILL");
        var outbox = Path.Combine(fleet.Home(lives), "outbox");
        await fleet.UntilAsync(() => Task.FromResult(Directory.GetFiles(outbox, "*.json").Length == 1), "the result waits");
        await fleet.StartServerAsync();
        await AssertPassesAtOnceAsync(fleet, job);
        await fleet.UntilAsync(() => Task.FromResult(Directory.GetFiles(outbox).Length == 0), "the result is delivered");
    }

    [Fact]
    public async Task An_interrupt_leaves_no_process_and_no_busy_phone()
    {
        await using var fleet = await Fleet.StartAsync();
        await fleet.StartAgentAsync("one");
        var job = await fleet.SubmitAsync("silent");
        var running = await fleet.RunningAsync(job);

        await using var wait = fleet.StartQgjob("wait", running.RunId);
        await fleet.UntilAsync(() => Task.FromResult(wait.Output().Contains(job, StringComparison.Ordinal) || wait.Output().Contains("silent", StringComparison.Ordinal)), "wait shows the run");
        await wait.SignalAsync("INT");
        Assert.Equal(130, (await wait.EndAsync(TimeSpan.FromSeconds(20))).ExitCode);
        Assert.Equal(JobStatus.Running, (await fleet.JobAsync(job)).Status);

        await fleet.Agent("one").SignalAsync("INT");
        await fleet.Agent("one").EndAsync(TimeSpan.FromSeconds(30));
        Assert.Empty(fleet.AttemptProcesses("one"));
        Assert.Empty(Fleet.Processes(e => e.Contains(fleet.Home("one"), StringComparison.Ordinal)));
        var back = await fleet.JobAsync(job);
        Assert.Equal((JobStatus.Queued, AttemptOutcome.Lost), (back.Status, Assert.Single(back.Attempts!).Outcome));
        Assert.DoesNotContain((await fleet.Client.ListDevicesAsync(Cancel)).Items, d => d.State == "busy");
    }

    private static async Task AssertEndsAsync(Fleet fleet, string job, AttemptOutcome outcome, string reason)
    {
        var ended = await fleet.EndAsync(job);
        var attempt = Assert.Single(ended.Attempts!);
        Assert.Equal((JobStatus.TimedOut, outcome), (ended.Status, attempt.Outcome));
        Assert.Contains(reason, ended.Reason, StringComparison.Ordinal);
    }

    private static async Task AssertPassesAtOnceAsync(Fleet fleet, string job)
    {
        var passed = await fleet.EndAsync(job);
        Assert.Equal((JobStatus.Passed, 1), (passed.Status, passed.Attempt));
        Assert.Equal(1, passed.TestsDone);
    }
}
