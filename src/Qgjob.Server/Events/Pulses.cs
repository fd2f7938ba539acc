using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Threading.Channels;

namespace Qgjob.Server.Events;

/// <summary>Wakes followers in this process when something they follow has grown. A hint only: followers look every second anyway.</summary>
internal sealed class Pulses(TimeProvider time)
{
    private readonly ConcurrentDictionary<string, ImmutableHashSet<Listener>> listeners = new();

    public Listener Listen(params IReadOnlyList<string> keys)
    {
        var listener = new Listener(this, keys, time);
        foreach (var key in keys)
            listeners.AddOrUpdate(key, _ => [listener], (_, others) => others.Add(listener));
        return listener;
    }

    public void Ring(string key)
    {
        if (!listeners.TryGetValue(key, out var those)) return;
        foreach (var listener in those) listener.Wake();
    }

    public void RingAll()
    {
        foreach (var key in listeners.Keys) Ring(key);
    }

    private void Remove(Listener listener, string key)
    {
        while (listeners.TryGetValue(key, out var those))
            if (those.Remove(listener) is { IsEmpty: false } rest
                ? listeners.TryUpdate(key, rest, those)
                : listeners.TryRemove(KeyValuePair.Create(key, those))) return;
    }

    internal sealed class Listener(Pulses owner, IReadOnlyList<string> keys, TimeProvider time) : IDisposable
    {
        private readonly Channel<bool> bell = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });

        public void Wake() => bell.Writer.TryWrite(true);

        /// <summary>Waits for a ring, at most so long; true when there was one.</summary>
        public async Task<bool> WaitAsync(TimeSpan longest, CancellationToken cancel)
        {
            using var limit = new CancellationTokenSource(longest, time);
            using var both = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancel);
            try
            {
                return await bell.Reader.ReadAsync(both.Token);
            }
            catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
            {
                return false; // The caller looks all the same.
            }
        }

        public void Dispose()
        {
            foreach (var key in keys) owner.Remove(this, key);
        }
    }
}
