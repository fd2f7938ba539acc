using Qgjob.Core.Runs;
using Qgjob.Core.Storage.Engine;
using Qgjob.Core.Storage.Memory;

namespace Qgjob.Core.Storage.Journal;

/// <summary>
/// A store over a journal. What is unfinished is kept here as well, as a working copy: the engine applies a batch to it,
/// and the rows that changed become one commit, which the journal takes only if no other came in between. Otherwise the
/// copy takes in what the others wrote, and the batch is applied anew.
/// </summary>
public sealed partial class JournaledStore : IJobStore
{
    // Long enough for a database that restarts at once, short enough that a caller who waits is told in time.
    private static readonly TimeSpan PatienceWithJournal = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(1);

    private readonly IJournal journal;
    private readonly TimeProvider time;
    private readonly IIdSource ids;
    private readonly Turns gate = new();
    private readonly Lock reading = new();
    private readonly ChangeRecorder changed = new();
    private readonly CancellationTokenSource closing = new();
    private MemoryRows rows;
    private StoreEngine engine;
    private Head head = Head.Empty;
    private bool certain;
    private int loads;
    /// <summary>Set from the first call of the journal that failed to the next commit; who comes meanwhile is not kept waiting.</summary>
    private Failing? failing;
    private bool closed;
    private Task following = Task.CompletedTask;

    private JournaledStore(IJournal journal, TimeProvider time, IIdSource ids)
    {
        (this.journal, this.time, this.ids) = (journal, time, ids);
        rows = new MemoryRows(keepHistory: false, changed);
        engine = new StoreEngine(rows);
    }

    /// <summary>Reads the journal and follows it from then on. The store owns the journal.</summary>
    /// <exception cref="StoreUnavailableException">The journal did not answer.</exception>
    public static async ValueTask<JournaledStore> OpenAsync(IJournal journal, TimeProvider time, IIdSource ids, CancellationToken cancel)
    {
        var store = new JournaledStore(journal, time, ids);
        try
        {
            await store.LoadAsync(cancel);
        }
        catch
        {
            await journal.DisposeAsync();
            throw;
        }
        store.following = store.FollowAsync();
        return store;
    }

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<object>> CommitAsync(IReadOnlyList<StoreCommand> batch, CancellationToken cancel) => CommitAsync(batch, null, cancel);

    /// <inheritdoc/>
    public async ValueTask<IReadOnlyList<object>> CommitAsync(IReadOnlyList<StoreCommand> batch, Follow? follow, CancellationToken cancel)
    {
        StoreEngine.Check(batch);
        await gate.WaitAsync(cancel);
        try
        {
            ObjectDisposedException.ThrowIf(closed, this);
            return await CommitInTurnAsync(batch, follow, cancel);
        }
        finally
        {
            gate.Release();
        }
    }

    private async ValueTask<IReadOnlyList<object>> CommitInTurnAsync(IReadOnlyList<StoreCommand> batch, Follow? follow, CancellationToken cancel)
    {
        // What was sent and not answered: whether it happened shows in the journal, now or when it arrives late.
        Dictionary<string, IReadOnlyList<object>>? doubtful = null;
        // All that was taken in meanwhile: a call that fails halfway must not forget what it saw.
        var seen = new HashSet<string>();
        var loads = this.loads;
        IReadOnlyList<object>? Answered() => doubtful?.FirstOrDefault(sent => seen.Contains(sent.Key)).Value;
        while (true)
            try
            {
                if (!certain)
                {
                    await CatchUpAsync(seen, cancel);
                    if (Answered() is { } late) return late;
                    if (doubtful is not null && this.loads != loads) break;
                }
                var past = await PastOfAsync(batch, cancel);
                var (answers, changes) = Apply(batch, follow, past);
                if (changes.IsEmpty)
                {
                    Accept(head);
                    // Nothing to write: no commit shows that the copy was up to date, so that is asked.
                    var before = head;
                    await CatchUpAsync(seen, cancel);
                    if (head == before) return answers;
                    // Whether a commit of ours is among those shows at the next turn.
                    certain = false;
                    continue;
                }
                try
                {
                    certain = false;
                    if (await journal.CommitAsync(changes, cancel))
                    {
                        Accept(changes.Head);
                        certain = true;
                        failing = null;
                        return answers;
                    }
                    TakeBack();
                }
                catch
                {
                    TakeBack();
                    if (doubtful is null) loads = this.loads;
                    (doubtful ??= [])[changes.Head.CommitId] = answers;
                    throw;
                }
            }
            catch (StoreUnavailableException ex) when ((failing ??= new Failing(time)).For < PatienceWithJournal)
            {
                certain = false;
                if (!await failing.PauseAsync(cancel)) throw new StoreUnavailableException(ex.Message, ex);
            }
            catch (OperationCanceledException ex) when (doubtful is not null)
            {
                throw new StoreUnavailableException($"{journal.Name} did not answer in time.", ex);
            }
        // The commits that would tell were removed already.
        throw new StoreUnavailableException($"{journal.Name} did not answer, and does not tell any more whether it wrote.", new TimeoutException());
    }

    private (IReadOnlyList<object> Answers, RowChanges Changes) Apply(IReadOnlyList<StoreCommand> batch, Follow? follow, PastRows past)
    {
        lock (reading)
            try
            {
                rows.Fetched(past);
                var answers = engine.Apply(batch, follow, rows.Delta);
                return (answers, rows.Changed(head.Commit + 1, ids.NewId("w")));
            }
            catch
            {
                rows.TakeBack(head.Revision, head.Event);
                throw;
            }
    }

    private void Accept(Head written)
    {
        lock (reading)
        {
            rows.Accept();
            head = written;
        }
    }

    private void TakeBack()
    {
        lock (reading) rows.TakeBack(head.Revision, head.Event);
    }

    /// <summary>Rows of the past that the commands may ask for and that the working copy does not have.</summary>
    private async ValueTask<PastRows> PastOfAsync(IReadOnlyList<StoreCommand> batch, CancellationToken cancel)
    {
        List<RunKey>? keys = null;
        List<LeaseRef>? leases = null;
        List<string>? parents = null;
        foreach (var command in batch)
        {
            if (command is Enqueue { Run.ParentRunId: { } parent } && rows.FindRun(parent) is null) (parents ??= []).Add(parent);
            switch (command)
            {
                case Enqueue { Run: { IdempotencyKey: { } key } run } when rows.FindRunByKey(run.OrgId, key) is null:
                    (keys ??= []).Add(new RunKey(run.OrgId, key));
                    break;
                case Finish finish when rows.FindAttempt(finish.Lease) is null:
                    (leases ??= []).Add(finish.Lease);
                    break;
            }
        }
        if (keys is null && leases is null && parents is null) return PastRows.None;
        List<Run> runs = keys is null ? [] : [.. await journal.FindRunsByKeyAsync(keys, cancel)];
        foreach (var id in parents ?? [])
            if (runs.All(r => r.Id != id) && await journal.FindRunAsync(id, cancel) is { } run) runs.Add(run);
        return new PastRows(runs, leases is null ? [] : await journal.FindAttemptsAsync(leases, cancel));
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await closing.CancelAsync();
        await following;
        await gate.WaitAsync(CancellationToken.None);
        try
        {
            if (closed) return;
            closed = true;
            await journal.DisposeAsync();
            closing.Dispose();
        }
        finally
        {
            gate.Release();
        }
    }

    /// <summary>Since when a journal does not answer, and how long to wait before it is asked again.</summary>
    private sealed class Failing(TimeProvider time)
    {
        private readonly long began = time.GetTimestamp();
        private TimeSpan pause = FirstPause;

        public TimeSpan For => time.GetElapsedTime(began);

        /// <summary>False when the caller does not want to wait any more.</summary>
        public async Task<bool> PauseAsync(CancellationToken cancel)
        {
            await Task.Delay(pause, time, cancel).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
            pause = pause * 2 < LongestPause ? pause * 2 : LongestPause;
            return !cancel.IsCancellationRequested;
        }
    }
}
