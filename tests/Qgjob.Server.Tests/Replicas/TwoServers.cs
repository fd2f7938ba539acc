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
    private bool storeHasClock;
    private readonly DirectoryInfo blobs = Directory.CreateTempSubdirectory("qgjob-replicas");

    public ModelJournal Journal { get; } = new();
    public FakeTimeProvider Time { get; } = RunningServer.Clock();
    public RunningServer A { get; private set; } = null!;
    public RunningServer B { get; private set; } = null!;

    /// <summary>Cuts A off from the store.</summary>
    public FailingStore StoreOfA { get; private set; } = null!;

    public static async Task<TwoServers> StartAsync()
    {
        var both = await StartAloneAsync(storeHasClock: false);
        await both.AddAsync();
        return both;
    }

    /// <summary>Only A; B comes with <see cref="AddAsync"/>.</summary>
    public static async Task<TwoServers> StartAloneAsync(bool storeHasClock)
    {
        var both = new TwoServers { storeHasClock = storeHasClock };
        both.StoreOfA = await both.OpenAsync();
        both.A = await RunningServer.StartAsync(both.Time, both.StoreOfA, [.. s_leases, "--blobs", both.blobs.FullName]);
        return both;
    }

    public async Task AddAsync() =>
        B = await RunningServer.StartAsync(Time, await OpenAsync(), [.. s_leases, "--blobs", blobs.FullName]);

    public bool KeepsHouse(RunningServer server) => server.Services.GetRequiredService<Housekeeping>().IsOurs;

    /// <summary>Second by second, and in between everybody does what is to be done.</summary>
    public async Task PassAsync(int seconds, Func<Task>? eachSecond = null)
    {
        for (var second = 0; second < seconds; second++)
        {
            Time.Advance(TimeSpan.FromSeconds(1));
            foreach (var server in new[] { A, B }.Where(s => s is not null))
                using (await server.Http.GetAsync("/readyz", TestContext.Current.CancellationToken))
                    if (eachSecond is not null) await eachSecond();
        }
    }

    public async ValueTask DisposeAsync()
    {
        await A.DisposeAsync();
        if (B is not null) await B.DisposeAsync();
        blobs.Delete(recursive: true);
    }

    private async Task<FailingStore> OpenAsync() =>
        new(await JournaledStore.OpenAsync(Journal, Time, new TimeOrderedIds(Time), TestContext.Current.CancellationToken)) { Clock = storeHasClock ? Time : null };
}
