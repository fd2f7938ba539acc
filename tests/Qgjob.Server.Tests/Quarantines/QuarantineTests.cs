using System.Net;
using System.Text;
using System.Text.Json;
using System.Xml.Linq;
using Qgjob.Client.Http;
using Qgjob.Client.Wire;
using Qgjob.Core.Jobs;
using Qgjob.Core.Orgs;
using Qgjob.Core.Results;
using Qgjob.Core.Storage;
using Qgjob.Server.Tests.Runs;
using Xunit;
using TestResult = Qgjob.Core.Results.TestResult;

namespace Qgjob.Server.Tests.Quarantines;

public sealed class QuarantineTests
{
    private const string File = "tests/a.spec.js";
    private static readonly QuarantineOrder Two = new() { File = File, Title = "suite › two", Reason = "flaky bank", By = "anna" };

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private static async Task<RunView> RunAsync(RunningServer server, FakeAgent agent, params TestResult[] tests)
    {
        var accepted = await server.Client.SubmitAsync(new SubmitRun { OrgId = "o", AppVersionId = "v", Tests = [File], MaxAttempts = 1 }, Guid.CreateVersion7().ToString(), Cancel);
        var lease = Assert.Single((await agent.WorkAsync()).Assignments).Lease;
        Assert.True(await agent.FinishAsync(lease, tests.Any(t => t.Status.IsFailure()) ? AttemptOutcome.Failed : AttemptOutcome.Passed, tests));
        return (await server.Client.FindRunAsync(accepted.RunId, Cancel))!;
    }

    [Fact]
    public async Task A_failure_in_quarantine_is_reported_everywhere_and_turns_nothing_red()
    {
        await using var server = await RunningServer.StartAsync();
        var agent = new FakeAgent(server, "lab");
        await agent.RegisterAsync();
        var entry = await server.Client.QuarantineAsync("o", Two, Cancel);
        Assert.Equal(("anna (owner)", server.Time.GetUtcNow().AddDays(14), false), (entry.By, entry.Until, entry.Ended));

        var run = await RunAsync(server, agent, FakeAgent.Test("one"), FakeAgent.Test("two", TestStatus.Failed));
        Assert.Equal(("passed", 0, new TestCounts(1, 0, 0, 0, 1)), (run.Status, run.ExitCode, run.Tests));
        var results = (await server.Client.FindRunResultsAsync(run.RunId, Cancel))!;
        Assert.Equal([(TestStatus.Passed, null), (TestStatus.Failed, entry.QuarantineId)], results.Jobs.Single().Tests.Select(t => (t.Status, t.Quarantine?.Id)));
        using var json = JsonDocument.Parse(await server.Http.GetStringAsync($"/api/v1/runs/{run.RunId}/report.json", Cancel));
        var told = json.RootElement.GetProperty("jobs")[0].GetProperty("tests")[1].GetProperty("quarantine");
        Assert.Equal(("flaky bank", "anna (owner)", false), (told.GetProperty("reason").GetString(), told.GetProperty("by").GetString(), told.GetProperty("ended").GetBoolean()));
        var junit = XDocument.Parse(await server.Http.GetStringAsync($"/api/v1/runs/{run.RunId}/report.junit.xml", Cancel));
        JUnitReportTests.Validate(junit);
        var skipped = Assert.Single(junit.Descendants("skipped"));
        Assert.Equal($"quarantined: flaky bank (by anna (owner), until {entry.Until:yyyy-MM-dd HH:mm} UTC)", skipped.Attribute("message")!.Value);
        Assert.Contains("failed: expected <1> & got 2", skipped.Value, StringComparison.Ordinal);
        Assert.Equal(("2", "0", "0"), (junit.Root!.Attribute("tests")!.Value, junit.Root.Attribute("failures")!.Value, junit.Root.Attribute("errors")!.Value));

        Assert.Equal("passed", (await RunAsync(server, agent, FakeAgent.Test("two"))).Status);
        var listed = Assert.Single((await server.Client.ListQuarantineAsync("o", Cancel)).Items);
        Assert.Equal((2, 1, server.Time.GetUtcNow()), (listed.Rates!.Runs, listed.Rates.Failed, listed.LastFailedAt));
        Assert.Empty((await server.Client.ListQuarantineAsync("p", Cancel)).Items);
        // Nothing failed: there is nothing to run again.
        var refused = await Assert.ThrowsAsync<ApiException>(() => server.Client.RerunAsync(run.RunId, new RerunOrder { Failed = true }, "k", Cancel));
        Assert.Contains("Nothing failed", refused.Message, StringComparison.Ordinal);

        Assert.True(await server.Client.EndQuarantineAsync("o", entry.QuarantineId, Cancel));
        Assert.False(await server.Client.EndQuarantineAsync("o", entry.QuarantineId, Cancel));
        Assert.Equal(10, (await RunAsync(server, agent, FakeAgent.Test("two", TestStatus.Failed))).ExitCode);
        Assert.Equal(0, (await server.Client.FindRunAsync(run.RunId, Cancel))!.ExitCode);
    }

    [Fact]
    public async Task A_rerun_is_for_what_counts_and_judges_by_the_list_of_its_time()
    {
        await using var server = await RunningServer.StartAsync();
        var agent = new FakeAgent(server, "lab");
        await agent.RegisterAsync();
        await server.Client.QuarantineAsync("o", Two, Cancel);
        var run = await RunAsync(server, agent, FakeAgent.Test("one", TestStatus.Failed), FakeAgent.Test("two", TestStatus.Failed), FakeAgent.Test("three"));
        Assert.Equal(("failed", new TestCounts(1, 1, 0, 0, 1)), (run.Status, run.Tests));
        await server.Client.QuarantineAsync("o", Two with { Title = "* › one" }, Cancel);
        var again = await server.Client.RerunAsync(run.RunId, new RerunOrder { Failed = true }, "k", Cancel);
        var work = Assert.Single((await agent.WorkAsync()).Assignments);
        Assert.Equal(["suite/two", "suite/three"], work.Spec.Tests!.Except!.Select(t => string.Join('/', t)));
        Assert.True(await agent.FinishAsync(work.Lease, AttemptOutcome.Failed, FakeAgent.Test("one", TestStatus.Failed)));
        var results = (await server.Client.FindRunResultsAsync(again.RunId, Cancel))!;
        Assert.Equal((0, new TestCounts(1, 0, 0, 0, 2)), (results.ExitCode, results.Tests));
        Assert.Equal(10, (await server.Client.FindRunAsync(run.RunId, Cancel))!.ExitCode);
    }

    [Fact]
    public async Task One_that_ran_out_is_shown_as_such_and_counts_no_longer()
    {
        await using var server = await RunningServer.StartAsync();
        var agent = new FakeAgent(server, "lab");
        await agent.RegisterAsync();
        await server.Client.QuarantineAsync("o", Two with { Until = server.Time.GetUtcNow().AddSeconds(5), By = null }, Cancel);
        await server.PassAsync(TimeSpan.FromSeconds(5));
        var run = await RunAsync(server, agent, FakeAgent.Test("two", TestStatus.Failed));
        Assert.Equal(10, run.ExitCode);
        var job = (await server.Client.FindRunResultsAsync(run.RunId, Cancel))!.Jobs.Single();
        Assert.Contains("In quarantine no longer: 'suite › two' (it ended 2030-01-01 08:00 UTC: flaky bank).", job.Reason, StringComparison.Ordinal);
        Assert.Equal(new QuarantineMark(job.Tests[0].Quarantine!.Id, "flaky bank", "owner", server.Time.GetUtcNow(), Ended: true), job.Tests[0].Quarantine);
        Assert.True(Assert.Single((await server.Client.ListQuarantineAsync("o", Cancel)).Items).Ended);
        await server.PassAsync(TimeSpan.FromSeconds(1));
        // Again: it counts from now on, under the name it had.
        var renewed = await server.Client.QuarantineAsync("o", Two, Cancel);
        Assert.Equal((job.Tests[0].Quarantine!.Id, server.Time.GetUtcNow(), 0), (renewed.QuarantineId, renewed.Since, renewed.Rates!.Failed));
    }

    [Theory]
    [InlineData("""{"title":"t","reason":"r"}""", "file")]
    [InlineData("""{"file":"../x","title":"t","reason":"r"}""", "file")]
    [InlineData("""{"file":"a","reason":"r"}""", "title")]
    [InlineData("""{"file":"a","title":" ","reason":"r"}""", "title")]
    [InlineData("""{"file":"a","title":"t\n","reason":"r"}""", "title")]
    [InlineData("""{"file":"*","title":"**","reason":"r"}""", "every test of the org")]
    [InlineData("""{"file":"a","title":"t"}""", "reason")]
    [InlineData("""{"file":"a","title":"t","reason":"r","until":"2029-12-31T00:00:00Z"}""", "until")]
    [InlineData("""{"file":"a","title":"t","reason":"r","until":"2031-06-01T00:00:00Z"}""", "until")]
    [InlineData("""{"file":"a","title":"t","reason":"r","until":"soon"}""", "until")]
    [InlineData("""{"file":"a","title":"t","reason":"r","untill":null}""", "untill")]
    public async Task What_cannot_be_meant_is_refused(string body, string named)
    {
        await using var server = await RunningServer.StartAsync();
        using var content = new StringContent(body, Encoding.UTF8, "application/json");
        var answer = await server.Http.PostAsync("/api/v1/orgs/o/quarantine", content, Cancel);
        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        Assert.Contains(named, await answer.Content.ReadAsStringAsync(Cancel), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Too_many_entries_are_refused_with_what_to_do()
    {
        await using var server = await RunningServer.StartAsync();
        var store = (IJobStore)server.Services.GetService(typeof(IJobStore))!;
        var now = server.Time.GetUtcNow();
        await store.CommitAsync([.. Enumerable.Range(0, Quarantine.Most).Select(i =>
            new SetQuarantine("o", new QuarantinedTest($"q-{i}", File, $"t{i}", "r", "b", now, now.AddDays(1)), now))], Cancel);
        var refused = await Assert.ThrowsAsync<ApiException>(() => server.Client.QuarantineAsync("o", Two, Cancel));
        Assert.Equal(HttpStatusCode.Conflict, refused.Status);
        Assert.Contains("1000 entries", refused.Message, StringComparison.Ordinal);
        Assert.Contains("qgjob quarantine remove", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_pattern_of_files_tells_what_became_of_all_of_them()
    {
        await using var server = await RunningServer.StartAsync();
        var agent = new FakeAgent(server, "lab");
        await agent.RegisterAsync();
        await server.Client.QuarantineAsync("o", Two with { File = "tests/*", Title = "*" }, Cancel);
        await RunAsync(server, agent, FakeAgent.Test("one", TestStatus.Failed), FakeAgent.Test("two"));
        var entry = Assert.Single((await server.Client.ListQuarantineAsync("o", Cancel)).Items);
        Assert.Equal((2, 1), (entry.Rates!.Runs, entry.Rates.Failed));
    }
}
