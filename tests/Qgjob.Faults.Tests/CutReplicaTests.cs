using System.Diagnostics;
using System.Globalization;
using System.Net;
using Qgjob.Core.Jobs;
using Qgjob.Faults.Tests.Agents;
using Qgjob.Faults.Tests.Load;
using Qgjob.Faults.Tests.Processes;
using Qgjob.Faults.Tests.Stores;

namespace Qgjob.Faults.Tests;

/// <summary>Of two servers one hears nothing of the store any more, while everybody reaches both: whoever is with it goes on at the other.</summary>
public sealed class CutReplicaTests
{
    private const string WayOfFirst = "127.0.0.3";
    private const string WayOfSecond = "127.0.0.4";
    private static readonly TimeSpan LongestGap = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan LongerThanALease = TimeSpan.FromSeconds(6);

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task PostgreSQL_hears_nothing_of_one_of_two_servers()
    {
        if (await PrivateNetwork.RanInsideAsync(typeof(CutReplicaTests), nameof(PostgreSQL_hears_nothing_of_one_of_two_servers), Cancel)) return;
        await CutOneAsync(folder => new PostgresUnderFault(folder) { Listen = IPAddress.Parse(WayOfSecond), ListenToo = IPAddress.Parse(WayOfFirst) });
    }

    [Fact]
    public async Task Redis_hears_nothing_of_one_of_two_servers()
    {
        if (await PrivateNetwork.RanInsideAsync(typeof(CutReplicaTests), nameof(Redis_hears_nothing_of_one_of_two_servers), Cancel)) return;
        await CutOneAsync(folder => new RedisUnderFault(folder, AppendOnly.Always) { Listen = IPAddress.Parse(WayOfSecond), ListenToo = IPAddress.Parse(WayOfFirst) });
    }

    private static async Task CutOneAsync(Func<string, StoreUnderFault> makeStore)
    {
        var site = await Site.StartAsync(makeStore, 2, Cancel, (name, store, folder) =>
            new ServerProcess(name, store.UrlAt(IPAddress.Parse(name == "server-1" ? WayOfFirst : WayOfSecond)), folder, Path.Combine(folder, "blobs")));
        // Both agents are with the one that will be cut off.
        for (var i = 1; i <= 2; i++) site.AddAgent($"lab-{i}", 4, site.Addresses);
        await using var trial = await Trial.StartAsync(site, Cancel);
        var cutOff = site.Servers[0];
        await trial.MomentAsync(Cancel);
        await PrivateNetwork.CutAsync(WayOfFirst);
        var cutAt = Stopwatch.GetTimestamp();
        var refusal = RefusalAsync(cutOff.Url, cutAt);
        var submitted = SubmitAsync(trial, cutAt);
        await trial.ProgressAsync(12, Cancel, LongestGap * 2);
        var refusedAfter = await refusal;
        var cliTook = await submitted;
        if (LongerThanALease - Stopwatch.GetElapsedTime(cutAt) is { Ticks: > 0 } left) await Waits.For(left, Cancel);
        await PrivateNetwork.HealAsync(WayOfFirst);
        var healedAt = Stopwatch.GetTimestamp();
        await cutOff.ReadyAsync(Cancel);
        var readyAfter = Stopwatch.GetElapsedTime(healedAt);
        await trial.ProgressAsync(8, Cancel);
        await trial.CheckAsync(Cancel);
        TestContext.Current.TestOutputHelper?.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"503 {refusedAfter.TotalSeconds:0.0} s after the cut; qgjob submit took {cliTook.TotalSeconds:0.0} s; ready {readyAfter.TotalSeconds:0.0} s after it was healed; claim gap {trial.ClaimGap.TotalSeconds:0.0} s"));
        Assert.True(trial.ClaimGap <= LongestGap, trial.Summary);
    }

    /// <summary>How long after the cut the server first told somebody who asked only it, and told well, that it has no store.</summary>
    private static async Task<TimeSpan> RefusalAsync(Uri server, long cutAt)
    {
        using var http = new HttpClient { Timeout = TimeSpan.FromSeconds(25) };
        await Waits.UntilAsync("the server that was cut off answers 503", async () =>
        {
            using var response = await http.GetAsync(new Uri(server, "/api/v1/runs?limit=1"), Cancel);
            if (response.StatusCode is not HttpStatusCode.ServiceUnavailable) return false;
            Assert.NotNull(response.Headers.RetryAfter);
            return true;
        }, TimeSpan.FromSeconds(25), Cancel);
        return Stopwatch.GetElapsedTime(cutAt);
    }

    /// <summary>With both in its list, the one without a store first.</summary>
    private static async Task<TimeSpan> SubmitAsync(Trial trial, long cutAt)
    {
        const string Org = "org-cli";
        var site = trial.Site;
        // Not in the first moment, when the server does not know yet.
        await Waits.For(TimeSpan.FromMilliseconds(200), Cancel);
        var environment = new Dictionary<string, string> { ["QGJOB_URL"] = string.Join(',', site.Addresses), ["XDG_CONFIG_HOME"] = site.Folder };
        await using var cli = Child.Start("qgjob", Path.Combine(site.Folder, "cli.log"), environment,
            [Programs.Cli, "submit", "--org-id", Org, "--app-version-id", "v1", "--test", FakePhone.TestPath(AttemptOutcome.Passed, TimeSpan.FromMilliseconds(300), 1)]);
        // Its start alone takes seconds on a busy machine.
        await cli.EndAsync(Cancel, TimeSpan.FromSeconds(60));
        var took = Stopwatch.GetElapsedTime(cutAt);
        Assert.True(cli.ExitCode == 0, cli.Output());
        // Once, whichever servers were asked.
        using var client = site.NewClient(1);
        var run = Assert.Single((await client.ListRunsAsync(Org, 10, null, Cancel)).Items);
        trial.Load.Add(new RunRecord(Org, run.RunId, [.. (await client.ListJobsAsync(null, run.RunId, null, null, 10, null, Cancel)).Items.Select(j => j.JobId)], run.CreatedAt));
        return took;
    }
}
