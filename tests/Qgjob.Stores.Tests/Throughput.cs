using System.Diagnostics;
using System.Globalization;
using Qgjob.Core;
using Qgjob.Core.Jobs;
using Qgjob.Core.Scheduling;
using Qgjob.Core.Storage;
using Qgjob.Core.Storage.Journal;
using Qgjob.Core.Storage.Memory;
using Qgjob.Stores.Tests.Journal;

namespace Qgjob.Stores.Tests;

/// <summary>Figures, not verdicts: <c>dotnet run --project tests/Qgjob.Stores.Tests -- -explicit only -class *Throughput</c>.</summary>
public sealed class Throughput
{
    private const int Jobs = 10_000;
    private const int Batch = 500;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact(Explicit = true)]
    public async Task Memory() => await MeasureAsync("memory", new MemoryStore());

    /// <summary>What the working copy costs, without anything durable.</summary>
    [Fact(Explicit = true)]
    public async Task Engine() => await MeasureAsync("engine",
        await JournaledStore.OpenAsync(new NoJournal(), TimeProvider.System, new TimeOrderedIds(TimeProvider.System), Cancel));

    [Fact(Explicit = true)]
    public async Task Sqlite()
    {
        using var folder = new TempFolder();
        await MeasureAsync("sqlite", await SqliteHome.OpenFileAsync(folder.File("jobs.db"), Cancel));
    }

    internal static async Task MeasureAsync(string name, IJobStore store)
    {
        var results = new List<string>();
        await using (store)
        {
            var lab = new Lab(store, Cancel);
            await lab.RegisterAsync("a1", "b1", [.. Enumerable.Range(0, Batch).Select(i => Lab.Phone($"d{i}"))]);
            var view = new PoolView();
            await LifeAsync(lab, view, 2); // warm
            for (var round = 0; round < 3; round++)
            {
                var enqueue = lab.NewRun(Enumerable.Range(0, Jobs).Select(i => Lab.Spec(test: $"tests/t{i % 50}.spec.ts")));
                var clock = new Clock();
                await lab.DoAsync(enqueue);
                results.Add(Line(name, "enqueue 10,000 in one run", Jobs, clock));
                clock = new Clock();
                await LifeAsync(lab, view, Jobs / Batch, enqueueFirst: false);
                results.Add(Line(name, "claim + finish, batches of 500", Jobs, clock));
                clock = new Clock();
                await LifeAsync(lab, view, Jobs / Batch);
                results.Add(Line(name, "life, batches of 500", Jobs, clock));
                const int OneByOne = 500;
                clock = new Clock();
                for (var i = 0; i < OneByOne; i++)
                {
                    await lab.DoAsync(lab.NewRun([Lab.Spec()]));
                    await ClaimAndFinishAsync(lab, view, 1);
                }
                results.Add(Line(name, "life, one command per commit", OneByOne, clock));
            }
            await lab.DoAsync(lab.NewRun(Enumerable.Range(0, 10 * Jobs).Select(i => Lab.Spec(test: $"tests/t{i % 50}.spec.ts"))));
            var grown = new Clock();
            await LifeAsync(lab, view, Jobs / Batch, enqueueFirst: false);
            results.Add(Line(name, "claim + finish with 100,000 queued", Jobs, grown));
        }
        foreach (var line in results) TestContext.Current.TestOutputHelper!.WriteLine(line);
        await File.WriteAllLinesAsync(Path.Combine(Path.GetTempPath(), $"qgjob-throughput-{name}.txt"), results, Cancel);
    }

    private static async Task LifeAsync(Lab lab, PoolView view, int batches, bool enqueueFirst = true)
    {
        var batch = new List<StoreCommand>();
        for (var i = 0; i < batches; i++)
        {
            if (enqueueFirst)
            {
                batch.Clear();
                // One run a job: as many submitters as jobs.
                for (var k = 0; k < Batch; k++) batch.Add(lab.NewRun([Lab.Spec(test: $"tests/t{k % 50}.spec.ts")]));
                await lab.Store.CommitAsync(batch, Cancel);
            }
            await ClaimAndFinishAsync(lab, view, Batch);
        }
    }

    private static async Task ClaimAndFinishAsync(Lab lab, PoolView view, int count)
    {
        var group = Core.Groups.GroupKey.Of(Lab.Spec(), []).ToId();
        view.Apply(await lab.Store.ReadPoolAsync("default", view.Revision, Cancel));
        var claims = view.Devices.Take(count).Select(d => (StoreCommand)new Claim(d.Id, d.Version, group, null, lab.NewId("c"), Lab.Ttl, lab.Now));
        var leases = (await lab.Store.CommitAsync([.. claims], Cancel)).Cast<ClaimAnswer.Claimed>().Select(c => new LeaseRef(c.Device.Id, c.Device.Lease!.Token));
        var end = new AttemptEnd(AttemptOutcome.Passed, null, 12, []);
        await lab.Store.CommitAsync([.. leases.Select(l => new Finish(l, lab.NewId("f"), end, lab.Now))], Cancel);
    }

    private static string Line(string store, string what, int jobs, Clock clock) =>
        string.Create(CultureInfo.InvariantCulture, $"{store,-7} {what,-34} {jobs / clock.Seconds,9:n0} jobs/s {jobs / clock.CpuSeconds,9:n0} jobs/cpu-s");

    /// <summary>Wall and processor time: on a machine that does other things too, only the latter repeats.</summary>
    private sealed class Clock
    {
        private readonly Stopwatch wall = Stopwatch.StartNew();
        private readonly TimeSpan cpu = Environment.CpuUsage.TotalTime;

        public double Seconds => wall.Elapsed.TotalSeconds;
        public double CpuSeconds => (Environment.CpuUsage.TotalTime - cpu).TotalSeconds;
    }
}
