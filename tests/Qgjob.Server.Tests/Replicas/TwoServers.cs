using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using Qgjob.Core;
using Qgjob.Core.Storage.Journal;
using Qgjob.Server.Dispatch;
using Qgjob.Server.Tests.Dispatch;
using Qgjob.Stores.Tests.Journal;
using Xunit;

namespace Qgjob.Server.Tests.Replicas;

/// <summary>Two servers over one journal and one blobs folder, with one clock that only tests move.</summary>
internal sealed class TwoServers : IAsyncDisposable
{
    private static readonly string[] s_leases = ["--lease-ttl", "20s", "--lease-renew", "5s", "--lease-margin", "5s"];
    private readonly DirectoryInfo blobs = Directory.CreateTempSubdirectory("qgjob-replicas");

    public ModelJournal Journal { get; } = new();
    public FakeTimeProvider Time { get; } = RunningServer.Clock();
    public RunningServer A { get; private set; } = null!;
    public RunningServer B { get; private set; } = null!;

    /// <summary>Cuts A off from the store.</summary>
    public FailingStore StoreOfA { get; private set; } = null!;

    public static async Task<TwoServers> StartAsync()
    {
        var both = new TwoServers();
        both.StoreOfA = new FailingStore(await both.OpenAsync());
        both.A = await RunningServer.StartAsync(both.Time, both.StoreOfA, [.. s_leases, "--blobs", both.blobs.FullName]);
        both.B = await RunningServer.StartAsync(both.Time, await both.OpenAsync(), [.. s_leases, "--blobs", both.blobs.FullName]);
        return both;
    }

    public bool KeepsHouse(RunningServer server) => server.Services.GetRequiredService<Housekeeping>().IsOurs;

    /// <summary>Second by second, and in between everybody does what is to be done.</summary>
    public async Task PassAsync(int seconds, Func<Task>? eachSecond = null)
    {
        for (var second = 0; second < seconds; second++)
        {
            Time.Advance(TimeSpan.FromSeconds(1));
            foreach (var server in new[] { A, B })
                using (await server.Http.GetAsync("/readyz", TestContext.Current.CancellationToken))
                    if (eachSecond is not null) await eachSecond();
        }
    }

    public async ValueTask DisposeAsync()
    {
        await A.DisposeAsync();
        await B.DisposeAsync();
        blobs.Delete(recursive: true);
    }

    private async Task<JournaledStore> OpenAsync() =>
        await JournaledStore.OpenAsync(Journal, Time, new TimeOrderedIds(Time), TestContext.Current.CancellationToken);
}
