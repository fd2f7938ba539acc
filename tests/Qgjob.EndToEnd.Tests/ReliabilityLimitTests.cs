using Qgjob.Client.Wire;
using Qgjob.Core.Jobs;
using Xunit;

namespace Qgjob.EndToEnd.Tests;

/// <summary>Each limit ends an attempt with its own reason, and ends all that the attempt started.</summary>
[Collection(ReliabilityFleet.Name)]
public sealed class ReliabilityLimitTests(ReliabilityFleet shared) : IAsyncLifetime
{
    private Fleet Fleet => shared.Fleet;

    public async ValueTask InitializeAsync() => await Fleet.MakeWholeAsync();

    public ValueTask DisposeAsync() => default;

    [Fact]
    public async Task A_job_that_no_device_fits_waits_with_that_reason_and_times_out_with_exit_code_18()
    {
        var job = await Fleet.SubmitAsync("quick", r => r with { Device = "model=Nokia*", QueueTimeoutSeconds = 3 });
        var waits = await Fleet.JobAsync(job);
        Assert.Equal(JobStatus.Queued, waits.Status);
        Assert.Contains("no device of this kind", waits.Reason, StringComparison.Ordinal);

        var ended = await Fleet.EndAsync(job);
        Assert.Equal((JobStatus.TimedOut, 18, 0), (ended.Status, ended.ExitCode, ended.Attempts!.Count));
        var waited = await Fleet.QgjobAsync("wait", ended.RunId);
        Assert.True(waited.ExitCode == 18, waited.All);
    }

    [Fact]
    public async Task A_silent_test_is_ended_with_all_that_it_started()
    {
        // Long enough for Playwright to come up on a busy machine: what the test starts is to be there.
        var job = await Fleet.SubmitAsync("silent", r => r with { Device = "tag=one", SilenceTimeoutSeconds = 10 });

        var attempt = await TimesOutAsync(job, AttemptOutcome.SilenceLimit, "no output for 10 s");
        Assert.InRange((attempt.EndedAt - attempt.RunningAt)!.Value.TotalSeconds, 10, 120);
        await NothingIsLeftAsync("one");
    }

    [Fact]
    public async Task A_test_that_never_ends_is_ended_with_all_that_it_started()
    {
        var job = await Fleet.SubmitAsync("endless", r => r with { Device = "tag=two", TimeoutSeconds = 6 });

        var attempt = await TimesOutAsync(job, AttemptOutcome.RunLimit, "ran for more than 6 s");
        Assert.InRange(attempt.RunSeconds, 6, 120);
        await NothingIsLeftAsync("two");
    }

    [Fact]
    public async Task An_installation_that_takes_too_long_is_ended_and_the_phone_is_free_again()
    {
        var uploaded = await Fleet.QgjobAsync("apps", "upload", "builds/todo-1.1.apk", "--org-id", "acme", "--app-version-id", "todo-1.1");
        Assert.True(uploaded.ExitCode == 0, uploaded.All);
        await MisbehavingPhone.TellAsync(Fleet.Serial("one"), "slow-install 90");
        var job = await Fleet.SubmitAsync("app", r => r with { AppVersionId = "todo-1.1", Device = "tag=one", InstallTimeoutSeconds = 8, InfraAttempts = 1 });

        await TimesOutAsync(job, AttemptOutcome.InstallLimit, "installation took more than 8 s");
        await NothingIsLeftAsync("one");
        // The phone still has what it had, and serves it.
        var next = await Fleet.EndAsync(await Fleet.SubmitAsync("app", r => r with { Device = "tag=one" }));
        Assert.True(next.Status is JobStatus.Passed, next.Reason);
    }

    private async Task<AttemptView> TimesOutAsync(string job, AttemptOutcome outcome, string reason)
    {
        var ended = await Fleet.EndAsync(job);
        var attempt = Assert.Single(ended.Attempts!);
        Assert.Equal((JobStatus.TimedOut, outcome), (ended.Status, attempt.Outcome));
        Assert.Contains(reason, ended.Reason, StringComparison.Ordinal);
        Assert.Contains(reason, attempt.Reason, StringComparison.Ordinal);
        return attempt;
    }

    private async Task NothingIsLeftAsync(string agent)
    {
        Assert.Empty(Fleet.AttemptProcesses(agent));
        await Fleet.UntilAsync(() => Fleet.IsFreeAsync(agent), "the phone is free");
    }
}
