using System.Globalization;
using Qgjob.Core.Jobs;
using Qgjob.Faults.Tests.Agents;
using Qgjob.Faults.Tests.Load;
using Qgjob.Faults.Tests.Processes;
using Qgjob.Faults.Tests.Stores;

namespace Qgjob.Faults.Tests;

/// <summary>An upgrade as operators make it, one program after the other, while runs go on. <c>./test versions [REVISION]</c> builds the version before and runs this.</summary>
public sealed class VersionTests
{
    private const string Org = "org-old-cli";

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory(Explicit = true)]
    [InlineData("postgres")]
    [InlineData("redis")]
    public async Task Servers_of_two_versions_share_a_store_while_runs_go_on(string store)
    {
        var (server, agent, cli) = (Before("Qgjob.Server", "qgjob-server"), Before("Qgjob.Faults.Tests", "Qgjob.Faults.Tests"), Before("Qgjob.Cli", "qgjob"));
        var site = await Site.StartAsync(folder => StoreUnderFault.Of(store, folder), 2, Cancel, (name, made, folder) =>
            new ServerProcess(name, made.Url, folder, Path.Combine(folder, "blobs")) { Program = server });
        site.AgentProgram = agent;
        await using var trial = await Trial.StartAsync(site, Cancel);
        await trial.ProgressAsync(12, Cancel);

        // One server is of this version now, and both have work.
        await UpgradeAsync(trial, 0);
        await CliAsync(trial, cli, site.Servers[0]);
        // Either goes on with what the other wrote, housekeeping too, and reads it whole at its start.
        foreach (var victim in new[] { 0, 1, 0 })
        {
            await site.Servers[victim].KillAsync(Cancel);
            await trial.ProgressAsync(12, Cancel);
            await site.Servers[victim].StartAsync(Cancel);
            await trial.ProgressAsync(8, Cancel);
        }

        // Both are; agents are of the version before, then one of each.
        await UpgradeAsync(trial, 1);
        await CliAsync(trial, cli, site.Servers[1]);
        await site.KillAgentAsync(1, Cancel);
        site.AgentProgram = Programs.Self;
        site.StartAgent(1);
        await trial.ProgressAsync(16, Cancel);
        await trial.CheckAsync(Cancel);
    }

    private static async Task UpgradeAsync(Trial trial, int index)
    {
        var server = trial.Site.Servers[index];
        await server.StopAsync(Cancel);
        server.Program = Programs.Server;
        await server.StartAsync(Cancel);
        await trial.ProgressAsync(16, Cancel);
    }

    /// <summary>The version before's command line against a server of this one.</summary>
    private static async Task CliAsync(Trial trial, string cli, ServerProcess server)
    {
        var environment = new Dictionary<string, string> { ["QGJOB_URL"] = server.Url.ToString(), ["XDG_CONFIG_HOME"] = trial.Site.Folder };
        string[][] calls =
        [
            ["submit", "--org-id", Org, "--app-version-id", "v1", "--test", FakePhone.TestPath(AttemptOutcome.Passed, TimeSpan.FromMilliseconds(300), 1), "--wait"],
            ["orgs", "set", Org, "--weight", "2"], ["orgs", "list"], ["list", "--json"], ["devices", "list"],
        ];
        foreach (var call in calls)
        {
            await using var run = Child.Start("qgjob", Path.Combine(trial.Site.Folder, "cli.log"), environment, [cli, .. call]);
            await run.EndAsync(Cancel, TimeSpan.FromSeconds(90));
            Assert.True(run.ExitCode == 0, run.Output());
        }
        using var client = trial.Site.NewClient();
        foreach (var run in (await client.ListRunsAsync(Org, 10, null, Cancel)).Items.Where(r => trial.Load.Runs.All(k => k.RunId != r.RunId)))
            trial.Load.Add(new RunRecord(Org, run.RunId, [.. (await client.ListJobsAsync(null, run.RunId, null, null, 10, null, Cancel)).Items.Select(j => j.JobId)], run.CreatedAt));
    }

    private static string Before(string project, string program)
    {
        var file = Programs.OfVersionBefore(project, program);
        Assert.True(File.Exists(file), string.Create(CultureInfo.InvariantCulture, $"The version before is not built here ({file ?? "QGJOB_FAULTS_VERSION_BEFORE is not set"}); ./test versions does that."));
        return file!;
    }
}
