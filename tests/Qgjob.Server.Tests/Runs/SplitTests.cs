using System.Net;
using System.Text;
using Qgjob.Client.Wire;
using Qgjob.Core.Jobs;
using Qgjob.Core.Results;
using Xunit;

namespace Qgjob.Server.Tests.Runs;

public sealed class SplitTests
{
    private const string SpecFile = "tests/a.spec.js";
    private static readonly SubmitRun Whole = new() { OrgId = "o", AppVersionId = "v", Tests = [SpecFile] };
    private static readonly SubmitRun InTwo = Whole with { Split = 2 };

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_file_is_divided_by_its_past_and_its_parts_are_told_as_one_file()
    {
        await using var server = await RunningServer.StartAsync();
        var agent = new FakeAgent(server, "lab");
        await PastAsync(server, agent);
        var plan = await server.Client.PlanAsync(InTwo, Cancel);
        Assert.Equal([new PlannedPart(SpecFile, null, new TestSlice(1, 2), 1, 60), new PlannedPart(SpecFile, null, new TestSlice(2, 2), 2, 50)], plan.Jobs);
        Assert.Null(plan.Notes);

        var run = await server.Client.SubmitAsync(InTwo, "k2", Cancel);
        Assert.Equal((2, false), (run.JobIds.Count, run.Repeated));
        Assert.Equal(plan.Jobs, run.Parts!);
        Assert.Equal(run.JobIds, (await server.Client.SubmitAsync(InTwo, "k2", Cancel)).JobIds);
        var first = Assert.Single((await agent.WorkAsync()).Assignments);
        Assert.Equal(("suite/long", null, 63d), (Titles(first.Spec.Tests!.Only), first.Spec.Tests.Except, first.EstimateSeconds));
        // In a further attempt, too, its other tests are the other part's.
        Assert.True(await agent.FinishAsync(first.Lease, AttemptOutcome.Failed, Test("long", TestStatus.Failed)));
        var second = Assert.Single((await agent.WorkAsync()).Assignments);
        Assert.Equal((null, "suite/long", new TestSlice(2, 2)), (second.Spec.Tests!.Only, Titles(second.Spec.Tests.Except), second.Spec.Tests.Slice));
        Assert.True(await agent.FinishAsync(second.Lease, AttemptOutcome.Passed, Test("short"), Test("shorter"), Test("new")));

        Assert.Equal([new TestSlice(1, 2), new TestSlice(2, 2)], (await server.Client.ListJobsAsync(null, run.RunId, null, null, 10, null, Cancel)).Items.Select(j => j.Slice));
        var results = (await server.Client.FindRunResultsAsync(run.RunId, Cancel))!;
        Assert.Equal([(SpecFile, new TestSlice(1, 2)), (SpecFile, new TestSlice(2, 2))], results.Jobs.Select(j => (j.TestPath, j.Slice!)));
        Assert.Equal(["long", "short", "shorter", "new"], results.Jobs.SelectMany(j => j.Tests).Select(t => t.TitlePath[^1]));
        // The history is the file's.
        Assert.Equal(2, (await server.Client.ListTestsAsync("o", SpecFile, "suite › long", false, false, 50, null, Cancel)).Items.Single().Rates.Runs);

        var again = await server.Client.RerunAsync(run.RunId, new RerunOrder { Failed = true }, "r", Cancel);
        Assert.Single(again.JobIds);
        var rerun = Assert.Single((await agent.WorkAsync()).Assignments);
        Assert.Equal(("suite/long", new TestSlice(1, 2)), (Titles(rerun.Spec.Tests!.Only), rerun.Spec.Tests.Slice));
        Assert.True(await agent.FinishAsync(rerun.Lease, AttemptOutcome.Passed, Test("long")));
        Assert.Equal(new TestCounts(4, 0, 1, 0), (await server.Client.FindRunResultsAsync(again.RunId, Cancel))!.Tests);
    }

    [Fact]
    public async Task A_part_whose_tests_are_gone_is_no_failure_and_a_run_of_nothing_but_such_is_not_green()
    {
        await using var server = await RunningServer.StartAsync();
        var agent = new FakeAgent(server, "lab");
        await PastAsync(server, agent);
        Assert.Equal(("passed", 0), await EndAsync(AttemptOutcome.NoTests, AttemptOutcome.Passed));
        Assert.Equal(("no_tests", 3), await EndAsync(AttemptOutcome.NoTests, AttemptOutcome.NoTests));

        async Task<(string, int)> EndAsync(params AttemptOutcome[] outcomes)
        {
            var run = await server.Client.SubmitAsync(InTwo, Guid.CreateVersion7().ToString(), Cancel);
            foreach (var outcome in outcomes)
            {
                var lease = Assert.Single((await agent.WorkAsync()).Assignments).Lease;
                Assert.True(await agent.FinishAsync(lease, outcome, outcome is AttemptOutcome.NoTests ? [] : [Test("short")]));
            }
            var job = (await server.Client.FindJobAsync(run.JobIds[0], Cancel))!;
            Assert.Equal(JobStatus.Passed, job.Status);
            Assert.Contains("None of this part's tests is in the file any more", job.Reason, StringComparison.Ordinal);
            var ended = (await server.Client.FindRunAsync(run.RunId, Cancel))!;
            return (ended.Status, ended.ExitCode);
        }
    }

    [Fact]
    public async Task Without_a_past_a_file_is_not_divided_unless_Playwright_may()
    {
        await using var server = await RunningServer.StartAsync();
        var agent = new FakeAgent(server, "lab");
        await agent.RegisterAsync();
        foreach (var split in new[] { InTwo, InTwo with { Split = SplitConverter.Auto, Shard = true } })
        {
            var plan = await server.Client.PlanAsync(split, Cancel);
            Assert.Equal([new PlannedPart(SpecFile, null)], plan.Jobs);
            Assert.StartsWith($"{SpecFile}: not divided, since no two tests of it are known", Assert.Single(plan.Notes!), StringComparison.Ordinal);
        }
        var run = await server.Client.SubmitAsync(InTwo with { Shard = true, MaxAttempts = 2 }, "k", Cancel);
        Assert.Contains("Playwright's own sharding", Assert.Single(run.Notes!), StringComparison.Ordinal);
        var first = Assert.Single((await agent.WorkAsync()).Assignments);
        Assert.Equal((null, null, new TestSlice(1, 2, Sharded: true)), (first.Spec.Tests!.Only, first.Spec.Tests.Except, first.Spec.Tests.Slice));
        Assert.True(await agent.FinishAsync(first.Lease, AttemptOutcome.Failed, Test("one"), Test("two", TestStatus.Failed)));
        var further = Assert.Single((await agent.WorkAsync()).Assignments);
        Assert.Equal((first.JobId, 2, "suite/two"), (further.JobId, further.Attempt, Titles(further.Spec.Tests!.Only)));
        Assert.True(await agent.FinishAsync(further.Lease, AttemptOutcome.Failed, Test("two", TestStatus.Failed)));
        Assert.True(await agent.FinishAsync(Assert.Single((await agent.WorkAsync()).Assignments).Lease, AttemptOutcome.Passed, Test("three")));
        await server.Client.RerunAsync(run.RunId, new RerunOrder { Failed = true }, "r", Cancel);
        Assert.Equal("suite/two", Titles(Assert.Single((await agent.WorkAsync()).Assignments).Spec.Tests!.Only));
    }

    [Fact]
    public async Task Auto_makes_as_many_parts_as_there_are_phones_and_minutes()
    {
        await using var server = await RunningServer.StartAsync();
        var agent = new FakeAgent(server, "lab");
        await PastAsync(server, agent);
        var auto = Whole with { Split = SplitConverter.Auto };
        var alone = await server.Client.PlanAsync(auto, Cancel);
        Assert.Equal([new PlannedPart(SpecFile, null, null, 3, 110)], alone.Jobs);
        Assert.Equal($"{SpecFile}: not divided, since one device can run it now.", Assert.Single(alone.Notes!));
        await new FakeAgent(server, "more", devices: 3).RegisterAsync();
        Assert.Contains("too short", Assert.Single((await server.Client.PlanAsync(auto, Cancel)).Notes!), StringComparison.Ordinal);
        await PastAsync(server, agent, 3, "k9");
        Assert.Equal(2, (await server.Client.PlanAsync(auto, Cancel)).Jobs.Count);
        Assert.Equal($"{SpecFile}: divided into 3: no more tests of it are known.", Assert.Single((await server.Client.PlanAsync(Whole with { Split = 9 }, Cancel)).Notes!));
    }

    [Theory]
    [InlineData("\"split\":1", "split")]
    [InlineData("\"split\":33", "split")]
    [InlineData("\"split\":0", "split")]
    [InlineData("\"split\":\"many\"", "split")]
    [InlineData("\"split\":true", "split")]
    [InlineData("\"shard\":true", "shard")]
    public async Task What_is_no_split_is_refused_by_name(string member, string field)
    {
        await using var server = await RunningServer.StartAsync();
        foreach (var path in new[] { "/api/v1/runs", "/api/v1/runs/plan" })
        {
            using var body = new StringContent($$"""{"org_id":"o","app_version_id":"v","tests":["a.spec.js"],{{member}}}""", Encoding.UTF8, "application/json");
            using var answer = await server.Http.PostAsync(new Uri(path, UriKind.Relative), body, Cancel);
            Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
            Assert.Contains($"\"field\":\"{field}\"", await answer.Content.ReadAsStringAsync(Cancel), StringComparison.Ordinal);
        }
    }

    /// <summary>A run of three tests: 60, 30 and 20 seconds, or so many times that.</summary>
    private static async Task PastAsync(RunningServer server, FakeAgent agent, int times = 1, string key = "k1")
    {
        await agent.RegisterAsync();
        await server.Client.SubmitAsync(Whole, key, Cancel);
        var lease = Assert.Single((await agent.WorkAsync()).Assignments).Lease;
        Assert.True(await agent.FinishAsync(lease, AttemptOutcome.Passed, Test("long", seconds: 60 * times), Test("short", seconds: 30 * times), Test("shorter", seconds: 20 * times)));
    }

    private static Core.Results.TestResult Test(string title, TestStatus status = TestStatus.Passed, double seconds = 1) => FakeAgent.Test(title, status) with { DurationMs = seconds * 1000 };

    private static string Titles(IReadOnlyList<IReadOnlyList<string>>? titles) => string.Join(' ', (titles ?? []).Select(t => string.Join('/', t)));
}
