using System.Threading.Channels;
using Qgjob.Core.Storage.Engine;
using Qgjob.Core.Storage.Memory;

namespace Qgjob.Core.Storage.Journal;

/// <summary>Keeping up with what other servers write.</summary>
public sealed partial class JournaledStore
{
    // Hints only make it earlier.
    private static readonly TimeSpan LongestWithoutLook = TimeSpan.FromSeconds(1);

    private readonly Channel<IReadOnlySet<string>> news = Channel.CreateBounded<IReadOnlySet<string>>(
        new BoundedChannelOptions(1000) { FullMode = BoundedChannelFullMode.DropOldest });

    /// <inheritdoc/>
    public ValueTask<IReadOnlySet<string>> NewsAsync(CancellationToken cancel) => news.Reader.ReadAsync(cancel);

    private async Task FollowAsync()
    {
        try
        {
            while (true)
            {
                using (var look = CancellationTokenSource.CreateLinkedTokenSource(closing.Token))
                {
                    await Task.WhenAny(journal.WaitForHintAsync(look.Token), Task.Delay(LongestWithoutLook, time, look.Token));
                    look.Cancel();
                }
                await gate.WaitAsync(closing.Token);
                try
                {
                    await CatchUpAsync([], closing.Token);
                }
                catch (Exception) when (!closing.IsCancellationRequested)
                {
                    // Whoever commits or reads next meets it too and is told; here the next look tries again.
                    certain = false;
                }
                finally
                {
                    gate.Release();
                }
            }
        }
        catch (OperationCanceledException) when (closing.IsCancellationRequested)
        {
            // Closed.
        }
    }

    /// <summary>Takes in what was committed since this copy's head, and adds the ids of those commits. The gate is held.</summary>
    private async ValueTask CatchUpAsync(HashSet<string> commits, CancellationToken cancel)
    {
        var before = head;
        var runs = new HashSet<string>();
        try
        {
            while (true)
            {
                var missed = await journal.ReadSinceAsync(head.Commit, cancel);
                if (missed is null)
                {
                    await LoadAsync(cancel);
                    commits.Add(head.CommitId);
                    foreach (var id in rows.Runs.Keys) runs.Add(id);
                    break;
                }
                if (missed.Count == 0) break;
                foreach (var commit in missed)
                {
                    lock (reading)
                    {
                        rows.Fill(commit);
                        head = commit.Head;
                    }
                    commits.Add(commit.Head.CommitId);
                    foreach (var happened in commit.Events) runs.Add(happened.RunId);
                    foreach (var run in commit.Runs) runs.Add(run.Id);
                }
            }
            certain = true;
        }
        finally
        {
            // Also of a part, when the next part cannot be read.
            if (head != before) news.Writer.TryWrite(runs);
        }
    }

    private async ValueTask LoadAsync(CancellationToken cancel)
    {
        var all = await journal.LoadAsync(cancel);
        var fresh = new MemoryRows(keepHistory: false, changed);
        lock (reading)
        {
            changed.Clear();
            fresh.FillWhole(all);
            (rows, engine, head) = (fresh, new StoreEngine(fresh), all.Head);
        }
        loads++;
        certain = true;
    }
}
