using System.Diagnostics;
using System.Globalization;
using Qgjob.Lifecycle.Load;
using Qgjob.Lifecycle.Processes;

namespace Qgjob.Lifecycle;

/// <summary>A fresh store and server, a warm-up, and the medians of some runs.</summary>
internal sealed class Bench(Options options, StoreHome store, QgjobServer server) : IDisposable
{
    private static readonly TimeSpan BusyLength = TimeSpan.FromSeconds(5);
    private const int BusyRate = 1000;

    private readonly Tally tally = new();
    private readonly PickUps pickUps = new();
    private readonly CancellationTokenSource holdersStop = new();
    private CancellationTokenSource agentsStop = new();
    private Task? holding;

    /// <exception cref="FormatException">There is no such mode.</exception>
    public static async Task RunAsync(string storeName, string mode, Options options, CancellationToken cancel)
    {
        await using var home = await BenchHome.StartAsync(storeName, options, cancel);
        await home.Bench.RunAsync(mode, cancel);
    }

    /// <summary>In turns: a store in which nothing was before, and one with the backlog and the history.</summary>
    public static async Task RunPairAsync(string storeName, Options options, CancellationToken cancel)
    {
        await using var grown = await BenchHome.StartAsync(storeName, options, cancel);
        await using var bare = await BenchHome.StartAsync(storeName, options.Bare(), cancel);
        foreach (var mode in options.Modes)
        {
            var one = await bare.Bench.ReadyAsync(mode, cancel);
            var other = await grown.Bench.ReadyAsync(mode, cancel);
            for (var run = 0; run < options.Runs; run++)
            {
                await bare.Bench.OnceAsync(one, cancel);
                await grown.Bench.OnceAsync(other, cancel);
            }
            bare.Bench.End(one);
            grown.Bench.End(other);
        }
    }

    /// <summary>What is there before anything is measured.</summary>
    public async Task FillAsync(CancellationToken cancel)
    {
        if (options.Queued > 0) await Backlog.SubmitAsync(server.Address, options.Queued, options.Groups, cancel);
        if (options.Busy > 0) holding = await new Holders(server.Address).StartAsync(options.Busy, holdersStop.Token);
    }

    private async Task RunAsync(string mode, CancellationToken cancel)
    {
        switch (mode)
        {
            case "pickup":
                await PickUpAsync(cancel);
                return;
            case "renew":
                await RenewAsync(cancel);
                return;
        }
        var series = await ReadyAsync(mode, cancel);
        for (var run = 0; run < options.Runs; run++) await OnceAsync(series, cancel);
        End(series);
    }

    /// <summary>Agents at work, and warm: the server compiles its hot paths anew while they run.</summary>
    private async Task<Series> ReadyAsync(string mode, CancellationToken cancel)
    {
        var clients = new Clients(server.Address);
        var series = mode switch
        {
            "one" => new Series(mode, options.Jobs ?? 10_000, count => clients.OneByOneAsync(options.Clients, count, cancel))
            {
                Working = await StartAgentsAsync(mode, options.Agents ?? options.Devices ?? options.Clients, options.Devices ?? options.Clients, cancel),
            },
            "batch" => new Series(mode, options.Jobs ?? 50_000, count => clients.BatchesAsync(2, count, options.JobsPerRun, cancel))
            {
                Working = await StartAgentsAsync(mode, options.Agents ?? Math.Max(1, (options.Devices ?? 512) / 64), options.Devices ?? 512, cancel),
            },
            _ => throw new FormatException($"no mode {mode}; one, batch, pickup or renew"),
        };
        await LoadAsync(series, options.WarmUp ?? series.Jobs, cancel);
        return series;
    }

    private async Task LoadAsync(Series series, int jobs, CancellationToken cancel)
    {
        var due = tally.Finished + jobs;
        await OrFailAsync(series.Load(jobs), series.Working);
        series.LoadedAt = Stopwatch.GetTimestamp();
        await SettledAsync(due, series.Working, cancel);
    }

    private async Task OnceAsync(Series series, CancellationToken cancel)
    {
        pickUps.Clear();
        var (cpuServer, cpuStore, cpuMine) = (server.CpuSeconds, store.CpuSeconds, Cpu.Mine);
        var began = Stopwatch.GetTimestamp();
        await LoadAsync(series, series.Jobs, cancel);
        var seconds = Stopwatch.GetElapsedTime(began, series.LoadedAt).TotalSeconds;
        series.Rounds.Add(new Round(
            series.Jobs / seconds, pickUps.At(0.5), pickUps.At(0.99), (server.CpuSeconds - cpuServer) / seconds, (store.CpuSeconds - cpuStore) / seconds, (Cpu.Mine - cpuMine) / seconds));
    }

    /// <summary>Says the medians, and stops the agents of this mode.</summary>
    private void End(Series series)
    {
        var middle = series.Rounds.Count / 2;
        Say(series.Mode, series.Rounds.Select(r => r.Rate).Order().ElementAt(middle), series.Rounds.Select(r => r.P50).Order().ElementAt(middle), series.Rounds.Select(r => r.P99).Order().ElementAt(middle));
        // What a job costs is disturbed less by others than its rate, and has a median of its own.
        double Each(Func<Round, double> cores) => series.Rounds.Select(r => cores(r) / r.Rate).Order().ElementAt(middle);
        var typical = series.Rounds.OrderBy(r => r.Rate).ElementAt(middle);
        SayCpu(typical.Server, typical.Store, typical.Mine, (Each(r => r.Server), Each(r => r.Store), Each(r => r.Mine)));
        agentsStop.Cancel();
        agentsStop.Dispose();
        agentsStop = new CancellationTokenSource();
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
        var working = await StartAgentsAsync("pickup", options.Agents ?? devices, devices, cancel);
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
        var holding = await holders.StartAsync(devices, holdersStop.Token);
        await OrFailAsync(Task.Delay(TimeSpan.FromSeconds(20), TimeProvider.System, cancel), holding);
        var (cpuServer, cpuStore, cpuMine) = (server.CpuSeconds, store.CpuSeconds, Cpu.Mine);
        var (renewed, began) = (holders.Renewed, Stopwatch.GetTimestamp());
        await OrFailAsync(Task.Delay(TimeSpan.FromSeconds(options.Seconds), TimeProvider.System, cancel), holding);
        var seconds = Stopwatch.GetElapsedTime(began).TotalSeconds;
        Say("renew", (holders.Renewed - renewed) / seconds, double.NaN, double.NaN);
        SayCpu((server.CpuSeconds - cpuServer) / seconds, (store.CpuSeconds - cpuStore) / seconds, (Cpu.Mine - cpuMine) / seconds);
    }

    private async Task<Task> StartAgentsAsync(string name, int agents, int devices, CancellationToken cancel)
    {
        var working = await new Agents(server.Address, tally, pickUps).StartAsync(name, agents, Math.Max(1, devices / agents), agentsStop.Token);
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
    private static void SayCpu(double server, double store, double mine, (double Server, double Store, double Mine)? each = null) => Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
        $"# cores: server {server:0.00} store {store:0.00} load {mine:0.00}{(each is { } e ? $"; µs of CPU a job: server {e.Server * 1e6:0} store {e.Store * 1e6:0} load {e.Mine * 1e6:0}" : "")}"));

    private static string Number(double number, string format) => double.IsNaN(number) ? "-" : number.ToString(format, CultureInfo.InvariantCulture);

    public void Dispose()
    {
        agentsStop.Cancel();
        holdersStop.Cancel();
        agentsStop.Dispose();
        holdersStop.Dispose();
    }

    /// <summary>One mode at work.</summary>
    private sealed record Series(string Mode, int Jobs, Func<int, Task> Load)
    {
        public required Task Working { get; init; }
        public List<Round> Rounds { get; } = [];
        /// <summary>When the last load's submitters had seen all ends.</summary>
        public long LoadedAt { get; set; }
    }

    /// <summary>Jobs per second, ms until an agent has a job, and cores in use.</summary>
    private sealed record Round(double Rate, double P50, double P99, double Server, double Store, double Mine);
}
