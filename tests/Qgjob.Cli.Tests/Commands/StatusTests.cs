using Qgjob.Client.Wire;
using Qgjob.Core.Jobs;
using Qgjob.Core.Results;

namespace Qgjob.Cli.Tests.Commands;

public sealed class StatusTests : IAsyncDisposable
{
    private readonly FakeServer server = new();

    public ValueTask DisposeAsync() => server.DisposeAsync();

    private Task<CliRun> Run(params string[] args) => CliRun.OfAsync(args, server.Url);

    [Fact]
    public async Task A_waiting_job_is_exit_code_8_and_says_why_it_waits()
    {
        server.On("GET /api/v1/jobs/j-1", Views.Job("j-1", "tests/a.spec.ts", JobStatus.Queued) with
        {
            Reason = "no device fits",
            Waiting = new WaitingView("no_device", "no device fits"),
            ExpectedStart = CliRun.Now.AddSeconds(90),
            ExpectedEnd = CliRun.Now.AddSeconds(102),
            Attempts = [],
        }, WireJson.Default.JobView);
        foreach (var args in new[] { new[] { "status", "--job-id=j-1" }, ["status", "--job-id", "j-1"], ["status", "j-1"] })
        {
            var run = await Run(args);
            Assert.Equal(8, run.ExitCode);
            Assert.Contains("reason       no device fits", run.Out, StringComparison.Ordinal);
            Assert.Contains("position     2 jobs of its group go before it", run.Out, StringComparison.Ordinal);
            Assert.Contains("starts       in about 1 min 30 s\nends         in about 1 min 42 s\n", run.Out, StringComparison.Ordinal);
            Assert.Empty(run.Err);
        }
        Golden.Check("status-job.json", (await Run("status", "--job-id=j-1", "--json")).Out);
    }

    [Fact]
    public async Task A_rough_time_says_that_it_is_and_a_passed_one_is_any_moment()
    {
        server.On("GET /api/v1/jobs/j-1", Views.Job("j-1", "tests/a.spec.ts", JobStatus.Queued) with
        {
            ExpectedStart = CliRun.Now,
            ExpectedEnd = CliRun.Now.AddSeconds(12),
            ExpectedRoughly = true,
        }, WireJson.Default.JobView);
        Assert.Contains("starts       any moment\nends         in very roughly 12 s\n", (await Run("status", "j-1")).Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_run_says_why_its_first_waiting_job_waits()
    {
        server.On("GET /api/v1/runs/r-1", Views.Run() with { Waiting = Views.Busy }, WireJson.Default.RunView);
        Assert.Contains("waits        because the only device that fits is busy\n", (await Run("status", "r-1")).Out, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(10)]
    [InlineData(15)]
    [InlineData(18)]
    [InlineData(19)]
    [InlineData(20)]
    public async Task A_finished_run_is_its_verdicts_code(int code)
    {
        server.On("GET /api/v1/runs/r-1", Views.Run("whatever", code, tests: new TestCounts(2, 1, 0, 0), finishedAt: CliRun.Now), WireJson.Default.RunView);
        Assert.Equal(code, (await Run("status", "--run-id=r-1")).ExitCode);
        Assert.Equal(code, (await Run("status", "r-1")).ExitCode);
    }

    [Fact]
    public async Task The_runs_json_is_golden()
    {
        server.On("GET /api/v1/runs/r-1", Views.Run(), WireJson.Default.RunView);
        var run = await Run("status", "r-1", "--json");
        Golden.Check("status-run.json", run.Out);
        Assert.Empty(run.Err);
    }

    [Theory]
    [InlineData("status", "j-none")]
    [InlineData("status", "r-none")]
    [InlineData("logs", "j-none")]
    [InlineData("results", "r-none")]
    [InlineData("cancel", "j-none")]
    [InlineData("artifacts", "j-none")]
    [InlineData("wait", "r-none")]
    public async Task Unknown_ids_are_exit_code_1_and_named(string command, string id)
    {
        var run = await Run(command, id);
        Assert.Equal(1, run.ExitCode);
        Assert.Empty(run.Out);
        Assert.Contains($"There is no {(id[0] == 'r' ? "run" : "job")} {id}", run.Err, StringComparison.Ordinal);
        Assert.Equal(2, run.Err.Split('\n', StringSplitOptions.RemoveEmptyEntries).Length);
    }

    [Theory]
    [InlineData(401, 4)]
    [InlineData(403, 4)]
    [InlineData(400, 2)]
    [InlineData(409, 1)]
    [InlineData(500, 1)]
    public async Task What_the_server_refuses_has_an_exit_code(int status, int code)
    {
        server.On("GET /api/v1/jobs/j-1", status, $$"""{"title":"No","status":{{status}},"detail":"said no","field":"thing"}""");
        // The problem's media type is json in any form.
        var run = await Run("status", "j-1", "--json");
        Assert.Equal(code, run.ExitCode);
        Assert.Contains("said no", run.Err, StringComparison.Ordinal);
        Assert.Contains($"\"exit_code\":{code}", run.Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Usage_errors_are_exit_code_2_with_one_document_in_json()
    {
        var run = await Run("status", "--json");
        Assert.Equal(2, run.ExitCode);
        Golden.Check("error.json", run.Out);
        Assert.Equal(2, (await Run("status", "j-1", "--run-id", "r-1")).ExitCode);
        Assert.Contains("Did you mean status?", (await Run("stauts")).Err, StringComparison.Ordinal);
        Assert.Contains("Did you mean --job-id?", (await Run("status", "--jobid=j-1")).Err, StringComparison.Ordinal);
        Assert.Equal(2, (await Run("stauts")).ExitCode);
        Assert.Equal(2, (await Run("status", "--nope")).ExitCode);
        Assert.Equal(2, (await Run()).ExitCode);
        Assert.Equal(2, (await Run("devices")).ExitCode);
        Assert.Equal(2, (await Run("wait", "j-1")).ExitCode);
        Assert.Equal(2, (await Run("status", "j-1", "--url", "nonsense")).ExitCode);
        Assert.Empty(server.Requests);
    }

    [Fact]
    public async Task A_run_says_where_its_jobs_and_results_are()
    {
        server.On("GET /api/v1/runs/r-1", Views.Run(), WireJson.Default.RunView);
        Assert.EndsWith("its jobs     qgjob list --jobs --run-id r-1\nwatch it     qgjob wait r-1\n", (await Run("status", "r-1")).Out, StringComparison.Ordinal);
        server.On("GET /api/v1/runs/r-1", Views.Run("failed", 10, finishedAt: CliRun.Now), WireJson.Default.RunView);
        Assert.EndsWith("results      qgjob results r-1\n", (await Run("status", "r-1")).Out, StringComparison.Ordinal);
    }
}
