using Qgjob.Core;
using Qgjob.Core.Storage;
using Qgjob.Core.Storage.Journal;
using Qgjob.Stores.Redis;
using Qgjob.Stores.Tests.Contract;
using Qgjob.Stores.Tests.Servers;

[assembly: AssemblyFixture(typeof(RedisServer))]

namespace Qgjob.Stores.Tests.Redis;

/// <summary>A store of its own, by its prefix, on the tests' Redis server.</summary>
internal sealed class RedisHome(RedisServer server) : StoreHome
{
    private static int homes;

    public string Url { get; } = server.Url($"t{Interlocked.Increment(ref homes)}");

    public override async ValueTask<IJobStore> OpenAsync(CancellationToken cancel) =>
        await JournaledStore.OpenAsync(await RedisJournal.OpenAsync(Url, cancel), TimeProvider.System, new TimeOrderedIds(TimeProvider.System), cancel);

    public override ValueTask DisposeAsync() => ValueTask.CompletedTask;
}

public sealed class RedisStoreContract(RedisServer server) : HomeContract(new RedisHome(server));
