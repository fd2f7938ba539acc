using Qgjob.Core.Jobs;
using Qgjob.Core.Results;
using Xunit;

namespace Qgjob.EndToEnd.Tests;

/// <summary>Further attempts and reruns run what failed and nothing else, by the real Playwright.</summary>
[Collection(ReliabilityFleet.Name)]
public sealed class RetryTests(ReliabilityFleet shared) : IAsyncLifetime
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private Fleet Fleet => shared.Fleet;

    public async ValueTask InitializeAsync() => await Fleet.MakeWholeAsync();

    public ValueTask DisposeAsync() => default;

    [Fact]
    public async Task Only_what_failed_runs_again_and_flaky_is_told_from_failed()
    {
        var tally = Path.GetTempFileName();
        var job = await Fleet.SubmitAsync("four", r => r with { MaxAttempts = 2, TestRetries = 0, Env = new() { ["TALLY"] = tally } });
        var ended = await Fleet.EndAsync(job);

        Assert.Equal((JobStatus.Failed, 2, 2), (ended.Status, ended.Attempts!.Count, ended.TestFailures));
        Assert.Equal("1 of 4 failed.", ended.Reason);
        Assert.Equal(["passes", "fails once", "fails always", "fails", "fails once", "fails always"], await RunsAsync(tally));
        Assert.Equal([TestStatus.Passed, TestStatus.Flaky, TestStatus.Failed, TestStatus.Passed], await StatusesAsync(ended.RunId));

        var rerun = await Fleet.QgjobAsync("rerun", ended.RunId, "--failed", "--wait");
        Assert.True(rerun.ExitCode == 10, rerun.All);
        Assert.Contains("passed 3, failed 1,", rerun.Out, StringComparison.Ordinal);
        Assert.Equal(["fails always", "fails always"], (await RunsAsync(tally))[6..]);
        var again = (await Fleet.Client.FindRunAsync(ended.RunId, Cancel))!.RerunAs!;
        Assert.Equal([TestStatus.Passed, TestStatus.Flaky, TestStatus.Failed, TestStatus.Passed], await StatusesAsync(again));
        File.Delete(tally);
    }

    private static Task<string[]> RunsAsync(string tally) => File.ReadAllLinesAsync(tally, Cancel);

    private async Task<IEnumerable<TestStatus>> StatusesAsync(string run) =>
        (await Fleet.Client.FindRunResultsAsync(run, Cancel))!.Jobs.SelectMany(j => j.Tests).Select(t => t.Status);
}
