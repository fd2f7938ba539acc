using System.Diagnostics;
using System.Globalization;
using Qgjob.Lifecycle.Load;
using Qgjob.Lifecycle.Processes;

namespace Qgjob.Lifecycle;

/// <summary>One store and one mode: a fresh store and server, a warm-up, and the medians of some runs.</summary>
internal sealed class Bench(Options options, StoreHome store, QgjobServer server) : IDisposable
{
    private static readonly TimeSpan BusyLength = TimeSpan.FromSeconds(5);
    private const int BusyRate = 1000;

    private readonly Tally tally = new();
    private readonly PickUps pickUps = new();
    private readonly CancellationTokenSource agentsStop = new();
    private Task? holding;

    /// <exception cref="FormatException">There is no such mode.</exception>
    public static async Task RunAsync(string storeName, string mode, Options options, CancellationToken cancel)
    {
        var folder = options.Folder is { } given ? Directory.CreateDirectory(given).FullName : Directory.CreateTempSubdirectory("lifecycle-").FullName;
        try
        {
            await using var store = await StoreHome.StartAsync(storeName, folder, cancel);
            if (options.Finished > 0) await Past.FillAsync(store.Url, options.Finished, cancel);
            await using var server = await QgjobServer.StartAsync(options.Server, store, folder, cancel);
            using var bench = new Bench(options, store, server);
            if (options.Queued > 0) await Backlog.SubmitAsync(server.Address, options.Queued, options.Groups, cancel);
            if (options.Busy > 0) bench.holding = await new Holders(server.Address).StartAsync(options.Busy, bench.agentsStop.Token);
            await bench.RunAsync(mode, cancel);
        }
        finally
        {
            if (options.Folder is null) Directory.Delete(folder, recursive: true);
        }
    }

    private Task RunAsync(string mode, CancellationToken cancel) => mode switch
    {
        "one" => OneByOneAsync(cancel),
        "batch" => BatchAsync(cancel),
        "pickup" => PickUpAsync(cancel),
        "renew" => RenewAsync(cancel),
        _ => throw new FormatException($"no mode {mode}; one, batch, pickup or renew"),
    };

    private async Task OneByOneAsync(CancellationToken cancel)
    {
        var devices = options.Devices ?? options.Clients;
        var jobs = options.Jobs ?? 10_000;
        var clients = new Clients(server.Address);
        var working = await StartAgentsAsync(options.Agents ?? devices, devices, cancel);
        await MeasureAsync("one", jobs, count => clients.OneByOneAsync(options.Clients, count, cancel), working, cancel);
    }

    private async Task BatchAsync(CancellationToken cancel)
    {
        var devices = options.Devices ?? 512;
        var jobs = options.Jobs ?? 50_000;
        var clients = new Clients(server.Address);
        var working = await StartAgentsAsync(options.Agents ?? Math.Max(1, devices / 64), devices, cancel);
        await MeasureAsync("batch", jobs, count => clients.BatchesAsync(2, count, options.JobsPerRun, cancel), working, cancel);
    }

    private async Task MeasureAsync(string mode, int jobs, Func<int, Task> load, Task working, CancellationToken cancel)
    {
        // The server compiles its hot paths anew while they run.
        var due = options.WarmUp ?? jobs;
        await OrFailAsync(load(due), working);
        await SettledAsync(due, working, cancel);
        var rates = new List<(double Rate, double P50, double P99, double Server, double Store, double Mine)>();
        for (var run = 0; run < options.Runs; run++)
        {
            pickUps.Clear();
            var (cpuServer, cpuStore, cpuMine) = (server.CpuSeconds, store.CpuSeconds, Cpu.Mine);
            var began = Stopwatch.GetTimestamp();
            await OrFailAsync(load(jobs), working);
            var seconds = Stopwatch.GetElapsedTime(began).TotalSeconds;
            await SettledAsync(due += jobs, working, cancel);
            rates.Add((jobs / seconds, pickUps.At(0.5), pickUps.At(0.99), (server.CpuSeconds - cpuServer) / seconds, (store.CpuSeconds - cpuStore) / seconds, (Cpu.Mine - cpuMine) / seconds));
        }
        var middle = options.Runs / 2;
        Say(mode, rates.Select(r => r.Rate).Order().ElementAt(middle), rates.Select(r => r.P50).Order().ElementAt(middle), rates.Select(r => r.P99).Order().ElementAt(middle));
        var typical = rates.OrderBy(r => r.Rate).ElementAt(middle);
        SayCpu(typical.Server, typical.Store, typical.Mine, typical.Rate);
    }

    /// <summary>Every job was finished, once: a client may hear of the end before the agent that brought it about.</summary>
    private async Task SettledAsync(int due, Task working, CancellationToken cancel)
    {
        for (var tries = 0; tally.Finished < due && tries < 500; tries++)
            await OrFailAsync(Task.Delay(TimeSpan.FromMilliseconds(10), TimeProvider.System, cancel), working);
        if (tally.Finished != due) throw new InvalidOperationException($"{due} jobs were submitted and {tally.Finished} finished");
    }

    private async Task PickUpAsync(CancellationToken cancel)
    {
        var devices = options.Devices ?? options.Clients;
        var clients = new Clients(server.Address);
        var working = await StartAgentsAsync(options.Agents ?? devices, devices, cancel);
        await OrFailAsync(clients.OneByOneAsync(options.Clients, 4000, cancel), working);
        await OrFailAsync(clients.IdleAsync(50, cancel), working);
        pickUps.Clear();
        await OrFailAsync(clients.IdleAsync(options.Jobs ?? 300, cancel), working);
        Say("idle:pickup", double.NaN, pickUps.At(0.5), pickUps.At(0.99));
        await OrFailAsync(clients.PacedAsync(BusyRate, BusyLength / 2, options.Clients, cancel), working);
        pickUps.Clear();
        var began = Stopwatch.GetTimestamp();
        var (cpuServer, cpuStore, cpuMine) = (server.CpuSeconds, store.CpuSeconds, Cpu.Mine);
        await OrFailAsync(clients.PacedAsync(BusyRate, BusyLength, options.Clients, cancel), working);
        var seconds = Stopwatch.GetElapsedTime(began).TotalSeconds;
        Say("busy:pickup", BusyRate * BusyLength.TotalSeconds / seconds, pickUps.At(0.5), pickUps.At(0.99));
        SayCpu((server.CpuSeconds - cpuServer) / seconds, (store.CpuSeconds - cpuStore) / seconds, (Cpu.Mine - cpuMine) / seconds);
    }

    private async Task RenewAsync(CancellationToken cancel)
    {
        var holders = new Holders(server.Address);
        var devices = options.Devices ?? 50_000;
        var holding = await holders.StartAsync(devices, agentsStop.Token);
        await OrFailAsync(Task.Delay(TimeSpan.FromSeconds(20), TimeProvider.System, cancel), holding);
        var (cpuServer, cpuStore, cpuMine) = (server.CpuSeconds, store.CpuSeconds, Cpu.Mine);
        var (renewed, began) = (holders.Renewed, Stopwatch.GetTimestamp());
        await OrFailAsync(Task.Delay(TimeSpan.FromSeconds(options.Seconds), TimeProvider.System, cancel), holding);
        var seconds = Stopwatch.GetElapsedTime(began).TotalSeconds;
        Say("renew", (holders.Renewed - renewed) / seconds, double.NaN, double.NaN);
        SayCpu((server.CpuSeconds - cpuServer) / seconds, (store.CpuSeconds - cpuStore) / seconds, (Cpu.Mine - cpuMine) / seconds);
    }

    private async Task<Task> StartAgentsAsync(int agents, int devices, CancellationToken cancel)
    {
        cancel.Register(agentsStop.Cancel);
        var working = await new Agents(server.Address, tally, pickUps).StartAsync("a", agents, Math.Max(1, devices / agents), agentsStop.Token);
        return holding is null ? working : Agents.FirstAsync([working, holding]);
    }

    /// <summary>Waits for the load; agents that end meanwhile have failed.</summary>
    private static async Task OrFailAsync(Task load, Task working)
    {
        await await Task.WhenAny(load, working);
        if (!load.IsCompleted) throw new InvalidOperationException("the agents ended before their work");
    }

    private void Say(string mode, double rate, double p50, double p99) =>
        Console.WriteLine($"qgjob {store.Name} {Suffixed(mode)} {Number(rate, "0")} {Number(p50, "0.00")} {Number(p99, "0.00")}");

    private string Suffixed(string mode) => mode
        + (options.Queued > 0 ? string.Create(CultureInfo.InvariantCulture, $"+{options.Queued}queued") : "")
        + (options.Finished > 0 ? string.Create(CultureInfo.InvariantCulture, $"+{options.Finished}finished") : "");

    /// <summary>Cores in use, and what a job costs: less noisy than rates where others use the machine too.</summary>
    private static void SayCpu(double server, double store, double mine, double? rate = null) => Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
        $"# cores: server {server:0.00} store {store:0.00} load {mine:0.00}{(rate is { } r ? $"; µs of CPU a job: server {server / r * 1e6:0} store {store / r * 1e6:0} load {mine / r * 1e6:0}" : "")}"));

    private static string Number(double number, string format) => double.IsNaN(number) ? "-" : number.ToString(format, CultureInfo.InvariantCulture);

    public void Dispose()
    {
        agentsStop.Cancel();
        agentsStop.Dispose();
    }
}
