using System.Diagnostics;

namespace Qgjob.Stores.Tests.Sqlite;

public sealed class CrashTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(1)]
    [InlineData(60)]
    [InlineData(250)]
    public async Task Every_acknowledged_submission_survives_kill_9(int linesBeforeTheKill)
    {
        using var folder = new TempFolder();
        var acknowledged = await CommitUntilKilledAsync(folder.File("jobs.db"), linesBeforeTheKill);
        Assert.True(acknowledged.Count >= linesBeforeTheKill);

        await using var store = await SqliteHome.OpenFileAsync(folder.File("jobs.db"), Cancel);
        foreach (var id in acknowledged) Assert.Equal(2, (await store.FindRunAsync(id, Cancel))?.Queued);
        await Ledger.CheckAsync(store, Cancel);
    }

    private static async Task<List<string>> CommitUntilKilledAsync(string database, int lines)
    {
        var start = new ProcessStartInfo(Environment.ProcessPath!) { RedirectStandardOutput = true };
        // Under 'dotnet test' this process may be dotnet itself: then the assembly has to be named.
        if (Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet") start.ArgumentList.Add(typeof(CrashTests).Assembly.Location);
        start.Environment[CrashChild.Variable] = database;
        using var child = Process.Start(start)!;
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(Cancel);
        limit.CancelAfter(TimeSpan.FromSeconds(30));
        var acknowledged = new List<string>();
        try
        {
            while (acknowledged.Count < lines && await child.StandardOutput.ReadLineAsync(limit.Token) is { } line) acknowledged.Add(line);
        }
        finally
        {
            child.Kill(); // SIGKILL, in the middle of whatever it does
        }
        // What it had still printed counts too; a last line may be cut short.
        var rest = await child.StandardOutput.ReadToEndAsync(limit.Token);
        acknowledged.AddRange(rest.Split('\n')[..^1]);
        await child.WaitForExitAsync(limit.Token);
        return acknowledged;
    }
}
