using System.Globalization;
using Qgjob.Faults.Tests.Stores;

namespace Qgjob.Faults.Tests;

/// <summary>Somebody's transaction stays open on PostgreSQL under load, as a forgotten session or a slow backup does: no dead row can be removed meanwhile.</summary>
public sealed class OpenSnapshotTests
{
    private const int Windows = 5;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    /// <summary>For ten minutes: <c>./test faults --snapshot 600</c>.</summary>
    [Fact]
    public async Task A_snapshot_that_stays_open_slows_nothing_down()
    {
        var length = TimeSpan.FromSeconds(int.TryParse(Environment.GetEnvironmentVariable("QGJOB_FAULTS_SNAPSHOT"), CultureInfo.InvariantCulture, out var asked) ? asked : 30);
        var window = length / Windows;
        await using var trial = await Trial.StartAsync(await Site.StartAsync(folder => new PostgresUnderFault(folder), 1, Cancel), Cancel);
        var postgres = (PostgresUnderFault)trial.Site.Store;
        var rates = new List<double>();
        using (var snapshot = postgres.Session("-At"))
            try
            {
                rates.Add(await WindowAsync(trial, postgres, "before", window));
                await snapshot.StandardInput.WriteLineAsync("begin isolation level repeatable read; select count(*) from pg_class;");
                await snapshot.StandardInput.FlushAsync(Cancel);
                for (var i = 1; i <= Windows; i++) rates.Add(await WindowAsync(trial, postgres, string.Create(CultureInfo.InvariantCulture, $"open for {i * window.TotalSeconds:0} s"), window));
                Assert.NotEqual("", await postgres.AskAsync("select backend_xmin from pg_stat_activity where state = 'idle in transaction'", Cancel));
            }
            finally
            {
                snapshot.Kill();
            }
        await WindowAsync(trial, postgres, "closed again", window);
        await trial.CheckAsync(Cancel);
        Assert.True(rates[^1] > rates[0] * 0.6, $"{rates[0]} attempts/s before, {rates[^1]} at the end");
    }

    /// <summary>Attempts per second, and what the database says of its tables after it.</summary>
    private static async Task<double> WindowAsync(Trial trial, PostgresUnderFault postgres, string name, TimeSpan window)
    {
        var (commits, cpu) = (await CommitsAsync(postgres), postgres.CpuSeconds);
        var rate = await trial.RateAsync(window, Cancel);
        var made = await CommitsAsync(postgres) - commits;
        var each = (postgres.CpuSeconds - cpu) / Math.Max(1, made);
        var tables = await postgres.AskAsync(
            "select sum(n_dead_tup) || ' dead rows, ' || max(n_dead_tup) filter (where relname = 'head') || ' of head; ' || sum(autovacuum_count) || ' vacuums; tables of ' || pg_size_pretty(sum(pg_total_relation_size(relid))) from pg_stat_user_tables where schemaname = 'qgjob'",
            Cancel);
        TestContext.Current.TestOutputHelper?.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{name}: {rate:0.0} attempts/s, {made / window.TotalSeconds:0} commits/s, {each * 1e6:0} µs of PostgreSQL's CPU a commit; {tables}"));
        return rate;
    }

    private static async Task<long> CommitsAsync(PostgresUnderFault postgres) => long.Parse(await postgres.AskAsync("select commit from qgjob.head", Cancel), CultureInfo.InvariantCulture);
}
