using System.Reflection;
using Qgjob.Core.Runs;
using Qgjob.Core.Storage;
using Qgjob.Core.Storage.Memory;
using Xunit.Sdk;

namespace Qgjob.Stores.Tests.Contract;

/// <summary>The contract notices a guard that is dropped: what a command would be checked against is replaced by what the store wants to see.</summary>
public sealed class DroppedGuardTests
{
    [Fact]
    public async Task The_device_version_of_a_claim()
    {
        await using var contract = new ContractOf(async (store, command) => command is Claim claim
            && (await store.ReadPoolAsync(Run.DefaultPool, 0, TestContext.Current.CancellationToken)).Devices.FirstOrDefault(d => d.Id == claim.DeviceId) is { } device
                ? claim with { DeviceVersion = device.Version }
                : command);
        await contract.InitializeAsync();
        await Assert.ThrowsAnyAsync<XunitException>(contract.A_decision_on_an_old_device_version_conflicts);
    }

    [Fact]
    public async Task The_token_of_a_result()
    {
        await using var contract = new ContractOf(async (store, command) => command is Finish finish
            && (await store.ReadPoolAsync(Run.DefaultPool, 0, TestContext.Current.CancellationToken)).Devices.FirstOrDefault(d => d.Id == finish.Lease.DeviceId) is { Lease: { } lease }
                ? finish with { Lease = finish.Lease with { Token = lease.Token } }
                : command);
        await contract.InitializeAsync();
        await Assert.ThrowsAnyAsync<XunitException>(contract.A_result_with_a_stale_token_is_refused);
    }

    /// <summary>The suite over a store whose commands are changed before they are applied; not public, so that it does not run by itself.</summary>
    private sealed class ContractOf(Func<IJobStore, StoreCommand, Task<StoreCommand>> changed) : JobStoreContract
    {
        protected override ValueTask<IJobStore> OpenEmptyAsync()
        {
            var proxy = DispatchProxy.Create<IJobStore, ChangedStore>();
            ((ChangedStore)(object)proxy).Of(new MemoryStore(), changed);
            return new(proxy);
        }
    }

    /// <summary>A store behind a change of its commands.</summary>
    public class ChangedStore : DispatchProxy
    {
        private IJobStore inner = null!;
        private Func<IJobStore, StoreCommand, Task<StoreCommand>> changed = null!;

        public void Of(IJobStore store, Func<IJobStore, StoreCommand, Task<StoreCommand>> change) => (inner, changed) = (store, change);

        protected override object? Invoke(MethodInfo? targetMethod, object?[]? args) => targetMethod!.Name == nameof(IJobStore.CommitAsync)
            ? new ValueTask<IReadOnlyList<object>>(CommitAsync((IReadOnlyList<StoreCommand>)args![0]!, (CancellationToken)args[1]!))
            : targetMethod.Invoke(inner, BindingFlags.DoNotWrapExceptions, null, args, null);

        private async Task<IReadOnlyList<object>> CommitAsync(IReadOnlyList<StoreCommand> batch, CancellationToken cancel)
        {
            var answers = new List<object>();
            foreach (var command in batch) answers.AddRange(await inner.CommitAsync([await changed(inner, command)], cancel));
            return answers;
        }
    }
}
