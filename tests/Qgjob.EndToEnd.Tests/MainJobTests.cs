using System.Text.Json;
using System.Text.RegularExpressions;
using Xunit;

// The machines that run this are small, and every lab wants them whole.
[assembly: Xunit.v3.Parallelization(Mode = Xunit.Sdk.ParallelMode.None)]

namespace Qgjob.EndToEnd.Tests;

/// <summary>The main job with the real AppWright, Appium and adb; only the phone is software.</summary>
[Collection(TwoPhones.Name)]
public sealed partial class MainJobTests(TwoPhones phones)
{
    private const int TodoTests = 14;

    private Lab Lab => phones.Lab;
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_failing_test_ends_with_exit_code_10_and_says_what_where_and_why()
    {
        var ended = await Lab.QgjobAsync("submit", "--org-id", "acme", "--app-version-id", "todo-1.0", "--app", "builds/todo-1.0.apk",
            "--test", "tests-failing/wrong-title.spec.ts", "--wait");

        Assert.True(ended.ExitCode == 10, ended.All);
        var shown = ended.Out + ended.Error;
        Assert.Contains("the title is another one", shown, StringComparison.Ordinal);
        Assert.Contains("tests-failing/wrong-title.spec.ts:", shown, StringComparison.Ordinal);
        Assert.Contains("Another title", shown, StringComparison.Ordinal);
        Assert.Contains("Welcome to Todo", shown, StringComparison.Ordinal);

        // What shows why: each try's screen, also in the test's own attachments, the video, the phone's log.
        var job = JobId().Match(shown).Value;
        await Lab.UntilAsync(async () => (await FilesAsync(job)).Any(f => f.StartsWith("video-01.mp4 video/mp4", StringComparison.Ordinal)), "its files are there");
        var files = await FilesAsync(job);
        Assert.Contains("screenshots/the-title-is-another-one-try-1.png image/png", files);
        Assert.Contains("logcat.txt text/plain; charset=utf-8", files);
        Assert.Contains("appium.log text/plain; charset=utf-8", files);
        var results = await Lab.QgjobAsync("results", job, "--json");
        Assert.Contains("screenshots/the-title-is-another-one-try-1.png", results.Out, StringComparison.Ordinal);
        var attempt = Assert.Single((await Lab.Client.FindJobAsync(job, Cancel))!.Attempts!);
        Assert.True(attempt is { QueueSeconds: >= 0, DownloadSeconds: > 0, SessionSeconds: > 0 }, attempt.ToString());

        async Task<IReadOnlyList<string>> FilesAsync(string job) =>
            [.. (await Lab.Client.ListArtifactsAsync(job, Cancel)).Items.Select(a => $"{a.Name} {a.ContentType}")];
    }

    [Fact]
    public async Task The_seed_commands_work_letter_for_letter()
    {
        var submitted = await Lab.QgjobAsync("submit", "--org-id=qualgent", "--app-version-id=xyz123", "--test=tests/onboarding.spec.js");
        Assert.True(submitted.ExitCode == 0, submitted.All);
        var job = JobId().Match(submitted.Out).Value;
        Assert.True(job.Length > 0, submitted.All);

        var first = await Lab.QgjobAsync("status", $"--job-id={job}");
        Assert.True(first.ExitCode is 8 or 0, first.All);
        await Lab.UntilAsync(async () => (await Lab.Client.FindJobAsync(job, Cancel))!.FinishedAt is not null, $"{job} is finished");

        var last = await Lab.QgjobAsync("status", $"--job-id={job}");
        Assert.True(last.ExitCode == 0, last.All);
        Assert.Contains("passed", last.Out, StringComparison.Ordinal);
        var log = await Lab.QgjobAsync("logs", job);
        Assert.Contains("2 passed", log.Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Canceling_frees_the_phones_and_exits_with_19()
    {
        var submitted = await Lab.QgjobAsync("submit", "--org-id", "acme", "--app-version-id", "todo-1.0", "--app", "builds/todo-1.0.apk",
            "--test", "tests/*.spec.*", "--json");
        Assert.True(submitted.ExitCode == 0, submitted.All);
        using var ids = JsonDocument.Parse(submitted.Out);
        var run = ids.RootElement.GetProperty("run_id").GetString()!;
        await Lab.UntilAsync(async () => (await Lab.JobsAsync(run)).Any(j => j.Status is Core.Jobs.JobStatus.Running), "a test runs");

        var canceled = await Lab.QgjobAsync("cancel", run);
        Assert.True(canceled.ExitCode == 0, canceled.All);
        var waited = await Lab.QgjobAsync("wait", run);
        Assert.True(waited.ExitCode == 19, waited.All);
        await Lab.UntilAsync(async () => (await Lab.Client.ListDevicesAsync(Cancel)).Items.All(d => d.State == "free"), "the phones are free");
    }

    [Fact]
    public async Task A_pushed_project_is_run_once_per_phone_and_reported_whole()
    {
        var ended = await Lab.QgjobAsync("submit", "--org-id", "acme", "--app-version-id", "todo-1.1", "--app", "builds/todo-1.1.apk",
            "--test", "tests/*.spec.*", "--wait", "--json");
        Assert.True(ended.ExitCode == 0, ended.All);
        using var answer = JsonDocument.Parse(ended.Out);
        Assert.Equal(TodoTests, answer.RootElement.GetProperty("passed").GetInt32());
        Assert.Equal(0, answer.RootElement.GetProperty("failed").GetInt32());
        Assert.InRange(answer.RootElement.GetProperty("installs").GetInt32(), 1, 2);

        var results = await Lab.Client.FindRunResultsAsync(answer.RootElement.GetProperty("run_id").GetString()!, Cancel);
        Assert.Equal(6, results!.Jobs.Count);
        Assert.Equal(TodoTests, results.Jobs.Sum(j => j.Tests.Count));
        Assert.All(results.Jobs, j => Assert.All(j.Tests, t => Assert.Equal(j.TestPath, t.File)));
    }

    [GeneratedRegex("j-[0-9a-z]{26}")]
    private static partial Regex JobId();
}
