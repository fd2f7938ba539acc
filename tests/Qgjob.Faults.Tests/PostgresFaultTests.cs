using System.Diagnostics;
using Qgjob.Faults.Tests.Processes;
using Qgjob.Faults.Tests.Stores;

namespace Qgjob.Faults.Tests;

/// <summary>What happens to a PostgreSQL server and its connections.</summary>
public sealed class PostgresFaultTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task An_immediate_stop_and_a_recovery_lose_nothing()
    {
        await using var trial = await StartAsync(2);
        for (var i = 0; i < 2; i++)
        {
            await trial.MomentAsync(Cancel);
            await PostgresOf(trial).StopImmediatelyAsync(Cancel);
            await trial.MomentAsync(Cancel, 1500);
            await trial.Site.Store.StartAsync(Cancel);
            await trial.ProgressAsync(8, Cancel);
        }
        await trial.CheckAsync(Cancel);
    }

    [Fact]
    public async Task Connections_that_are_ended_again_and_again_lose_nothing()
    {
        await using var trial = await StartAsync(2);
        for (var i = 0; i < 10; i++)
        {
            await trial.MomentAsync(Cancel, 400);
            await PostgresOf(trial).AskAsync("select pg_terminate_backend(pid) from pg_stat_activity where pid <> pg_backend_pid() and backend_type = 'client backend'", Cancel);
        }
        await trial.ProgressAsync(8, Cancel);
        await trial.CheckAsync(Cancel);
    }

    [Fact]
    public async Task Without_a_free_connection_nothing_is_acknowledged_and_everything_resumes()
    {
        await using var trial = await StartAsync(1, "max_connections=16", "superuser_reserved_connections=0");
        var holders = new List<Process>();
        try
        {
            // Each ends a connection of the server and takes the place that becomes free.
            await Waits.UntilAsync("the server has no connection any more", async () =>
            {
                holders.RemoveAll(h => h.HasExited);
                var holder = PostgresOf(trial).Session("-At");
                holders.Add(holder);
                await holder.StandardInput.WriteLineAsync(
                    "select pg_terminate_backend(pid) from pg_stat_activity where backend_type = 'client backend' and application_name <> 'psql'; select count(*) from pg_stat_activity where backend_type = 'client backend' and application_name = 'psql';");
                await holder.StandardInput.FlushAsync(Cancel);
                await Waits.For(TimeSpan.FromMilliseconds(50), Cancel);
                return holders.Count(h => !h.HasExited) >= 16 && !await trial.Site.Servers[0].IsReadyAsync(Cancel);
            }, TimeSpan.FromSeconds(60), Cancel);
            await Waits.For(TimeSpan.FromSeconds(4), Cancel);
        }
        finally
        {
            foreach (var holder in holders)
            {
                if (!holder.HasExited) holder.Kill();
                holder.Dispose();
            }
        }
        await trial.ProgressAsync(8, Cancel);
        await trial.CheckAsync(Cancel);
        Assert.True(trial.Site.Servers[0].HasRefused, trial.Summary);
    }

    [Fact]
    public async Task A_full_disk_is_survived_once_there_is_room_again()
    {
        Assert.SkipUnless(SmallDisk.WhyNot is null, SmallDisk.WhyNot ?? "");
        await using var disk = new SmallDisk(200);
        await using var trial = await Trial.StartAsync(
            await Site.StartAsync(folder => new PostgresUnderFault(folder) { Data = Path.Combine(disk.Folder, "data"), Settings = ["max_wal_size=48MB", "min_wal_size=32MB"] }, 1, Cancel), Cancel);
        disk.Fill();
        await Waits.For(TimeSpan.FromSeconds(8), Cancel);
        disk.Empty();
        // A server that could not write its log ended itself; an operator starts it again.
        if (PostgresOf(trial).HasEnded) await trial.Site.Store.StartAsync(Cancel);
        await trial.ProgressAsync(8, Cancel);
        await trial.CheckAsync(Cancel);
    }

    private static async Task<Trial> StartAsync(int servers, params string[] settings) =>
        await Trial.StartAsync(await Site.StartAsync(folder => new PostgresUnderFault(folder) { Settings = settings }, servers, Cancel), Cancel);

    private static PostgresUnderFault PostgresOf(Trial trial) => (PostgresUnderFault)trial.Site.Store;
}
