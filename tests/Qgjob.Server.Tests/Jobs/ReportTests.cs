using System.Xml.Linq;
using Qgjob.Client.Wire;
using Qgjob.Core.Jobs;
using Qgjob.Core.Results;
using Qgjob.Core.Storage;
using Xunit;

namespace Qgjob.Server.Tests.Jobs;

public sealed class ReportTests
{
    private const string SyntaxError = "SyntaxError: Unexpected token (3:7)\n\n> 3 |   let;";

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private static Core.Results.TestResult Test(string title, TestStatus status, double ms) => new(["suite", title], "tests/b.spec.js", 3, status, ms);

    [Fact]
    public async Task Junit_says_why_there_are_no_results_and_why_a_test_was_interrupted()
    {
        await using var server = await RunningServer.StartAsync();
        var agent = new FakeAgent(server, "lab");
        await agent.RegisterAsync();
        var accepted = await server.Client.SubmitAsync(
            new SubmitRun { OrgId = "o", AppVersionId = "v", Tests = ["tests/a.spec.js", "tests/b.spec.js"], MaxAttempts = 1 }, "k", Cancel);
        var first = Assert.Single((await agent.WorkAsync()).Assignments);
        await FinishAsync(server, first.Lease, new AttemptEnd(AttemptOutcome.Failed, SyntaxError, 1.5, []));
        var second = Assert.Single((await agent.WorkAsync()).Assignments);
        await FinishAsync(server, second.Lease, new AttemptEnd(
            AttemptOutcome.RunLimit, "The tests ran for more than 8 s.", 8, [Test("one", TestStatus.Passed, 3000), Test("two", TestStatus.Interrupted, 0)]));

        var xml = XDocument.Parse(await server.Http.GetStringAsync($"/api/v1/runs/{accepted.RunId}/report.junit.xml", Cancel));
        Assert.Equal(["testsuites 3 1 1 9.500", "testsuite 1 0 1 1.500", "testsuite 2 1 0 8.000"], xml.Root!.DescendantsAndSelf()
            .Where(e => e.Name.LocalName.StartsWith("testsuite", StringComparison.Ordinal))
            .Select(e => $"{e.Name} {e.Attribute("tests")!.Value} {e.Attribute("failures")!.Value} {e.Attribute("errors")!.Value} {e.Attribute("time")!.Value}"));
        var error = xml.Descendants("error").Single();
        Assert.Equal(("SyntaxError: Unexpected token (3:7)", SyntaxError), (error.Attribute("message")!.Value, error.Value));
        Assert.Equal(("tests/a.spec.js", "1.500"), (error.Parent!.Attribute("name")!.Value, error.Parent.Attribute("time")!.Value));
        var failure = xml.Descendants("failure").Single();
        Assert.Equal(("The tests ran for more than 8 s.", "The tests ran for more than 8 s.\n    at tests/b.spec.js:3"), (failure.Attribute("message")!.Value, failure.Value));
        Assert.Equal("5.000", failure.Parent!.Attribute("time")!.Value);
        Assert.All(xml.Root.Elements(), e => Assert.Equal("testsuite", e.Name));
        Runs.JUnitReportTests.Validate(xml);

        var results = await server.Client.FindRunResultsAsync(accepted.RunId, Cancel);
        Assert.Equal((SyntaxError, 1.5), (results!.Jobs[0].Reason, results.Jobs[0].RunSeconds));
    }

    [Fact]
    public async Task Junit_never_shows_a_job_green_that_did_not_pass()
    {
        await using var server = await RunningServer.StartAsync();
        var agent = new FakeAgent(server, "lab");
        await agent.RegisterAsync();
        var accepted = await server.Client.SubmitAsync(new SubmitRun { OrgId = "o", AppVersionId = "v", Tests = ["tests/b.spec.js"] }, "k", Cancel);
        var lease = Assert.Single((await agent.WorkAsync()).Assignments).Lease;
        await FinishAsync(server, lease, new AttemptEnd(AttemptOutcome.ProjectError, "The phone <lab> & its cable", 4, [Test("one", TestStatus.Passed, 3000)]));
        var xml = XDocument.Parse(await server.Http.GetStringAsync($"/api/v1/runs/{accepted.RunId}/report.junit.xml", Cancel));
        var error = xml.Descendants("error").Single();
        Assert.Equal(("The phone <lab> & its cable", "1.000"), (error.Attribute("message")!.Value, error.Parent!.Attribute("time")!.Value));
        Assert.Equal("2", xml.Root!.Attribute("tests")!.Value);
    }

    private static async Task FinishAsync(RunningServer server, LeaseRef lease, AttemptEnd end) =>
        Assert.True((await server.Agent.FinishAsync(new FinishRequest([new FinishItem(lease, $"f-{lease.Token}", end)]), Cancel)).Accepted[0]);
}
