using Qgjob.Core;
using Qgjob.Core.Jobs;
using Qgjob.Core.Runs;
using Qgjob.Core.Storage;
using Qgjob.Server.Backup;
using Qgjob.Stores;
using Xunit;

namespace Qgjob.Server.Tests.Backup;

/// <summary>The commands on real SQLite files, as a person types them.</summary>
public sealed class BackupCommandTests : IDisposable
{
    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("qgjob-backup-test");
    private readonly List<string> told = [];

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose() => folder.Delete(recursive: true);

    private string In(string name) => Path.Combine(folder.FullName, name);

    private string Db(string name) => "sqlite:" + In(name);

    private Task<int> RunAsync(params string[] args) => RunAsync(Stream.Null, Stream.Null, args);

    private Task<int> RunAsync(Stream input, Stream output, params string[] args) =>
        new BackupCommands(TimeProvider.System, told.Add).RunAsync(args, input, output, Cancel);

    private async Task FillAsync(string name)
    {
        var now = TimeProvider.System.GetUtcNow();
        await using var store = await StoreFactory.OpenAsync(Db(name), TimeProvider.System, new TimeOrderedIds(TimeProvider.System), Cancel);
        var spec = new JobSpec { OrgId = "acme", AppVersionId = "v1", TestPath = "a.spec.js" };
        await store.CommitAsync([new Enqueue(new Run { Id = "r-1", OrgId = "acme", CreatedAt = now, Total = 1 }, [new NewJob("j-1", spec)], now)], Cancel);
    }

    private async Task<JobStatus?> JobOfAsync(string name)
    {
        await using var store = await StoreFactory.OpenAsync(Db(name), TimeProvider.System, new TimeOrderedIds(TimeProvider.System), Cancel);
        return (await store.FindJobAsync("j-1", Cancel))?.Job.Status;
    }

    [Theory]
    [InlineData("backup.jsonl")]
    [InlineData("backup.jsonl.gz")]
    public async Task A_store_goes_through_a_file_into_another_one(string file)
    {
        await FillAsync("a.db");
        Assert.Equal(0, await RunAsync("export", "--store", Db("a.db"), In(file)));
        Assert.Contains("exported 1 runs with 1 jobs", told[^1], StringComparison.Ordinal);
        Assert.Contains("copy the --blobs folder", told[^1], StringComparison.Ordinal);
        Assert.False(File.Exists(In(file) + ".part"));
        if (!OperatingSystem.IsWindows()) Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(In(file)));
        Assert.Equal(file.EndsWith(".gz", StringComparison.Ordinal), (await File.ReadAllBytesAsync(In(file), Cancel))[0] == 0x1f);

        Assert.Equal(0, await RunAsync("import", $"--store={Db("b.db")}", In(file)));
        Assert.Equal(JobStatus.Queued, await JobOfAsync("b.db"));
        Assert.Equal(1, await RunAsync("import", "--store", Db("b.db"), In(file)));
        Assert.Contains("not empty", told[^1], StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_store_goes_through_standard_output_and_input_and_straight_to_another_one()
    {
        await FillAsync("a.db");
        using var pipe = new MemoryStream();
        Assert.Equal(0, await RunAsync(Stream.Null, pipe, "export", "--store", Db("a.db"), "-"));
        pipe.Position = 0;
        Assert.Equal(0, await RunAsync(pipe, Stream.Null, "import", "--store", Db("b.db"), "-"));
        Assert.Equal(JobStatus.Queued, await JobOfAsync("b.db"));
        Assert.Equal(0, await RunAsync("copy", "--from", Db("b.db"), "--to", Db("c.db")));
        Assert.Equal(JobStatus.Queued, await JobOfAsync("c.db"));
        Assert.Equal(1, await RunAsync("copy", "--from", Db("b.db"), "--to", Db("a.db")));
    }

    [Fact]
    public async Task A_damaged_file_changes_nothing()
    {
        await FillAsync("a.db");
        Assert.Equal(0, await RunAsync("export", "--store", Db("a.db"), In("backup")));
        var bytes = await File.ReadAllBytesAsync(In("backup"), Cancel);
        await File.WriteAllBytesAsync(In("short"), bytes[..^20], Cancel);
        Assert.Equal(1, await RunAsync("import", "--store", Db("b.db"), In("short")));
        Assert.Contains("cut short", told[^1], StringComparison.Ordinal);
        Assert.False(File.Exists(In("b.db")));
        Assert.Equal(0, await RunAsync("import", "--store", Db("b.db"), In("backup")));
    }

    [Theory]
    [InlineData(2, "'memory' is in a server's process only", "export", "--store", "memory", "x")]
    [InlineData(2, "'memory' is in a server's process only", "copy", "--from", "sqlite:x", "--to", "memory")]
    [InlineData(2, "name one file", "export", "--store", "sqlite:x")]
    [InlineData(2, "needs --from and --to", "copy", "--from", "sqlite:x")]
    [InlineData(2, "--stroe: unknown", "export", "--stroe", "sqlite:x", "y")]
    [InlineData(2, "Unknown store 'mysql:x'", "export", "--store", "mysql:x", "y")]
    [InlineData(1, "/nowhere/x.db does not exist", "export", "--store", "sqlite:/nowhere/x.db", "y")]
    [InlineData(1, "/nowhere/backup", "import", "--store", "sqlite:/nowhere/x.db", "/nowhere/backup")]
    public async Task What_cannot_be_done_is_said_in_one_line(int code, string message, params string[] args)
    {
        if (args[^1] is "sqlite:x" or "memory") await FillAsync("x");
        args = [.. args.Select(a => a == "sqlite:x" ? Db("x") : a)];
        Assert.Equal(code, await RunAsync(args));
        Assert.Contains(message, Assert.Single(told), StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_empty_store_is_not_exported()
    {
        await using (await StoreFactory.OpenAsync(Db("a.db"), TimeProvider.System, new TimeOrderedIds(TimeProvider.System), Cancel))
        {
        }
        Assert.Equal(1, await RunAsync("export", "--store", Db("a.db"), In("backup")));
        Assert.Contains("nothing to export", told[^1], StringComparison.Ordinal);
        Assert.False(File.Exists(In("backup")));
        Assert.False(File.Exists(In("backup.part")));
    }
}
