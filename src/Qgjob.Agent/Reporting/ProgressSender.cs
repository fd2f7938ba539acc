using Qgjob.Agent.Leases;
using Qgjob.Client;
using Qgjob.Client.Http;
using Qgjob.Client.Wire;
using Qgjob.Core.Storage;

namespace Qgjob.Agent.Reporting;

/// <summary>
/// Sends the news of all attempts, in order and in batches, each with a number so that a repeat counts once. Attempts
/// share the calls but not the harm: what the server refuses is left out by itself.
/// </summary>
internal sealed class ProgressSender(AgentClient client, LeaseKeeper leases, IAgentConsole console, TimeProvider time, Random random)
{
    private const int MostPerCall = 200;
    private const int MostKept = 10_000;
    // An attempt that says little is heard also when another one has filled the list.
    private const int KeptOfEach = 500;
    private static readonly TimeSpan Forever = TimeSpan.FromHours(1);
    // So that what belongs together travels together.
    private static readonly TimeSpan Gather = TimeSpan.FromMilliseconds(50);
    private readonly Lock gate = new();
    private readonly List<ProgressItem> waiting = [];
    private readonly Pulse wake = new(time);
    private readonly Pulse idle = new(time);
    private List<ProgressItem> sending = [];
    private LeaseRef? complained;
    // One for all leases: what rises over all of them rises for each.
    private long sequence;

    public void Send(ProgressItem item)
    {
        lock (gate)
        {
            // Only when the server is away for very long; the finish carries all results again.
            if (waiting.Count < MostKept || waiting.Count(i => i.Lease == item.Lease) < KeptOfEach)
                waiting.Add(item with { Sequence = ++sequence });
        }

        wake.Set();
    }

    /// <summary>Waits until all of one attempt's news is sent, at most <paramref name="limit"/>.</summary>
    public async Task FlushAsync(LeaseRef lease, TimeSpan limit, CancellationToken cancel)
    {
        var start = time.GetTimestamp();
        while (HasMore(lease) && time.GetElapsedTime(start) < limit)
            await idle.WaitAsync(Gather, cancel).ConfigureAwait(false);
    }

    public async Task RunAsync(CancellationToken cancel)
    {
        var backoff = new Backoff(time, random);
        while (true)
        {
            if (IsEmpty) await wake.WaitAsync(Forever, cancel).ConfigureAwait(false);
            await Task.Delay(Gather, time, cancel).ConfigureAwait(false);
            List<ProgressItem> batch;
            lock (gate)
            {
                batch = sending = [.. waiting.Take(MostPerCall)];
                waiting.RemoveRange(0, batch.Count);
            }

            if (batch.Count == 0) continue;
            var wait = await SendAsync(batch, backoff, cancel).ConfigureAwait(false);
            lock (gate) sending = [];
            idle.Set();
            if (wait is { } pause) await Task.Delay(pause, time, cancel).ConfigureAwait(false);
        }
    }

    private bool IsEmpty
    {
        get { lock (gate) return waiting.Count == 0; }
    }

    private bool HasMore(LeaseRef lease)
    {
        lock (gate) return sending.Exists(i => i.Lease == lease) || waiting.Exists(i => i.Lease == lease);
    }

    /// <returns>How long to wait before the next try; null for not at all.</returns>
    private async Task<TimeSpan?> SendAsync(List<ProgressItem> batch, Backoff backoff, CancellationToken cancel)
    {
        // What comes first lies on top.
        var parts = new Stack<List<ProgressItem>>([batch]);
        while (parts.TryPop(out var part))
        {
            try
            {
                var answer = await client.ProgressAsync(new ProgressRequest(part), cancel).ConfigureAwait(false);
                for (var i = 0; i < part.Count && i < answer.States.Count; i++) leases.Apply(part[i].Lease, answer.States[i]);
                backoff.Reset();
            }
            catch (ApiException e) when (e.IsContentRefused && part.Count > 1)
            {
                // One item's fault, or all are too much at once: in halves, until the bad one is alone.
                var half = part.Count / 2;
                parts.Push(part[half..]);
                parts.Push(part[..half]);
            }
            catch (ApiException e) when (e.IsFinal)
            {
                Complain(part[0].Lease, e);
            }
            catch (Exception e) when (e is ServerUnreachableException or ApiException)
            {
                // The server may have taken the part whose answer was lost: the numbers tell it.
                lock (gate) waiting.InsertRange(0, [.. part, .. parts.SelectMany(p => p)]);
                return backoff.Next(e);
            }
        }

        return null;
    }

    /// <summary>Once per attempt, roughly: nothing is lost but the live view, since the finish tells all.</summary>
    private void Complain(LeaseRef lease, ApiException e)
    {
        if (complained == lease) return;
        complained = lease;
        console.Warn($"{lease.DeviceId}: the server refuses news of an attempt, which goes on: {e.Message}");
    }
}
