using Qgjob.Faults.Tests.Processes;
using Qgjob.Faults.Tests.Stores;

namespace Qgjob.Faults.Tests;

/// <summary>What happens to the file system under SQLite and the blobs.</summary>
public sealed class SqliteFaultTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_full_disk_is_survived_once_there_is_room_again()
    {
        Assert.SkipUnless(SmallDisk.WhyNot is null, SmallDisk.WhyNot ?? "");
        await using var disk = new SmallDisk(24);
        await using var trial = await Trial.StartAsync(
            await Site.StartAsync(_ => new SqliteUnderFault(Path.Combine(disk.Folder, "jobs.db")), 1, Cancel,
                (name, store, folder) => new ServerProcess(name, store.Url, folder, Path.Combine(disk.Folder, "blobs"))), Cancel);
        for (var i = 0; i < 2; i++)
        {
            disk.Fill();
            await Waits.UntilAsync("the server says that it cannot write", () => trial.Site.Servers[0].HasRefused, TimeSpan.FromSeconds(30), Cancel);
            await Waits.For(TimeSpan.FromSeconds(4), Cancel);
            disk.Empty();
            await trial.ProgressAsync(8, Cancel);
        }
        await trial.CheckAsync(Cancel);
    }

    /// <summary>A limit on the size of files meets the database where a full disk may meet the blobs first.</summary>
    [Fact]
    public async Task A_database_that_may_not_grow_is_a_store_that_is_away()
    {
        await using var trial = await Trial.StartAsync(
            await Site.StartAsync(folder => new SqliteUnderFault(Path.Combine(folder, "jobs.db")), 1, Cancel,
                // The limit's signal would end the process; a full disk sends none.
                (name, store, folder) => new ServerProcess(name, store.Url, folder, Path.Combine(folder, "blobs")) { Prefix = ["env", "--ignore-signal=XFSZ"] }), Cancel);
        var id = trial.Site.Servers[0].Process.Id;
        await LimitAsync(id, "4096");
        await Waits.UntilAsync("the server says that it cannot write", () => trial.Site.Servers[0].HasRefused, TimeSpan.FromSeconds(30), Cancel);
        await Waits.For(TimeSpan.FromSeconds(4), Cancel);
        await LimitAsync(id, "unlimited");
        await trial.ProgressAsync(8, Cancel);
        await trial.CheckAsync(Cancel);
    }

    private static async Task LimitAsync(int id, string size)
    {
        using var prlimit = System.Diagnostics.Process.Start("prlimit", [$"--pid={id}", $"--fsize={size}:unlimited"]);
        await prlimit.WaitForExitAsync(Cancel);
        Assert.Equal(0, prlimit.ExitCode);
    }
}
