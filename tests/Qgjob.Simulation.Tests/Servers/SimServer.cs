using System.Runtime.CompilerServices;
using Microsoft.Extensions.Logging;
using Qgjob.Core.Storage;
using Qgjob.Core.Storage.Journal;
using Qgjob.Server.Dispatch;
using Qgjob.Server.Events;
using Qgjob.Server.Hosting;
using Qgjob.Simulation.Tests.World;

namespace Qgjob.Simulation.Tests.Servers;

/// <summary>A server: the product's dispatcher and store, in a process that can crash and stand still.</summary>
internal sealed class SimServer(SimWorld world, int number)
{
    public static readonly ServerSettings Settings = new()
    {
        Store = "simulated",
        DataFolder = "",
        BlobsFolder = "",
        Urls = "",
        LeaseTtl = TimeSpan.FromSeconds(15),
        LeaseRenew = TimeSpan.FromSeconds(5),
        LeaseMargin = TimeSpan.FromSeconds(4),
    };

    private ServerApi? api;
    private int starts;

    public int Number => number;
    public bool IsUp => Process is { IsDead: false };
    public SimProcess? Process { get; private set; }
    public FaultyJournal? Journal { get; private set; }
    public JournaledStore? Store { get; private set; }
    public TimeSpan Skew { get; set; }
    /// <summary>Until when it cannot reach its store.</summary>
    public TimeSpan CutOffUntil { get; set; }
    public string Name => $"s{number}";

    public void Start()
    {
        Process = new SimProcess(world.Scheduler, $"{Name}.{++starts}") { Skew = Skew };
        world.History.Note(Name, $"starts as {Process.Name}");
        var process = Process;
        process.Start(() => RunAsync(process));
    }

    public void Crash()
    {
        if (!IsUp) return;
        world.History.Note(Name, $"crashes");
        Process!.Kill();
        (api, Store, Journal) = (null, null, null);
    }

    /// <summary>A request arrives; a process that is down does not answer, one that stands still answers later.</summary>
    public void Receive<T>(string what, Func<ServerApi, CancellationToken, Task<T>> call, Action<T?, Exception?> reply, CancellationToken gone)
    {
        if (!IsUp || api is not { } serving)
        {
            reply(default, new NoAnswerException("refused"));
            return;
        }
        Process!.Start(async () =>
        {
            try
            {
                reply(await call(serving, gone), null);
            }
            catch (Exception e) when (e is StoreUnavailableException or MustRegisterException or OperationCanceledException)
            {
                world.History.Note(Name, $"{what}: {e.GetType().Name}");
                reply(default, e);
            }
        });
    }

    private async Task RunAsync(SimProcess process)
    {
        var ids = new SimWorld.Ids(world);
        JournaledStore? opened = null;
        while (opened is null)
            try
            {
                Journal = new FaultyJournal(world, this, process);
                opened = await JournaledStore.OpenAsync(Journal, process.Time, ids, CancellationToken.None);
            }
            catch (StoreUnavailableException)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(500), process.Time, CancellationToken.None);
            }
        var clock = new StoreClock(process.Time);
        await ReadClockAsync(clock, opened, process);
        Store = opened;
        var store = MutatedStore.Of(opened, world);
        var contact = new Contact(Settings, clock);
        var complaints = new Complaints(world, this);
        var dispatcher = new Dispatcher(
            store, ids, new Pulses(clock), new Housekeeping(store, ids, clock), contact, Settings, clock, complaints);
        api = new ServerApi(dispatcher, clock, ids);
        world.History.Note(Name, $"serves");
        process.Start(() => ExecuteAsync(new ClockReadings(clock, store, contact, complaints), CancellationToken.None));
        await ExecuteAsync(dispatcher, CancellationToken.None);
    }

    private static async Task ReadClockAsync(StoreClock clock, JournaledStore store, SimProcess process)
    {
        while (true)
            try
            {
                await clock.ReadAsync(store, CancellationToken.None);
                return;
            }
            catch (StoreUnavailableException)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(500), process.Time, CancellationToken.None);
            }
    }

    // The host would start it on the thread pool.
    [UnsafeAccessor(UnsafeAccessorKind.Method)]
    private static extern Task ExecuteAsync(Dispatcher dispatcher, CancellationToken stop);

    [UnsafeAccessor(UnsafeAccessorKind.Method)]
    private static extern Task ExecuteAsync(ClockReadings readings, CancellationToken stop);

    /// <summary>A batch may fail because its store did; nothing else may go wrong in a dispatcher.</summary>
    private sealed class Complaints(SimWorld world, SimServer server) : ILogger<Dispatcher>, ILogger<ClockReadings>
    {
        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;
        public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Warning || world.History.IsKept;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            world.History.Note(server.Name, $"{formatter(state, exception)} {exception?.GetType().Name} {exception?.Message}");
            if (exception is not (null or StoreUnavailableException or OperationCanceledException))
                world.Break(Promise.NoBugs, exception.ToString());
        }
    }
}
