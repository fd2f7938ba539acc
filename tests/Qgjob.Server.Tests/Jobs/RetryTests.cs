using Qgjob.Client.Wire;
using Qgjob.Core.Jobs;
using Qgjob.Core.Results;
using Xunit;

namespace Qgjob.Server.Tests.Jobs;

public sealed class RetryTests
{
    private static readonly SubmitRun OneTest = new() { OrgId = "o", AppVersionId = "v", Tests = ["tests/a.spec.js"], MaxAttempts = 2 };

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_further_attempt_is_told_what_is_done_and_its_results_are_shown_with_the_rest()
    {
        await using var server = await RunningServer.StartAsync();
        var agent = new FakeAgent(server, "lab");
        await agent.RegisterAsync();
        var accepted = await server.Client.SubmitAsync(OneTest, "k", Cancel);
        var first = Assert.Single((await agent.WorkAsync()).Assignments);
        Assert.Null(first.Spec.Tests);
        Assert.True(await agent.FinishAsync(first.Lease, AttemptOutcome.Failed,
            FakeAgent.Test("one"), FakeAgent.Test("two", TestStatus.Failed), FakeAgent.Test("three", TestStatus.Failed), FakeAgent.Test("four")));
        var second = Assert.Single((await agent.WorkAsync()).Assignments);
        Assert.Equal(["suite/one", "suite/four"], second.Spec.Tests!.Except!.Select(t => string.Join('/', t)));
        // An answer that got lost is given again with the same selection.
        Assert.Equal(2, Assert.Single((await agent.WorkAsync()).Assignments).Spec.Tests!.Except!.Count);
        Assert.True(await agent.FinishAsync(second.Lease, AttemptOutcome.Failed, FakeAgent.Test("two"), FakeAgent.Test("three", TestStatus.Failed)));

        var results = await server.Client.FindJobResultsAsync(accepted.JobIds[0], Cancel);
        Assert.Equal((JobStatus.Failed, 2), (results!.Status, results.Attempt));
        Assert.Equal([TestStatus.Passed, TestStatus.Flaky, TestStatus.Failed, TestStatus.Passed], results.Tests.Select(t => t.Status));
        var run = await server.Client.FindRunAsync(accepted.RunId, Cancel);
        Assert.Equal((new TestCounts(3, 1, 1, 0), 10), (run!.Tests, run.ExitCode));
    }
}
