using System.Net;
using Microsoft.Extensions.DependencyInjection;
using Qgjob.Client.Wire;
using Qgjob.Core.Devices;
using Qgjob.Core.Jobs;
using Qgjob.Core.Scheduling;
using Qgjob.Core.Simulation;
using Qgjob.Core.Storage;
using Qgjob.Server.Http;
using Qgjob.Server.Trace;
using Xunit;

namespace Qgjob.Server.Tests.Trace;

public sealed class TraceTests
{
    private const string Header = "release_s,org_id,app_version_id,target,test_path,priority,duration_s,estimate_s,install_s";

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;
    private static SubmitRun Run(string org, string version, params string[] tests) => new() { OrgId = org, AppVersionId = version, Tests = tests };

    [Fact]
    public async Task The_past_is_a_trace_that_the_simulator_reads()
    {
        await using var server = await RunningServer.StartAsync();
        Assert.Equal(Header + "\n", await TextAsync(server, 1, null));
        var agent = new FakeAgent(server, "lab");
        await agent.RegisterAsync();
        await server.Client.SubmitAsync(Run("long-ago", "v0", "old.spec.js"), "k0", Cancel);
        await RunNextAsync(server, agent, null);
        server.Time.Advance(TimeSpan.FromHours(25));

        await agent.RegisterAsync();
        await server.Client.SubmitAsync(Run("o", "v1", "a, b.spec.js") with { Priority = 1, Target = Target.Device }, "k1", Cancel);
        await RunNextAsync(server, agent, 12.5);
        server.Time.Advance(TimeSpan.FromSeconds(90));
        await agent.RegisterAsync();
        await server.Client.SubmitAsync(Run("p", "v2", "c.spec.js"), "k2", Cancel);
        await RunNextAsync(server, agent, null);
        var waits = await server.Client.SubmitAsync(Run("o", "v1", "never.spec.js", "waits.spec.js"), "k3", Cancel);
        await server.Client.CancelJobAsync(waits.JobIds[0], Cancel);

        var text = await TextAsync(server, 1, null);
        Assert.Equal([Header, "0,o,v1,device,\"a, b.spec.js\",1,3,60,12.5", $"90,p,v2,any,c.spec.js,0,3,60,{Estimates.UnknownInstallSeconds}"], text.TrimEnd('\n').Split('\n'));
        var read = TraceCsv.Read(new StringReader(text));
        Assert.Equal(("o", "a, b.spec.js", Target.Device, 12.5), (read[0].OrgId, read[0].TestPath, read[0].Target, read[0].InstallSeconds));
        Assert.Equal("p", Assert.Single(TraceCsv.Read(new StringReader(await TextAsync(server, 1, "p")))).OrgId);
        Assert.Equal("long-ago", TraceCsv.Read(new StringReader(await TextAsync(server, 2, null)))[0].OrgId);
    }

    [Fact]
    public async Task A_past_of_many_pages_keeps_the_order_of_submission()
    {
        const int Jobs = 250;
        await using var server = await RunningServer.StartAsync();
        var agent = new FakeAgent(server, "lab", devices: 50);
        await agent.RegisterAsync();
        await server.Client.SubmitAsync(Run("o", "v", [.. Enumerable.Range(0, Jobs).Select(i => $"t{i:0000}.spec.js")]), "k", Cancel);
        for (var done = 0; done < Jobs;)
        {
            var work = (await agent.WorkAsync()).Assignments;
            Assert.NotEmpty(work);
            await server.Agent.FinishAsync(new FinishRequest(
                [.. work.Select(a => new FinishItem(a.Lease, a.JobId, new AttemptEnd(AttemptOutcome.Passed, null, 3, [])))]), Cancel);
            done += work.Count;
        }
        var trace = TraceCsv.Read(new StringReader(await TextAsync(server, 1, null)));
        Assert.Equal(Enumerable.Range(0, Jobs).Select(i => $"t{i:0000}.spec.js"), trace.Select(t => t.TestPath));

        var past = new PastJobs(server.Services.GetRequiredService<IJobStore>(), server.Time) { PageLength = 100 };
        Assert.Equal(trace, await past.ReadAsync(7, null, most: Jobs, Cancel));
        var refused = await Assert.ThrowsAsync<RefusedException>(() => past.ReadAsync(7, null, most: Jobs - 1, Cancel));
        Assert.Equal((400, "days"), (refused.Status, refused.Field));
        Assert.Contains("ask for fewer days", refused.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("days=0", "days")]
    [InlineData("days=x", "days")]
    [InlineData("days=99999", "days")]
    [InlineData("org_id=a%20b", "org_id")]
    [InlineData("org=a", "unknown field")]
    public async Task Nonsense_is_refused(string query, string word)
    {
        await using var server = await RunningServer.StartAsync();
        using var response = await server.Http.GetAsync($"/api/v1/trace?{query}", Cancel);
        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.Contains(word, await response.Content.ReadAsStringAsync(Cancel), StringComparison.Ordinal);
    }

    private static async Task<string> TextAsync(RunningServer server, int days, string? org)
    {
        using var response = await server.Client.OpenTraceAsync(days, org, Cancel);
        Assert.Equal("text/csv", response.Content.Headers.ContentType!.MediaType);
        return await response.Content.ReadAsStringAsync(Cancel);
    }

    private static async Task RunNextAsync(RunningServer server, FakeAgent agent, double? installSeconds)
    {
        var lease = Assert.Single((await agent.WorkAsync()).Assignments).Lease;
        if (installSeconds is { } seconds)
            await server.Agent.ProgressAsync(new ProgressRequest(
                [new ProgressItem(lease, Installed: new ResidentBuild("com.example", new string('a', 64), "o", "v1"), InstallSeconds: seconds)]), Cancel);
        Assert.True(await agent.FinishAsync(lease));
    }
}
