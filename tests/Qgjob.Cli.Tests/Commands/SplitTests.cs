using System.Text.Json;
using Qgjob.Client.Wire;
using Qgjob.Core.Jobs;

namespace Qgjob.Cli.Tests.Commands;

public sealed class SplitTests : IAsyncDisposable
{
    private static readonly PlannedPart[] Parts = [new("tests/a.spec.ts", null, new TestSlice(1, 2), 12, 1203.4), new("tests/a.spec.ts", null, new TestSlice(2, 2), 30, 1180)];
    private readonly FakeServer server = new FakeServer()
        .On("POST /api/v1/runs", new RunAccepted("r-1", ["j-1", "j-2"], Parts: Parts), WireJson.Default.RunAccepted)
        .On("POST /api/v1/runs/plan", new RunPlan(Parts, ["a note"]), WireJson.Default.RunPlan);
    private readonly TemporaryFolder folder = new();

    public async ValueTask DisposeAsync()
    {
        await server.DisposeAsync();
        folder.Dispose();
    }

    private Task<CliRun> Run(params string[] args) => CliRun.OfAsync(["submit", "--org-id", "o", "--app-version-id", "v", .. args], server.Url, folder.Path);

    private SubmitRun Sent(string path = "POST /api/v1/runs") => JsonSerializer.Deserialize(server.Last(path).Body, WireJson.Default.SubmitRun)!;

    [Theory]
    [InlineData("4", 4)]
    [InlineData("auto", SplitConverter.Auto)]
    public async Task The_parts_are_asked_for_and_named(string given, int sent)
    {
        var run = await Run("--test", "tests/a.spec.ts", "--split", given);
        Assert.Equal((0, "run r-1\njob j-1 tests/a.spec.ts [1/2]\njob j-2 tests/a.spec.ts [2/2]\n"), (run.ExitCode, run.Out));
        Assert.Equal((sent, null), (Sent().Split, Sent().Shard));
        Golden.Check("submitted-split.json", (await Run("--test", "tests/a.spec.ts", "--split", given, "--json")).Out);
    }

    [Theory]
    [InlineData("1")]
    [InlineData("33")]
    [InlineData("many")]
    [InlineData("-2")]
    public async Task What_is_no_number_of_parts_is_a_mistake(string given)
    {
        var run = await Run("--test", "tests/a.spec.ts", $"--split={given}");
        Assert.Equal(2, run.ExitCode);
        Assert.Contains("Give a number of parts, or auto.", run.Err, StringComparison.Ordinal);
        Assert.Empty(server.Requests);
    }

    [Fact]
    public async Task Each_device_runs_whole_files() =>
        Assert.Equal(2, (await Run("--test", "tests/a.spec.ts", "--split", "2", "--each-device")).ExitCode);

    [Fact]
    public async Task List_asks_the_server_what_it_would_make_of_it()
    {
        var run = await Run("--test", "tests/a.spec.ts", "--split", "2", "--list");
        Assert.Equal(0, run.ExitCode);
        Golden.Check("plan-split.txt", run.Out);
        Assert.Contains("a note\n", run.Err, StringComparison.Ordinal);
        Assert.Equal(["POST /api/v1/runs/plan"], server.Requests);
        Golden.Check("plan-split.json", (await Run("--test", "tests/a.spec.ts", "--split", "2", "--list", "--json")).Out);
    }

    [Fact]
    public async Task Files_whose_tests_build_upon_one_another_are_refused_with_the_place()
    {
        folder.With("appwright.config.ts").With("tests/a.spec.ts", "test('serial', () => {});").With("tests/b.spec.ts", "\ntest.describe.serial('b', () => {});");
        var run = await Run("--test", "tests/*", "--split", "2");
        Assert.Equal(2, run.ExitCode);
        Assert.Contains("tests/b.spec.ts:2 says 'describe.serial'", run.Err, StringComparison.Ordinal);
        Assert.Empty(server.Requests);
        Assert.Equal(0, (await Run("--test", "tests/a.spec.ts", "--split", "2", "--list")).ExitCode);
    }

    [Theory]
    [InlineData("export default { fullyParallel: true }", "3", true)]
    [InlineData("export default {\n  // fullyParallel: true\n}", "3", null)]
    [InlineData("export default { fullyParallel: true }", "auto", null)]
    [InlineData("import { defineConfig } from 'appwright';\nexport default defineConfig({ });", "3", true)]
    [InlineData("import { defineConfig } from 'appwright';\nexport default defineConfig({ fullyParallel: false });", "3", null)]
    public async Task A_project_that_allows_it_may_be_divided_by_Playwright(string config, string split, bool? shard)
    {
        folder.With("appwright.config.ts", config).With("tests/a.spec.ts", "x");
        Assert.Equal(0, (await Run("--test", "tests/a.spec.ts", "--split", split, "--list")).ExitCode);
        Assert.Equal(shard, Sent("POST /api/v1/runs/plan").Shard);
    }
}
