using CsCheck;
using Qgjob.Core.Runs;
using Qgjob.Core.Scheduling;
using Qgjob.Core.Storage;
using Qgjob.Core.Storage.Memory;

namespace Qgjob.Stores.Tests.Traces;

/// <summary>Random histories: every store gives the memory store's answers and ends in its state, and counters stay exact.</summary>
/// <remarks>A failure prints a seed; CsCheck_Seed=SEED repeats it.</remarks>
public sealed class TraceTests
{
    private const int Traces = 36;
    private const int Steps = 250;

    private static readonly Gen<Step[]> Histories =
        Gen.Select(Gen.Int[0, 24], Gen.Int[0, 63], Gen.Int[0, 63], Gen.Int[0, 63], (kind, a, b, c) => new Step(kind, a, b, c)).Array[Steps];

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public Task Sqlite_behaves_like_memory() => BehavesLikeMemoryAsync(() => new SqliteHome());

    [Fact]
    public Task Two_servers_on_one_file_behave_like_memory() => BehavesLikeMemoryAsync(() => new SqliteHome(), servers: 2);

    [Fact]
    public Task A_journaled_store_behaves_like_memory() => BehavesLikeMemoryAsync(() => new ModelHome());

    [Fact]
    public Task Two_servers_on_one_journal_behave_like_memory() => BehavesLikeMemoryAsync(() => new ModelHome(), servers: 2);

    internal static Task BehavesLikeMemoryAsync(Func<StoreHome> newHome, int servers = 1, int traces = Traces) =>
        Histories.SampleAsync(steps => BehavesLikeMemoryAsync(newHome, servers, steps), iter: traces);

    [Fact]
    public Task Memory_keeps_its_invariants_after_every_step() => Histories.SampleAsync(async steps =>
    {
        await using var store = new MemoryStore();
        var trace = new Trace(store, Cancel);
        var follower = new PoolView();
        var tokens = new Dictionary<string, long>();
        foreach (var step in steps)
        {
            var command = await trace.NextAsync(step);
            List<Decision>? supposed = null;
            trace.Note(command, (await store.CommitAsync([command], changed =>
            {
                if (follower.Suppose(changed(Run.DefaultPool, follower.Revision))) supposed = Decisions(follower, trace.Now);
                return [];
            }, Cancel))[0]);
            await Ledger.CheckAsync(store, Cancel);
            await CheckFollowerAsync(store, follower);
            // What was decided before the commit is what is decided after it.
            if (supposed is not null) Assert.Equal(supposed, Decisions(await ReadAsync(store), trace.Now));
            // Of leases: a device that was forgotten comes back without its last token, and the next one is higher all the same.
            foreach (var lease in follower.Devices.Where(d => d.Lease is not null).Select(d => new LeaseRef(d.Id, d.Lease!.Token)))
            {
                Assert.True(lease.Token >= tokens.GetValueOrDefault(lease.DeviceId));
                tokens[lease.DeviceId] = lease.Token;
            }
        }
    }, iter: Traces);

    /// <summary>The servers take turns, batch by batch.</summary>
    private static async Task BehavesLikeMemoryAsync(Func<StoreHome> newHome, int count, Step[] steps)
    {
        await using var home = newHome();
        await using var memory = new MemoryStore();
        var servers = new List<IJobStore>();
        try
        {
            for (var s = 0; s < count; s++) servers.Add(await home.OpenAsync(Cancel));
            var trace = new Trace(memory, Cancel);
            var followers = servers.ConvertAll(_ => new PoolView());
            var memoryFollower = new PoolView();
            var batch = new List<StoreCommand>();
            var expected = new List<object>();
            var turn = 0;
            for (var i = 0; i < steps.Length; i++)
            {
                var command = await trace.NextAsync(steps[i]);
                var answer = (await memory.CommitAsync([command], Cancel))[0];
                trace.Note(command, answer);
                batch.Add(command);
                expected.Add(answer);
                // Batches of 1 to 8 commands must mean the same as one by one.
                if (steps[i].A % 8 < batch.Count || i == steps.Length - 1)
                {
                    turn = (turn + 1) % count;
                    var store = servers[turn];
                    // What is supposed while a batch is written leaves no traces, however often it is written anew.
                    var follower = followers[turn];
                    var answers = await store.CommitAsync(batch, changed =>
                    {
                        follower.DropGuesses();
                        follower.Suppose(changed(Run.DefaultPool, follower.Revision));
                        return [];
                    }, Cancel);
                    for (var k = 0; k < batch.Count; k++)
                        Assert.True(State.Text(expected[k]) == State.Text(answers[k]), $"step {i}: {batch[k]}\nmemory {State.Text(expected[k])}\n{home} {State.Text(answers[k])}");
                    batch.Clear();
                    expected.Clear();
                    await CheckFollowerAsync(store, followers[turn]);
                    await CheckFollowerAsync(memory, memoryFollower);
                    CheckDecisions(trace.Now, followers[turn], memoryFollower, await ReadAsync(store), await ReadAsync(memory));
                }
                // Opened anew halfway: what a store remembers must not matter.
                if (i == steps.Length / 2)
                {
                    await servers[0].DisposeAsync();
                    servers[0] = await home.OpenAsync(Cancel);
                }
            }
            var last = servers[turn];
            Assert.Equal(await State.OfAsync(memory, Cancel), await State.OfAsync(last, Cancel));
            await Ledger.CheckAsync(last, Cancel);
        }
        finally
        {
            foreach (var server in servers) await server.DisposeAsync();
        }
    }

    /// <summary>The same snapshot gives the same decision, whichever store it came from and however it was read.</summary>
    private static void CheckDecisions(DateTimeOffset now, params PoolView[] views)
    {
        foreach (var device in views[0].Devices)
        {
            // A guess as a dispatcher makes it between two reads; the next read drops it again.
            var decisions = views.Select(v => Dispatch.Decide(v, v.FindDevice(device.Id)!, now)).ToList();
            Assert.All(decisions, d => Assert.Equal(decisions[0], d));
            if (decisions[0] is Decision.Claim claim)
                foreach (var view in views) view.Assume(device.Id, claim.GroupId);
        }
    }

    private static List<Decision> Decisions(PoolView view, DateTimeOffset now) =>
        [.. view.Devices.OrderBy(d => d.Id, StringComparer.Ordinal).Select(d => Dispatch.Decide(view, d, now))];

    private static async Task<PoolView> ReadAsync(IJobStore store)
    {
        var view = new PoolView();
        view.Apply(await store.ReadPoolAsync(Run.DefaultPool, 0, Cancel));
        return view;
    }

    private static async Task CheckFollowerAsync(IJobStore store, PoolView follower)
    {
        follower.Apply(await store.ReadPoolAsync(Run.DefaultPool, follower.Revision, Cancel));
        var fresh = await ReadAsync(store);
        var versions = (await store.ListAppVersionsAsync(null, new PageRequest(100), Cancel)).Items;
        Assert.Equal(State.Text(Ledger.Facts(fresh, versions)), State.Text(Ledger.Facts(follower, versions)));
    }
}
