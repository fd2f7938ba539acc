using System.Net;
using Qgjob.Client.Http;
using Qgjob.Client.Wire;
using Qgjob.Core.Jobs;
using Qgjob.Core.Results;
using Xunit;

namespace Qgjob.Server.Tests.Runs;

public sealed class RerunTests
{
    private static readonly SubmitRun ThreeFiles = new() { OrgId = "o", AppVersionId = "v", Tests = ["tests/a.spec.js", "tests/b.spec.js", "tests/c.spec.js"], Meta = new() { ["branch"] = "main" } };
    private static readonly RerunOrder Failed = new() { Failed = true };

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Only_failed_tests_run_again_and_the_results_are_of_the_whole()
    {
        await using var server = await RunningServer.StartAsync();
        var agent = new FakeAgent(server, "lab");
        var first = await FirstRunAsync(server, agent);
        var again = await server.Client.RerunAsync(first.RunId, Failed, "r1", Cancel);
        Assert.Equal(2, again.JobIds.Count);
        Assert.Equal(again.RunId, (await server.Client.RerunAsync(first.RunId, Failed, "r1", Cancel)).RunId);
        var (a, c) = (Assert.Single((await agent.WorkAsync()).Assignments), default(Assignment));
        Assert.Equal(("tests/a.spec.js", "suite/one"), (a.Spec.TestPath, string.Join(';', a.Spec.Tests!.Except!.Select(t => string.Join('/', t)))));
        Assert.True(await agent.FinishAsync(a.Lease, AttemptOutcome.Passed, FakeAgent.Test("two")));
        // A file that an error ended runs whole.
        c = Assert.Single((await agent.WorkAsync()).Assignments);
        Assert.Equal(("tests/c.spec.js", null), (c.Spec.TestPath, c.Spec.Tests));
        Assert.True(await agent.FinishAsync(c.Lease, AttemptOutcome.Passed, FakeAgent.Test("four") with { File = "tests/c.spec.js" }));

        var run = await server.Client.FindRunAsync(again.RunId, Cancel);
        Assert.Equal(("passed", 0, first.RunId, "main", 1), (run!.Status, run.ExitCode, run.ParentRunId, run.Meta["branch"], run.Flaky));
        Assert.Equal(again.RunId, (await server.Client.FindRunAsync(first.RunId, Cancel))!.RerunAs);
        var results = await server.Client.FindRunResultsAsync(again.RunId, Cancel);
        Assert.Equal(
            ["a one passed", "a two flaky", "b three passed", "c four passed"],
            results!.Jobs.SelectMany(j => j.Tests.Select(t => $"{j.TestPath[6]} {t.TitlePath[^1]} {Core.Words.Of(t.Status)}")));
        Assert.Equal([null, first.RunId, null], results.Jobs.Select(j => j.RunId));
        Assert.Equal((0, new TestCounts(4, 0, 1, 0)), (results.ExitCode, results.Tests));
        // Whose attempt it was: "one" passed in the first run's job.
        Assert.Equal([first.JobIds[0], null], results.Jobs[0].Tests.Select(t => t.JobId));
        Assert.Equal(first.JobIds[0], (await server.Client.FindJobAsync(again.JobIds[0], Cancel))!.RerunOf);
    }

    [Fact]
    public async Task What_cannot_run_again_is_refused_with_the_reason()
    {
        await using var server = await RunningServer.StartAsync();
        var agent = new FakeAgent(server, "lab");
        var first = await FirstRunAsync(server, agent);
        var again = await server.Client.RerunJobAsync(first.JobIds[0], Failed, "r1", Cancel);
        Assert.Contains("is not finished", await RefusedAsync(HttpStatusCode.Conflict, server.Client.RerunAsync(again.RunId, Failed, "r2", Cancel)), StringComparison.Ordinal);
        var lease = Assert.Single((await agent.WorkAsync()).Assignments).Lease;
        Assert.True(await agent.FinishAsync(lease, AttemptOutcome.Passed, FakeAgent.Test("two")));
        Assert.Contains("Nothing failed", await RefusedAsync(HttpStatusCode.Conflict, server.Client.RerunAsync(again.RunId, Failed, "r2", Cancel)), StringComparison.Ordinal);
        Assert.Contains("There is no run", await RefusedAsync(HttpStatusCode.NotFound, server.Client.RerunAsync("r-none", Failed, "r2", Cancel)), StringComparison.Ordinal);
        var whole = await server.Client.RerunAsync(first.RunId, new RerunOrder(), "r3", Cancel);
        Assert.Equal(3, whole.JobIds.Count);
        Assert.Null(Assert.Single((await agent.WorkAsync()).Assignments).Spec.Tests);
    }

    [Fact]
    public async Task A_bundle_that_was_removed_is_named()
    {
        await using var server = await RunningServer.StartAsync();
        var agent = new FakeAgent(server, "lab");
        await agent.RegisterAsync();
        var sha = new string('a', 64);
        var file = Path.Combine(server.Blobs, "bundles", "o", sha);
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        await File.WriteAllTextAsync(file, "bundle", Cancel);
        var first = await server.Client.SubmitAsync(ThreeFiles with { Tests = ["tests/a.spec.js"], BundleSha256 = sha }, "k", Cancel);
        Assert.True(await agent.FinishAsync(Assert.Single((await agent.WorkAsync()).Assignments).Lease, AttemptOutcome.Failed, FakeAgent.Test("one", TestStatus.Failed)));
        File.Delete(file);
        Assert.Contains("was removed", await RefusedAsync(HttpStatusCode.Gone, server.Client.RerunAsync(first.RunId, Failed, "r", Cancel)), StringComparison.Ordinal);
    }

    /// <summary>One file with a passed and a failed test, one that passed, one that an error ended.</summary>
    private static async Task<RunAccepted> FirstRunAsync(RunningServer server, FakeAgent agent)
    {
        await agent.RegisterAsync();
        var first = await server.Client.SubmitAsync(ThreeFiles, "k", Cancel);
        var a = Assert.Single((await agent.WorkAsync()).Assignments);
        Assert.True(await agent.FinishAsync(a.Lease, AttemptOutcome.Failed, FakeAgent.Test("one"), FakeAgent.Test("two", TestStatus.Failed)));
        var b = Assert.Single((await agent.WorkAsync()).Assignments);
        Assert.True(await agent.FinishAsync(b.Lease, AttemptOutcome.Passed, FakeAgent.Test("three") with { File = "tests/b.spec.js" }));
        var c = Assert.Single((await agent.WorkAsync()).Assignments);
        Assert.True(await agent.FinishAsync(c.Lease, AttemptOutcome.ProjectError));
        Assert.Equal(10, (await server.Client.FindRunAsync(first.RunId, Cancel))!.ExitCode);
        return first;
    }

    private static async Task<string> RefusedAsync(HttpStatusCode status, Task<RunAccepted> call)
    {
        var refused = await Assert.ThrowsAsync<ApiException>(() => call);
        Assert.Equal(status, refused.Status);
        return refused.Message;
    }
}
