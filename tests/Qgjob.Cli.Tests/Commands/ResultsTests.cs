using Qgjob.Client.Wire;
using Qgjob.Core.Jobs;

namespace Qgjob.Cli.Tests.Commands;

/// <summary>Results and the history of tests, as people see them.</summary>
public sealed class ResultsTests : IAsyncDisposable
{
    private readonly FakeServer server = new();

    public ValueTask DisposeAsync() => server.DisposeAsync();

    private Task<CliRun> RunAsync(params string[] line) => CliRun.OfAsync(line, server.Url, cancel: TestContext.Current.CancellationToken);

    [Fact]
    public async Task Results_show_each_try_the_step_that_broke_and_what_was_left()
    {
        server.On("GET /api/v1/jobs/j-1/results", new JobResults("j-1", "tests/a.spec.ts", JobStatus.Passed, 1, [Views.FlakyTest, Views.SkippedTest]), WireJson.Default.JobResults);
        Assert.Equal(
            """
            RESULT   TIME   PLACE               TEST
            flaky    1.9 s  tests/a.spec.ts:9   the list › adds
            skipped  0.0 s  tests/a.spec.ts:20  the list › takes a photo

            SKIPPED  tests/a.spec.ts:20  the list › takes a photo: no camera

            FLAKY  tests/a.spec.ts:11  the list › adds
                no such row
                > 11 | expect(row)
                issue: T-1
                try 1: failed, 2.1 s
                in step: adds a row › expect.toBeVisible
                attached: screenshot, test-results/a/shot.png
                try 2: passed, 1.9 s

            """.ReplaceLineEndings("\n"), (await RunAsync("results", "j-1")).Out);
    }

    [Fact]
    public async Task A_run_on_each_device_is_a_table_of_tests_and_devices()
    {
        JobResults Job(string id, string device, JobStatus status, params Core.Results.TestResult[] tests) => new(id, "tests/a.spec.ts", status, 1, tests) { OnDevice = device };
        var adds = new Core.Results.TestResult(["adds"], "tests/a.spec.ts", 3, Core.Results.TestStatus.Passed, 1000);
        JobResults[] jobs = [Job("j-1", "lab/phone-1", JobStatus.Passed, adds, adds with { TitlePath = ["drops"] }), Job("j-2", "iPhone 15 (ios 17)", JobStatus.Error, adds)];
        server.On("GET /api/v1/runs/r-1/results", new RunResults("r-1", "error", 20, Core.Results.TestCounts.None, jobs) { ByDevice = Client.Reports.DeviceTable.Of(jobs) }, WireJson.Default.RunResults);
        Assert.StartsWith(
            """
            TEST                    iPhone 15 (ios 17)  lab/phone-1
            tests/a.spec.ts  adds   passed              passed
            tests/a.spec.ts  drops  error               passed

            RESULT
            """.ReplaceLineEndings("\n"), (await RunAsync("results", "r-1")).Out, StringComparison.Ordinal);
        Assert.Null(Client.Reports.DeviceTable.Of([jobs[0] with { OnDevice = null }]));
    }

    [Fact]
    public async Task Tests_are_listed_with_rates_and_a_trend_from_the_oldest_to_the_latest()
    {
        server.On("GET /api/v1/orgs/qualgent/tests", new ListOf<TestView>([Views.Test], "abc"), WireJson.Default.ListOfTestView);
        var run = await RunAsync("tests", "adds", "--org-id", "qualgent", "--file", "tests/a.spec.ts");
        Assert.Equal(
            """
            LATEST  FAILS  FLAKY  TIME   TREND  PLACE              TEST
            psXfp   25 %   25 %   1.9 s  ▂▁█▅▄  tests/a.spec.ts:9  the list › adds

            """.ReplaceLineEndings("\n"), run.Out);
        Assert.Equal("There are more: add --cursor abc\n", run.Err);
        Assert.Equal("GET /api/v1/orgs/qualgent/tests?test_path=tests%2Fa.spec.ts&q=adds&limit=50", server.Requests.Single());
    }

    [Fact]
    public async Task The_history_of_a_test_shows_its_runs_and_its_rates_by_app_version_and_model()
    {
        server.On("GET /api/v1/orgs/qualgent/tests", new ListOf<TestView>([Views.Test]), WireJson.Default.ListOfTestView);
        server.On("GET /api/v1/orgs/qualgent/tests/history", Views.TestHistory, WireJson.Default.TestHistoryView);
        Assert.Equal(
            """
            tests/a.spec.ts:9  the list › adds  (android)
            4 runs: 1 failed (25 %), 1 flaky (25 %), mean 1.9 s; skipped in 1
            psXfp  ▂▁█▅▄  (oldest to latest)

            APP VERSION  RUNS  FAILS  FLAKY  TIME
            v2           2     0 %    50 %   1.9 s
            v1           2     50 %   0 %    0.9 s

            DEVICE MODEL  RUNS  FAILS  FLAKY   TIME
            Pixel 7       3     0 %    33.3 %  1.9 s
            Pixel 5       1     100 %  0 %     4.0 s

            JOB  RESULT  TIME   AGE         APP VERSION  DEVICE                              ERROR
            j-2  passed  1.9 s  1 h 00 min  v2           desk/phone-1 (Pixel 7, android 13)  -
            j-1  failed  4.0 s  3 h 00 min  v1           desk/phone-2 (Pixel 5, android 12)  no such row

            """.ReplaceLineEndings("\n"), (await RunAsync("tests", "adds", "--org-id", "qualgent", "--history")).Out);
    }

    [Fact]
    public async Task History_of_several_tests_names_them()
    {
        server.On("GET /api/v1/orgs/qualgent/tests", new ListOf<TestView>([Views.Test, Views.Test with { Project = "ios" }]), WireJson.Default.ListOfTestView);
        var run = await RunAsync("tests", "adds", "--org-id", "qualgent", "--history");
        Assert.Equal(2, run.ExitCode);
        Assert.Contains("tests/a.spec.ts: the list › adds (ios)", run.Err, StringComparison.Ordinal);
        server.On("GET /api/v1/orgs/qualgent/tests", new ListOf<TestView>([]), WireJson.Default.ListOfTestView);
        Assert.Equal(1, (await RunAsync("tests", "adds", "--org-id", "qualgent", "--history")).ExitCode);
    }
}
