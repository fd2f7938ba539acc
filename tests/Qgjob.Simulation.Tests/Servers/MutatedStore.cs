using System.Collections;
using System.Reflection;
using Qgjob.Core.Storage;
using Qgjob.Simulation.Tests.World;

namespace Qgjob.Simulation.Tests.Servers;

/// <summary>A store in front of which a guard is made useless: what it compares is replaced by what it wants to see.</summary>
public class MutatedStore : DispatchProxy
{
    private IJobStore inner = null!;
    private SimWorld world = null!;

    internal static IJobStore Of(IJobStore store, SimWorld world)
    {
        if (world.Mutation is Mutation.None) return store;
        var proxy = Create<IJobStore, MutatedStore>();
        ((MutatedStore)(object)proxy).inner = store;
        ((MutatedStore)(object)proxy).world = world;
        return proxy;
    }

    protected override object? Invoke(MethodInfo? targetMethod, object?[]? args)
    {
        if (targetMethod!.Name == nameof(IJobStore.CommitAsync))
            args![0] = new Commands((IReadOnlyList<StoreCommand>)args[0]!, Changed);
        return targetMethod.Invoke(inner, BindingFlags.DoNotWrapExceptions, null, args, null);
    }

    private StoreCommand Changed(StoreCommand command) => (world.Mutation, command) switch
    {
        (Mutation.NoTokenCheck, Finish finish) => finish with { Lease = Current(finish.Lease) },
        (Mutation.NoTokenCheck, Renew renew) => renew with { Leases = [.. renew.Leases.Select(Current)] },
        (Mutation.NoVersionCheck, Claim claim) => claim with { DeviceVersion = world.Commits.FindDevice(claim.DeviceId)?.Version ?? claim.DeviceVersion },
        (Mutation.NoIdempotencyKey, Enqueue enqueue) => enqueue with { Run = enqueue.Run with { IdempotencyKey = null } },
        (Mutation.NoFinishId, Finish finish) => finish with { FinishId = world.NewId("f") },
        _ => command,
    };

    private LeaseRef Current(LeaseRef lease) =>
        world.Commits.FindDevice(lease.DeviceId)?.Lease is { } held ? lease with { Token = held.Token } : lease;

    /// <summary>Commands as they are changed at the moment at which they are applied, each time anew.</summary>
    private sealed class Commands(IReadOnlyList<StoreCommand> commands, Func<StoreCommand, StoreCommand> changed) : IReadOnlyList<StoreCommand>
    {
        public StoreCommand this[int index] => changed(commands[index]);
        public int Count => commands.Count;
        public IEnumerator<StoreCommand> GetEnumerator() => commands.Select(changed).GetEnumerator();
        IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
    }
}
