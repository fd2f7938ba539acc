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
        OneThread.Run(() => CommitForEverAsync(path));
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

    /// <summary>No other thread may enter this module before its initializer has returned: all continuations come back to this one.</summary>
    private sealed class OneThread : SynchronizationContext
    {
        private readonly Queue<(SendOrPostCallback Call, object? State)> posted = [];

        public static void Run(Func<Task> work)
        {
            var here = new OneThread();
            SetSynchronizationContext(here);
            var task = work();
            while (!task.IsCompleted)
            {
                var (call, state) = here.Next();
                call(state);
            }
            task.GetAwaiter().GetResult();
        }

        public override void Post(SendOrPostCallback d, object? state)
        {
            lock (posted)
            {
                posted.Enqueue((d, state));
                Monitor.Pulse(posted);
            }
        }

        private (SendOrPostCallback Call, object? State) Next()
        {
            lock (posted)
            {
                while (posted.Count == 0) Monitor.Wait(posted);
                return posted.Dequeue();
            }
        }
    }
}
