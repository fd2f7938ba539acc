using System.Net;
using Qgjob.Client.Wire;
using Qgjob.Core.Jobs;
using Qgjob.Core.Results;
using Qgjob.Core.Storage;
using Xunit;

namespace Qgjob.Server.Tests.History;

public sealed class TestHistoryTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private static Core.Results.TestResult Test(string title, string file, TestStatus status, double ms = 1000) =>
        new(["suite", title], file, 3, status, ms, Error: status.IsFailure() ? "no such row\nmore" : null);

    /// <summary>Runs a file once with these results; the run's id.</summary>
    private static async Task<string> RunAsync(RunningServer server, FakeAgent agent, string version, string file, params Core.Results.TestResult[] tests)
    {
        var accepted = await server.Client.SubmitAsync(new SubmitRun { OrgId = "acme", AppVersionId = version, Tests = [file] }, Guid.CreateVersion7().ToString(), Cancel);
        var lease = Assert.Single((await agent.WorkAsync()).Assignments).Lease;
        var end = new AttemptEnd(tests.Any(t => t.Status.IsFailure()) ? AttemptOutcome.Failed : AttemptOutcome.Passed, null, 1, tests);
        Assert.True((await server.Agent.FinishAsync(new FinishRequest([new FinishItem(lease, $"f-{lease.Token}", end)]), Cancel)).Accepted[0]);
        return accepted.RunId;
    }

    [Fact]
    public async Task Tests_are_listed_file_by_file_with_their_rates_and_each_has_a_history()
    {
        await using var server = await RunningServer.StartAsync();
        var agent = new FakeAgent(server, "lab");
        await agent.RegisterAsync();
        const string a = "tests/a b é.spec.ts";
        const string b = "tests/b.spec.ts";
        await RunAsync(server, agent, "v1", a, Test("adds", a, TestStatus.Failed, 4000), Test("removes", a, TestStatus.Passed));
        var second = await RunAsync(server, agent, "v2", a, Test("adds", a, TestStatus.Flaky, 2000), Test("removes", a, TestStatus.Passed));
        await RunAsync(server, agent, "v2", b, Test("pays", b, TestStatus.Failed));

        var first = await server.Client.ListTestsAsync("acme", null, null, false, false, 1, null, Cancel);
        Assert.Equal(["suite › adds", "suite › removes"], first.Items.Select(t => t.Title));
        Assert.Equal(new TestRates(2, 1, 1, 1, 0, 2000), first.Items[0].Rates);
        var rest = await server.Client.ListTestsAsync("acme", null, null, false, false, 1, first.Next, Cancel);
        Assert.Equal((b, null), (rest.Items.Single().TestPath, rest.Next));
        Assert.Equal("suite › adds", (await server.Client.ListTestsAsync("acme", null, null, true, false, 50, null, Cancel)).Items.Single().Title);
        Assert.Equal("suite › pays", (await server.Client.ListTestsAsync("acme", null, null, false, true, 50, null, Cancel)).Items.Single().Title);
        Assert.Equal("suite › removes", (await server.Client.ListTestsAsync("acme", a, "REMOVES", false, false, 50, null, Cancel)).Items.Single().Title);
        Assert.Empty((await server.Client.ListTestsAsync("other", null, null, false, false, 50, null, Cancel)).Items);

        var past = (await server.Client.FindTestHistoryAsync("acme", a, "suite › adds", null, Cancel))!;
        Assert.Equal([(second, TestStatus.Flaky, null), (past.Runs[1].RunId, TestStatus.Failed, "no such row")], past.Runs.Select(r => (r.RunId, r.Status, r.Error)));
        Assert.Equal([("v2", 0d), ("v1", 1d)], past.ByAppVersion.Select(s => (s.Name, s.Rates.FailureRate)));
        Assert.Equal(2, past.ByDeviceModel.Single().Rates.Runs);
        Assert.Null(await server.Client.FindTestHistoryAsync("acme", a, "suite › none", null, Cancel));
    }

    [Theory]
    [InlineData("/api/v1/orgs/acme/tests?flaky=perhaps")]
    [InlineData("/api/v1/orgs/acme/tests?cursor=%21")]
    [InlineData("/api/v1/orgs/acme/tests?test_path=..%2Fx")]
    [InlineData("/api/v1/orgs/acme/tests?file=a")]
    [InlineData("/api/v1/orgs/acme/tests/history?test_path=a")]
    [InlineData("/api/v1/orgs/acme/tests/history?test_path=a&title=t&attempts=1000")]
    public async Task What_cannot_be_meant_is_refused(string url)
    {
        await using var server = await RunningServer.StartAsync();
        Assert.Equal(HttpStatusCode.BadRequest, (await server.Http.GetAsync(url, Cancel)).StatusCode);
    }

    [Fact]
    public async Task Too_much_of_an_attempts_results_is_cut_and_what_is_no_result_refused()
    {
        await using var server = await RunningServer.StartAsync();
        var agent = new FakeAgent(server, "lab");
        await agent.RegisterAsync();
        var test = Test("adds", "a.spec.ts", TestStatus.Failed) with
        {
            Tries = [new TestTry(0, TestStatus.Failed, 1, Steps: [.. Enumerable.Range(0, 10_000).Select(i => new TestStep($"s{i}"))])],
        };
        var run = await RunAsync(server, agent, "v1", "a.spec.ts", test);
        var kept = (await server.Client.FindRunResultsAsync(run, Cancel))!.Jobs.Single().Tests.Single().Tries!.Single();
        Assert.Equal((ResultBounds.Steps, 10_000 - ResultBounds.Steps), (kept.Steps!.Count, kept.StepsLeftOut));

        await server.Client.SubmitAsync(new SubmitRun { OrgId = "acme", AppVersionId = "v1", Tests = ["a.spec.ts"] }, "k", Cancel);
        var lease = Assert.Single((await agent.WorkAsync()).Assignments).Lease;
        var gaps = test with { Tries = [new TestTry(0, TestStatus.Failed, 1, Steps: [new TestStep("outer", Steps: [null!])])] };
        var refused = await Assert.ThrowsAsync<Client.Http.ApiException>(() => server.Agent.FinishAsync(
            new FinishRequest([new FinishItem(lease, "f", new AttemptEnd(AttemptOutcome.Failed, null, 1, [gaps]))]), Cancel));
        Assert.Equal(HttpStatusCode.BadRequest, refused.Status);
    }
}
