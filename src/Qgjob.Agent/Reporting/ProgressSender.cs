using System.Net;
using Qgjob.Agent.Leases;
using Qgjob.Client;
using Qgjob.Client.Http;
using Qgjob.Client.Wire;

namespace Qgjob.Agent.Reporting;

/// <summary>Sends the news of all attempts, in order and in batches, each with a number so that a repeat counts once.</summary>
internal sealed class ProgressSender(AgentClient client, LeaseKeeper leases, TimeProvider time, Random random)
{
    private const int MostPerCall = 200;
    private const int MostKept = 10_000;
    private static readonly TimeSpan Forever = TimeSpan.FromHours(1);
    // So that what belongs together travels together.
    private static readonly TimeSpan Gather = TimeSpan.FromMilliseconds(50);
    private readonly Lock _gate = new();
    private readonly List<ProgressItem> _waiting = [];
    private readonly Pulse _wake = new(time);
    private readonly Pulse _idle = new(time);
    private bool _sending;
    // One for all leases: what rises over all of them rises for each.
    private long _sequence;

    public void Send(ProgressItem item)
    {
        lock (_gate)
        {
            // Only when the server is away for very long; the finish carries all results again.
            if (_waiting.Count < MostKept) _waiting.Add(item with { Sequence = ++_sequence });
        }

        _wake.Set();
    }

    /// <summary>Waits until everything is sent, at most <paramref name="limit"/>.</summary>
    public async Task FlushAsync(TimeSpan limit, CancellationToken cancel)
    {
        var start = time.GetTimestamp();
        while (HasMore && time.GetElapsedTime(start) < limit)
            await _idle.WaitAsync(Gather, cancel).ConfigureAwait(false);
    }

    public async Task RunAsync(CancellationToken cancel)
    {
        var backoff = new Backoff(time, random);
        while (true)
        {
            if (!HasMore) await _wake.WaitAsync(Forever, cancel).ConfigureAwait(false);
            await Task.Delay(Gather, time, cancel).ConfigureAwait(false);
            List<ProgressItem> batch;
            lock (_gate)
            {
                batch = [.. _waiting.Take(MostPerCall)];
                _waiting.RemoveRange(0, batch.Count);
                _sending = batch.Count > 0;
            }

            if (batch.Count == 0) continue;
            var wait = await SendAsync(batch, backoff, cancel).ConfigureAwait(false);
            lock (_gate) _sending = false;
            _idle.Set();
            if (wait is { } pause) await Task.Delay(pause, time, cancel).ConfigureAwait(false);
        }
    }

    private bool HasMore
    {
        get { lock (_gate) return _sending || _waiting.Count > 0; }
    }

    private async Task<TimeSpan?> SendAsync(List<ProgressItem> batch, Backoff backoff, CancellationToken cancel)
    {
        try
        {
            var answer = await client.ProgressAsync(new ProgressRequest(batch), cancel).ConfigureAwait(false);
            for (var i = 0; i < batch.Count && i < answer.States.Count; i++) leases.Apply(batch[i].Lease, answer.States[i]);
            backoff.Reset();
            return null;
        }
        catch (Exception e) when (e is ServerUnreachableException or ApiException { Status: >= HttpStatusCode.InternalServerError or HttpStatusCode.TooManyRequests })
        {
            // The server may have taken the batch whose answer was lost: the numbers tell it.
            lock (_gate) _waiting.InsertRange(0, batch);
            return backoff.Next();
        }
        catch (ApiException)
        {
            return null; // Not wanted; the finish tells all.
        }
    }
}
