using Qgjob.Core.Jobs;
using Qgjob.Faults.Tests.Processes;
using Qgjob.Faults.Tests.Stores;

namespace Qgjob.Faults.Tests;

/// <summary>What each way of writing Redis' file may lose, and that service goes on consistently with what is left.</summary>
public sealed class RedisFaultTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    /// <summary>The process dies, the machine does not: what Redis wrote is in the machine's memory.</summary>
    [Theory]
    [InlineData(nameof(AppendOnly.Always))]
    [InlineData(nameof(AppendOnly.EverySecond))]
    public async Task A_killed_Redis_with_a_file_loses_nothing(string file)
    {
        await using var trial = await StartAsync(Enum.Parse<AppendOnly>(file), mayForget: false);
        for (var i = 0; i < 3; i++)
        {
            await trial.MomentAsync(Cancel);
            await RestartAsync(trial);
        }
        await trial.CheckAsync(Cancel);
    }

    /// <summary>As when the machine loses power: the end of the file was never on the disk.</summary>
    [Fact]
    public async Task A_file_that_lacks_its_last_second_loses_that_second_only()
    {
        await using var trial = await StartAsync(AppendOnly.EverySecond, mayForget: true);
        await trial.ProgressAsync(10, Cancel);
        var redis = (RedisUnderFault)trial.Site.Store;
        var written = redis.FileLength();
        var from = TimeProvider.System.GetUtcNow();
        await Waits.For(TimeSpan.FromSeconds(1), Cancel);
        await redis.KillAsync(Cancel);
        var lost = redis.CutFile(written);
        await redis.StartAsync(Cancel);
        await trial.ProgressAsync(12, Cancel);
        await trial.CheckAsync(Cancel);
        Assert.True(lost > 0);
        // What was acknowledged before that second is there.
        foreach (var run in trial.Load.Runs.Where(r => r.AcknowledgedAt < from && !trial.Past.Runs.ContainsKey(r.RunId)))
            Assert.Fail($"run {run.RunId} was acknowledged at {run.AcknowledgedAt:O}, before {from:O}");
    }

    [Fact]
    public async Task Without_a_file_everything_is_gone_and_service_goes_on()
    {
        await using var trial = await StartAsync(AppendOnly.No, mayForget: true);
        await trial.ProgressAsync(10, Cancel);
        var killedAt = TimeProvider.System.GetUtcNow();
        await RestartAsync(trial);
        await trial.CheckAsync(Cancel);
        // Nothing of before, and no mixture of both.
        Assert.All(trial.Past.Runs.Values, r => Assert.True(r.CreatedAt > killedAt - TimeSpan.FromMilliseconds(500), $"{r.RunId} is of {r.CreatedAt:O}, Redis was killed at {killedAt:O}"));
        Assert.Contains(trial.Past.Jobs.Values, j => j.Status is JobStatus.Passed);
    }

    [Fact]
    public async Task A_Redis_that_answers_nobody_for_longer_than_a_lease_loses_nothing()
    {
        await using var trial = await StartAsync(AppendOnly.Always, mayForget: false);
        await trial.MomentAsync(Cancel);
        Assert.Contains("OK", await ((RedisUnderFault)trial.Site.Store).AskAsync("CLIENT PAUSE 5000 ALL", Cancel), StringComparison.Ordinal);
        await trial.ProgressAsync(16, Cancel);
        await trial.CheckAsync(Cancel);
    }

    private static async Task RestartAsync(Trial trial)
    {
        await trial.Site.Store.KillAsync(Cancel);
        await trial.MomentAsync(Cancel, 1000);
        await trial.Site.Store.StartAsync(Cancel);
        await trial.ProgressAsync(8, Cancel);
    }

    private static async Task<Trial> StartAsync(AppendOnly file, bool mayForget) =>
        await Trial.StartAsync(await Site.StartAsync(folder => new RedisUnderFault(folder, file), 2, Cancel), Cancel, mayForget: mayForget);
}
