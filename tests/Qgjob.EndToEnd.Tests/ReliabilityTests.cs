using System.Diagnostics;
using Qgjob.Client.Wire;
using Qgjob.Core.Jobs;
using Xunit;

namespace Qgjob.EndToEnd.Tests;

/// <summary>Agents, servers and networks that die at the wrong moment, as real processes.</summary>
[Collection(ReliabilityFleet.Name)]
public sealed class ReliabilityTests(ReliabilityFleet shared) : IAsyncLifetime
{
    private static readonly TimeSpan Lease = TimeSpan.FromSeconds(Fleet.LeaseSeconds);
    private static readonly TimeSpan AgainAfterLease = TimeSpan.FromSeconds(5);

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;
    private Fleet Fleet => shared.Fleet;

    public async ValueTask InitializeAsync() => await Fleet.MakeWholeAsync();

    public ValueTask DisposeAsync() => default;

    [Fact]
    public async Task The_job_of_a_killed_agent_runs_again_on_another_phone_within_the_lease_and_5_s_and_passes_once()
    {
        // A start of its own may have gone before: Appium and the project's list are the process's.
        await Fleet.WarmAsync("one");
        await Fleet.WarmAsync("two");
        var job = await Fleet.SubmitAsync("steady", Seconds(4));
        var first = await Fleet.RunningAsync(job);
        await Fleet.UntilAsync(() => Task.FromResult(Fleet.SecondsOf(AgentOf(first), first) > 0), "the test has said something");
        var dies = first.DeviceId!.StartsWith("one/", StringComparison.Ordinal) ? "one" : "two";
        var killed = TimeProvider.System.GetUtcNow();
        await Fleet.Agent(dies).SignalAsync("KILL");

        var passed = await Fleet.EndAsync(job);
        Assert.Equal([AttemptOutcome.Lost, AttemptOutcome.Passed], passed.Attempts!.Select(a => a.Outcome));
        Assert.NotEqual(passed.Attempts![0].DeviceId, passed.Attempts[1].DeviceId);
        Assert.Equal((JobStatus.Passed, false, 1, 1), (passed.Status, passed.Flaky, passed.TestsTotal, passed.TestsDone));
        // By the server's clock, which is this machine's: how long this test takes to look does not count.
        var again = passed.Attempts[1].RunningAt!.Value - killed;
        TestContext.Current.SendDiagnosticMessage($"Running again after {again.TotalSeconds:0.0} s, {(passed.Attempts[1].RunningAt - passed.Attempts[0].EndedAt)!.Value.TotalSeconds:0.0} s after the lease had ended.");
        Assert.True(again < Lease + AgainAfterLease, $"It took {again}: {string.Join('\n', passed.Attempts)}");
        await Fleet.UntilAsync(() => Task.FromResult(Fleet.AttemptProcesses(dies).Count == 0), "the guards have ended what the agent ran");

        // What it had until then: its own copy has it, and its next start sends what the server lacks.
        var lines = Fleet.SecondsOf(dies, first);
        Assert.InRange(lines, 1, 4);
        await Fleet.MakeWholeAsync();
        await Fleet.UntilAsync(() => Task.FromResult(Fleet.Agent(dies).Output().Contains($"sent what {job}-1-", StringComparison.Ordinal)), "the killed attempt's files are sent");
        var files = await FilesOfAsync(job, attempt: 1);
        Assert.Contains("logcat.txt", files);
        Assert.Contains("video-01.mp4", files);
        using var log = await Fleet.Client.OpenLogAsync(job, 1, follow: false, 0, Cancel);
        var said = await log.Content.ReadAsStringAsync(Cancel);
        Assert.Equal(lines, System.Text.RegularExpressions.Regex.Count(said, @"\bsecond \d+\b"));
    }

    private async Task<string[]> FilesOfAsync(string job, int attempt) =>
        [.. (await Fleet.Client.ListArtifactsAsync(job, Cancel)).Items.Where(a => a is { SizeBytes: > 0, Note: null } && a.Attempt == attempt).Select(a => a.Name)];

    [Fact]
    public async Task An_agent_that_starts_again_ends_what_its_earlier_self_left()
    {
        await Fleet.Agent("one").SignalAsync("KILL");
        await Fleet.Agent("one").EndAsync(TimeSpan.FromSeconds(20));
        var agentId = (await File.ReadAllTextAsync(Path.Combine(Fleet.Home("one"), "agent-id"), Cancel)).Trim();
        // In a session of its own, as something that escaped the guards.
        using var orphan = Process.Start(new ProcessStartInfo("setsid", ["sleep", "600"]) { Environment = { ["QGJOB_ATTEMPT"] = $"{agentId}.j-0.1.1" } })!;
        await Fleet.UntilAsync(() => Task.FromResult(Fleet.AttemptProcesses("one").Contains(orphan.Id)), "the orphan is marked");

        await Fleet.MakeWholeAsync();
        Assert.Empty(Fleet.AttemptProcesses("one"));
        // The guards of its Appium may still have been at work.
        Assert.Matches("Ended [0-9]+ process(es)? that an earlier start had left", Fleet.Agent("one").Output());
    }

    [Fact]
    public async Task A_server_that_is_killed_mid_run_and_starts_again_has_lost_nothing()
    {
        var job = await Fleet.SubmitAsync("steady", Seconds(4));
        var running = await Fleet.RunningAsync(job);
        var queued = await Fleet.SubmitAsync("quick", r => r with { Device = "model=Nokia*" });
        await Fleet.Server.SignalAsync("KILL");
        await Fleet.Server.EndAsync(TimeSpan.FromSeconds(20));
        await Fleet.StartServerAsync();

        await PassesAtOnceAsync(job, running);
        Assert.Equal(JobStatus.Queued, (await Fleet.JobAsync(queued)).Status);
        await Fleet.Client.CancelJobAsync(queued, Cancel);
    }

    [Fact]
    public async Task A_result_waits_on_the_agents_disk_until_the_server_is_back()
    {
        var job = await Fleet.SubmitAsync("steady", Seconds(2));
        var running = await Fleet.RunningAsync(job);
        await Fleet.Server.SignalAsync("KILL");
        await Fleet.Server.EndAsync(TimeSpan.FromSeconds(20));
        var outbox = Path.Combine(Fleet.Home(AgentOf(running)), "outbox");
        await Fleet.UntilAsync(() => Task.FromResult(Directory.GetFiles(outbox, "*.json").Length == 1), "the result waits");

        await Fleet.StartServerAsync();
        await PassesAtOnceAsync(job, running);
        await Fleet.UntilAsync(() => Task.FromResult(Directory.GetFiles(outbox).Length == 0), "the result is delivered");
    }

    [Fact]
    public async Task A_server_that_does_not_answer_for_less_than_the_lease_costs_nothing()
    {
        // An agent that could not renew for this long gives up, rightly. On a machine that is too busy the stall gets too long: tried again.
        var allowed = TimeSpan.FromSeconds(Fleet.LeaseSeconds - 4);
        for (var round = 1; ; round++)
        {
            var job = await Fleet.SubmitAsync("steady", Seconds(6));
            var running = await Fleet.RunningAsync(job);
            var before = Fleet.SecondsOf(AgentOf(running), running);
            var stalled = Stopwatch.StartNew();
            await Fleet.Server.SignalAsync("STOP");
            // The test goes on; the agent would have renewed three times.
            await Fleet.UntilAsync(() => Task.FromResult(Fleet.SecondsOf(AgentOf(running), running) >= before + 3), "the test went on");
            await Fleet.Server.SignalAsync("CONT");
            if (stalled.Elapsed < allowed || round == 3)
            {
                await PassesAtOnceAsync(job, running);
                return;
            }

            await Fleet.EndAsync(job);
        }
    }

    private static Func<SubmitRun, SubmitRun> Seconds(int seconds) =>
        r => r with { Env = new() { ["SECONDS"] = seconds.ToString(System.Globalization.CultureInfo.InvariantCulture) } };

    private static string AgentOf(JobView job) => job.DeviceId!.Split('/')[0];

    private async Task PassesAtOnceAsync(string job, JobView running)
    {
        var passed = await Fleet.EndAsync(job);
        var attempt = Assert.Single(passed.Attempts!);
        Assert.Equal((JobStatus.Passed, AttemptOutcome.Passed, running.DeviceId), (passed.Status, attempt.Outcome, attempt.DeviceId));
        Assert.Equal((1, 1), (passed.TestsTotal, passed.TestsDone));
    }
}
