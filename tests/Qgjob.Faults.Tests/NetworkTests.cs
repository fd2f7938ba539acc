using System.Net;
using Qgjob.Faults.Tests.Processes;
using Qgjob.Faults.Tests.Stores;

namespace Qgjob.Faults.Tests;

/// <summary>Ways that are cut for longer than a lease and heal: packets vanish without a word, or calls are refused.</summary>
public sealed class NetworkTests
{
    private const string ForAgents = "127.0.0.2";
    private const string ForStore = "127.0.0.3";
    private static readonly TimeSpan LongerThanALease = TimeSpan.FromSeconds(6);

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Agents_and_server_hear_nothing_of_each_other()
    {
        if (await PrivateNetwork.RanInsideAsync(typeof(NetworkTests), nameof(Agents_and_server_hear_nothing_of_each_other), Cancel)) return;
        await using var trial = await StartAsync("sqlite", 1);
        await CutAsync(trial, ForAgents);
        await trial.CheckAsync(Cancel);
        Assert.Contains(trial.Past.Attempts, a => a.Attempt.Outcome is Qgjob.Core.Jobs.AttemptOutcome.Lost);
    }

    [Fact]
    public async Task Agents_are_refused_by_the_server()
    {
        if (await PrivateNetwork.RanInsideAsync(typeof(NetworkTests), nameof(Agents_are_refused_by_the_server), Cancel)) return;
        await using var trial = await StartAsync("sqlite", 1);
        await RefuseAsync(trial, ForAgents);
        await trial.CheckAsync(Cancel);
    }

    [Fact]
    public async Task A_server_hears_nothing_of_PostgreSQL()
    {
        if (await PrivateNetwork.RanInsideAsync(typeof(NetworkTests), nameof(A_server_hears_nothing_of_PostgreSQL), Cancel)) return;
        await using var trial = await StartAsync("postgres", 1);
        await CutAsync(trial, ForStore);
        await trial.CheckAsync(Cancel);
    }

    [Fact]
    public async Task A_server_is_refused_by_PostgreSQL()
    {
        if (await PrivateNetwork.RanInsideAsync(typeof(NetworkTests), nameof(A_server_is_refused_by_PostgreSQL), Cancel)) return;
        await using var trial = await StartAsync("postgres", 1);
        await RefuseAsync(trial, ForStore);
        await trial.CheckAsync(Cancel);
    }

    [Fact]
    public async Task A_server_hears_nothing_of_Redis()
    {
        if (await PrivateNetwork.RanInsideAsync(typeof(NetworkTests), nameof(A_server_hears_nothing_of_Redis), Cancel)) return;
        await using var trial = await StartAsync("redis", 1);
        await CutAsync(trial, ForStore);
        await trial.CheckAsync(Cancel);
    }

    [Fact]
    public async Task A_server_is_refused_by_Redis()
    {
        if (await PrivateNetwork.RanInsideAsync(typeof(NetworkTests), nameof(A_server_is_refused_by_Redis), Cancel)) return;
        await using var trial = await StartAsync("redis", 1);
        await RefuseAsync(trial, ForStore);
        await trial.CheckAsync(Cancel);
    }

    private static async Task CutAsync(Trial trial, string address)
    {
        await trial.MomentAsync(Cancel);
        await PrivateNetwork.CutAsync(address);
        await Waits.For(LongerThanALease, Cancel);
        await PrivateNetwork.HealAsync(address);
        await trial.ProgressAsync(12, Cancel, TimeSpan.FromSeconds(90));
    }

    private static async Task RefuseAsync(Trial trial, string address)
    {
        await trial.MomentAsync(Cancel);
        await PrivateNetwork.RefuseAsync(address);
        await Waits.For(LongerThanALease, Cancel);
        await PrivateNetwork.AcceptAsync(address);
        await trial.ProgressAsync(12, Cancel, TimeSpan.FromSeconds(90));
    }

    /// <summary>Agents reach the server, and the server its store, over an address of their own.</summary>
    private static async Task<Trial> StartAsync(string store, int servers)
    {
        var listen = IPAddress.Parse(ForStore);
        var site = await Site.StartAsync(
            folder => store switch
            {
                "postgres" => new PostgresUnderFault(folder) { Listen = listen },
                "redis" => new RedisUnderFault(folder, AppendOnly.Always) { Listen = listen },
                _ => StoreUnderFault.Of(store, folder),
            },
            servers, Cancel,
            (name, made, folder) => new ServerProcess(name, made.Url, folder, Path.Combine(folder, "blobs")) { ListenForAgents = IPAddress.Parse(ForAgents) });
        for (var i = 1; i <= 2; i++) site.AddAgent($"lab-{i}", 4, [.. site.Servers.Select(s => s.UrlForAgents)]);
        return await Trial.StartAsync(site, Cancel);
    }
}
