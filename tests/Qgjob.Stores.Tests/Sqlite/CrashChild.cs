using System.Runtime.CompilerServices;

namespace Qgjob.Stores.Tests.Sqlite;

/// <summary>The other role of this executable: commits runs in a loop and prints each id once it is acknowledged, until it is killed.</summary>
internal static class CrashChild
{
    public const string Variable = "QGJOB_STORES_CRASH_CHILD";

    // Before Main, which belongs to the test runner.
    [ModuleInitializer]
    internal static void Run()
    {
        if (Environment.GetEnvironmentVariable(Variable) is not { Length: > 0 } path) return;
        CommitForEverAsync(path).GetAwaiter().GetResult();
    }

    private static async Task CommitForEverAsync(string path)
    {
        await using var store = await SqliteHome.OpenFileAsync(path, CancellationToken.None);
        var lab = new Lab(store, CancellationToken.None);
        var output = Console.Out;
        while (true)
        {
            var runs = Enumerable.Range(0, 3).Select(_ => lab.NewRun([Lab.Spec(), Lab.Spec("v2")])).ToList();
            await store.CommitAsync(runs, CancellationToken.None);
            foreach (var run in runs) await output.WriteLineAsync(run.Run.Id);
            await output.FlushAsync();
        }
    }
}
