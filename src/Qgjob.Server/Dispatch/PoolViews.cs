using Qgjob.Core.Devices;
using Qgjob.Core.Groups;
using Qgjob.Core.Runs;
using Qgjob.Core.Scheduling;
using Qgjob.Core.Storage;

namespace Qgjob.Server.Dispatch;

/// <summary>What the dispatcher knows of every pool. Only its loop touches this.</summary>
internal sealed class PoolViews
{
    private readonly Dictionary<string, PoolView> pools = new() { [Run.DefaultPool] = new PoolView() };
    private readonly Dictionary<string, IReadOnlySet<string>> draining = [];

    public IEnumerable<PoolView> All => pools.Values;
    public IEnumerable<Device> Devices => pools.Values.SelectMany(p => p.Devices);
    public IEnumerable<(PoolView Pool, Group Group)> Groups => pools.Values.SelectMany(p => p.Groups.Select(g => (p, g)));

    /// <summary>The pool that the device is in now; until the next refresh, a device that moved may still be known to its old pool.</summary>
    public (PoolView Pool, Device Device)? FindDevice(string id)
    {
        foreach (var (name, pool) in pools)
            if (pool.FindDevice(id) is { } device && device.Pool == name) return (pool, device);
        return null;
    }

    public (PoolView Pool, Group Group)? FindGroup(string id)
    {
        foreach (var pool in pools.Values)
            if (pool.FindGroup(id) is { } group) return (pool, group);
        return null;
    }

    /// <summary>The pool's view, or null when nobody named the pool yet.</summary>
    public PoolView? Find(string pool) => pools.GetValueOrDefault(pool);

    public void Add(string pool) => pools.TryAdd(pool, new PoolView());

    /// <summary>Takes in what changed in the store; true when anything did.</summary>
    /// <param name="store">The store.</param>
    /// <param name="freed">Hears of devices that were leased and are not any more, whichever server was told.</param>
    /// <param name="cancel">Ends it.</param>
    public async ValueTask<bool> RefreshAsync(IJobStore store, Action<string> freed, CancellationToken cancel)
    {
        var changed = false;
        foreach (var (name, view) in pools)
        {
            var delta = await store.ReadPoolAsync(name, view.Revision, cancel);
            NoteFreed(view, delta, freed);
            view.Apply(delta);
            changed |= !delta.IsEmpty
                || !draining.GetValueOrDefault(name, new HashSet<string>()).SetEquals(delta.DrainingAgents);
            draining[name] = delta.DrainingAgents;
        }
        return changed;
    }

    /// <summary>
    /// Takes in, as guesses that the next refresh drops, what a batch has changed that is not committed yet. False when
    /// nobody can decide on it before it is.
    /// </summary>
    /// <param name="changed">What changed in a pool after a revision.</param>
    /// <param name="freed">Hears of devices that were leased and would not be any more.</param>
    public bool Suppose(Func<string, long, PoolDelta> changed, Action<string> freed)
    {
        foreach (var (name, view) in pools)
        {
            view.DropGuesses();
            var delta = changed(name, view.Revision);
            NoteFreed(view, delta, freed);
            if (!view.Suppose(delta)) return false;
        }
        return true;
    }

    /// <summary>Forgets everything, guesses included; the next refresh reads all.</summary>
    public void Forget()
    {
        foreach (var name in pools.Keys.ToList()) pools[name] = new PoolView();
    }

    private static void NoteFreed(PoolView view, PoolDelta delta, Action<string> freed)
    {
        foreach (var device in delta.Devices)
            if (device is { Online: true, Lease: null } && view.FindDevice(device.Id) is { Lease.JobId.Length: > 0 }) freed(device.Id);
    }
}
