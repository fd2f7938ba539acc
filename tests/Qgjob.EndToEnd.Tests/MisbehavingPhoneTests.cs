using System.Text.Json;
using Qgjob.Client.Wire;
using Qgjob.Core.Jobs;
using Xunit;

namespace Qgjob.EndToEnd.Tests;

/// <summary>Phones that fail in the middle of a test: never the test's fault, and another phone takes over.</summary>
public sealed class MisbehavingPhoneTests(MisbehavingPhoneTests.SlowPhones phones) : IClassFixture<MisbehavingPhoneTests.SlowPhones>
{
    private static readonly TimeSpan Seconds = TimeSpan.FromSeconds(15);

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("disconnect 20")]
    [InlineData("instrumentation-crash")]
    public async Task A_phone_lost_in_mid_test_costs_an_infra_attempt_and_the_job_passes(string fault)
    {
        var lab = phones.Lab;
        var submitted = await lab.QgjobAsync("submit", "--org-id", "acme", "--app-version-id", "todo-1.0", "--app", "builds/todo-1.0.apk",
            "--test", "tests/items.spec.ts", "--json");
        Assert.True(submitted.ExitCode == 0, submitted.All);
        using var ids = JsonDocument.Parse(submitted.Out);
        var run = ids.RootElement.GetProperty("run_id").GetString()!;
        var id = (await lab.JobsAsync(run)).Single().JobId;
        JobView? job = null;
        await lab.UntilAsync(async () => (job = await lab.Client.FindJobAsync(id, Cancel)) is { Status: JobStatus.Running, TestsDone: > 0 }, "a test has passed and another runs");
        await MisbehavingPhone.TellAsync(lab.SerialOf(job!.DeviceId!), fault);
        var struck = TimeProvider.System.GetUtcNow();
        var waited = await lab.QgjobAsync("wait", run);

        Assert.True(waited.ExitCode == 0, waited.All);
        job = (await lab.Client.FindJobAsync(id, Cancel))!;
        Assert.Equal(JobStatus.Passed, job.Status);
        Assert.Equal([AttemptOutcome.Infra, AttemptOutcome.Passed], job.Attempts!.Select(a => a.Outcome));
        Assert.True(job.Attempts![0].EndedAt!.Value - struck < Seconds, $"{job.Attempts[0]}");
        await KeptAsync(lab, id);
    }

    /// <summary>All that the first attempt had when its phone went is on the server: its log with the test that had passed, and its files.</summary>
    private static async Task KeptAsync(Lab lab, string job)
    {
        string[] files = [];
        await lab.UntilAsync(async () => (files = [.. (await lab.Client.ListArtifactsAsync(job, Cancel)).Items.Where(a => a is { Attempt: 1, SizeBytes: > 0, Note: null }).Select(a => a.Name)]).Contains("appium.log"),
            "the first attempt's files are there");
        Assert.Contains("logcat.txt", files);
        Assert.Contains("video-01.mp4", files);
        using var log = await lab.Client.OpenLogAsync(job, 1, follow: false, 0, Cancel);
        Assert.Contains("a new list is empty", await log.Content.ReadAsStringAsync(Cancel), StringComparison.Ordinal);
    }

    /// <summary>Slow enough for something to strike in the middle of a test.</summary>
    public sealed class SlowPhones : IAsyncLifetime
    {
        internal Lab Lab { get; private set; } = null!;

        public async ValueTask InitializeAsync() => Lab = await Lab.StartAsync(phones: 2, "--start-delay", "2s");

        public ValueTask DisposeAsync() => Lab.DisposeAsync();
    }
}
