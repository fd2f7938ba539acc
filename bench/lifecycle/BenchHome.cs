using System.Diagnostics;
using Qgjob.Lifecycle.Processes;

namespace Qgjob.Lifecycle;

/// <summary>A store and a server of a bench's own, filled with what is to be there before.</summary>
internal sealed class BenchHome(string folder, bool ours, StoreHome store, QgjobServer server, Bench bench) : IAsyncDisposable
{
    public Bench Bench => bench;

    public static async Task<BenchHome> StartAsync(string storeName, Options options, CancellationToken cancel)
    {
        var began = Stopwatch.GetTimestamp();
        var ours = options.Folder is null || options.Pair;
        var folder = options.Folder is { } given
            ? Directory.CreateDirectory(options.Pair ? Path.Combine(given, options == options.Bare() ? "bare" : "grown") : given).FullName
            : Directory.CreateTempSubdirectory("lifecycle-").FullName;
        var store = await StoreHome.StartAsync(storeName, folder, cancel);
        if (options.Finished > 0) await Past.FillAsync(store.Url, options.Finished, cancel);
        var filled = Stopwatch.GetElapsedTime(began);
        began = Stopwatch.GetTimestamp();
        var server = await QgjobServer.StartAsync(options.Server, store, folder, cancel);
        var started = Stopwatch.GetElapsedTime(began);
        began = Stopwatch.GetTimestamp();
        var bench = new Bench(options, store, server);
        await bench.FillAsync(cancel);
        if (options != options.Bare())
            await Console.Error.WriteLineAsync($"{storeName}: history in {filled.TotalSeconds:0} s, server started in {started.TotalSeconds:0.0} s, backlog in {Stopwatch.GetElapsedTime(began).TotalSeconds:0} s");
        return new BenchHome(folder, ours, store, server, bench);
    }

    public async ValueTask DisposeAsync()
    {
        bench.Dispose();
        await server.DisposeAsync();
        await store.DisposeAsync();
        if (ours) Directory.Delete(folder, recursive: true);
    }
}
