using System.Globalization;
using Qgjob.Core.Storage;
using Qgjob.Server.Dispatch;
using Qgjob.Server.Hosting;

namespace Qgjob.Server.Retention;

/// <summary>What a round removed.</summary>
/// <param name="Runs">Runs with all that belongs to them.</param>
/// <param name="Jobs">Jobs whose logs and artifacts went while they are kept.</param>
/// <param name="Uploads">Builds and test bundles.</param>
/// <param name="Rows">Unused groups, app versions, devices, agents and estimates.</param>
internal sealed record Removed(int Runs, int Jobs, int Uploads, int Rows)
{
    public bool IsNothing => Runs + Jobs + Uploads + Rows == 0;

    public override string ToString() => string.Create(CultureInfo.InvariantCulture,
        $"{Runs} runs, logs and artifacts of {Jobs} jobs, {Uploads} builds and test bundles, {Rows} unused rows");
}

/// <summary>Goes once through all that may be too old, in small steps with pauses between them.</summary>
internal sealed class RetentionRound(
    IJobStore store, Dispatcher dispatcher, HistoryRetention history, FileRetention files, UploadRetention uploads, ServerSettings settings, TimeProvider time)
    : IDisposable
{
    private const int RowsPerStep = 500;
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(50);

    private readonly SemaphoreSlim gate = new(1);

    /// <param name="may">Asked before every step: false ends the round, for another server keeps house now.</param>
    /// <param name="cancel">Ends the round.</param>
    public async Task<Removed> RunAsync(Func<bool> may, CancellationToken cancel)
    {
        await gate.WaitAsync(cancel);
        try
        {
            return await RunInTurnAsync(may, cancel);
        }
        finally
        {
            gate.Release();
        }
    }

    public void Dispose() => gate.Dispose();

    private async Task<Removed> RunInTurnAsync(Func<bool> may, CancellationToken cancel)
    {
        var now = time.GetUtcNow();
        var rules = await KeepRules.ReadAsync(settings, store, cancel);
        async Task<bool> NextAsync()
        {
            await Task.Delay(Pause, time, cancel);
            return may();
        }
        var runs = await history.RemoveAsync(rules, now, NextAsync, cancel);
        var jobs = may() ? await files.RemoveOldAsync(rules, now, NextAsync, cancel) : 0;
        if (may()) jobs += await files.RemoveBeyondAsync(settings.MaxDiskBytes, rules, now, NextAsync, cancel);
        var rows = may() ? await ForgetAsync(rules, now, NextAsync, cancel) : 0;
        return new Removed(runs, jobs, may() ? await uploads.RemoveAsync(rules, now, cancel) : 0, rows);
    }

    private async Task<int> ForgetAsync(KeepRules rules, DateTimeOffset now, Func<Task<bool>> next, CancellationToken cancel)
    {
        // Builds are large, and those of an org that keeps its runs for a short time need not wait for the org that keeps them longest.
        var own = rules.Orgs.Where(o => rules.HistoryOf(o) + UploadRetention.LongestRun < rules.LongestHistory)
            .ToDictionary(o => o, o => now - rules.HistoryOf(o) - UploadRetention.LongestRun);
        var rows = 0;
        while (true)
        {
            var answer = await dispatcher.SendAsync(new Forget(now - rules.LongestHistory, RowsPerStep, now, own), cancel);
            rows += answer.Total;
            if (answer.Total < RowsPerStep || !await next()) return rows;
        }
    }
}
