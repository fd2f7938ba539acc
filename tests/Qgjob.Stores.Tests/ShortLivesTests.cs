using Qgjob.Core;
using Qgjob.Core.Jobs;
using Qgjob.Core.Results;
using Qgjob.Core.Runs;
using Qgjob.Core.Scheduling;
using Qgjob.Core.Storage;
using Qgjob.Core.Storage.Journal;
using Qgjob.Core.Storage.Memory;
using Qgjob.Stores.Tests.Journal;

namespace Qgjob.Stores.Tests;

/// <summary>Ever new names of everything, for long: no table may grow with them once retention has passed.</summary>
public sealed class ShortLivesTests
{
    private const int Lives = 200_000;
    private const int LivesPerDay = 2_000;
    private static readonly TimeSpan Kept = TimeSpan.FromDays(2);

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Nothing_in_the_memory_store_grows_with_what_came_and_went()
    {
        await using var store = new MemoryStore();
        await LiveAsync(store, Lives, () => store.Sizes);
    }

    [Fact]
    public async Task Nothing_in_the_working_copy_of_a_journal_grows_with_what_came_and_went()
    {
        await using var store = await JournaledStore.OpenAsync(new ModelJournal { Kept = 0 }, TimeProvider.System, new TimeOrderedIds(TimeProvider.System), Cancel);
        await LiveAsync(store, Lives / 20, () => store.Sizes);
    }

    private static async Task LiveAsync(IJobStore store, int lives, Func<IReadOnlyDictionary<string, int>> sizes)
    {
        var lab = new Lab(store, Cancel);
        var view = new PoolView();
        var step = TimeSpan.FromDays(1) / LivesPerDay;
        Dictionary<string, int> most = [];
        for (var i = 0; i < lives; i++)
        {
            lab.Now += step;
            var spec = Lab.Spec($"v{i}", $"tests/{i}.spec.ts") with { Device = $"tag=lab1,model=Pixel 7,os>={i % 13}" };
            var enqueue = lab.NewRun([spec], $"key{i}", "body");
            var agent = $"agent{i / 10}";
            var phone = $"{agent}/phone{i}";
            await store.CommitAsync(
            [
                enqueue with { Run = enqueue.Run with { SupersedeKey = $"branch{i}" } },
                new Register(agent, $"boot{i}", agent, "1", Run.DefaultPool, [Lab.Phone(phone)], lab.Now),
            ], Cancel);
            view.Apply(await store.ReadPoolAsync(Run.DefaultPool, view.Revision, Cancel));
            var device = view.FindDevice(phone)!;
            var decision = Assert.IsType<Decision.Claim>(Dispatch.Decide(view, device, lab.Now));
            var claimed = Assert.IsType<ClaimAnswer.Claimed>(await lab.DoAsync(view.ClaimFor(device, decision, $"c{i}", Lab.Ttl, lab.Now)));
            await lab.FinishAsync(new LeaseRef(phone, claimed.Device.Lease!.Token), AttemptOutcome.Passed, Lab.Test("x", TestStatus.Passed));
            if (i % 500 != 499) continue;

            await lab.DoAsync(new ExpireLeases(1000, lab.Now - Lab.Ttl, lab.Now));
            while ((await lab.DoAsync(new Forget(lab.Now - Kept, 1000, lab.Now))).Total == 1000)
            {
            }
            IReadOnlyList<Run> old;
            while ((old = await store.FinishedRunsAsync(null, lab.Now - Kept, 200, Cancel)).Count > 0)
                await store.PurgeRunsAsync([.. old.Select(r => r.Id)], Cancel);
            foreach (var (table, size) in sizes()) most[table] = Math.Max(most.GetValueOrDefault(table), size);
        }
        // Two days of lives, what comes between two rounds, some rows of each; the list of changes has gaps and remembers who is gone.
        Assert.All(most, t => Assert.InRange(t.Value, 0, t.Key switch
        {
            "orgs" or "terms" or "resources" or "hook rows" or "ready" or "deadlines" => 1,
            "changes" => 40_000,
            "events" => 8 * 4_600,
            _ => 2 * 4_600,
        }));
        Assert.InRange(view.Devices.Count, 1, 4_600);
    }
}
