using System.Text.Json;
using Qgjob.Cli.Ci;
using Qgjob.Cli.Tests.Commands;
using Qgjob.Client.Wire;
using Qgjob.Core.Jobs;
using Qgjob.Core.Results;
using TestResult = Qgjob.Core.Results.TestResult;

namespace Qgjob.Cli.Tests.Ci;

/// <summary>What tests, branches and phones are called never becomes a workflow command, Markdown or HTML.</summary>
public sealed class GitHubTests : IAsyncDisposable
{
    private const string Token = "stop-word";
    private readonly FakeServer server = new();
    private readonly TemporaryFolder folder = new();

    public async ValueTask DisposeAsync()
    {
        await server.DisposeAsync();
        folder.Dispose();
    }

    private static TestResult Failed(string title, string? error = "Error: no") => new(["suite", title], "tests/a.spec.ts", 3, TestStatus.Failed, 1500, Error: error, ErrorLine: 7);

    private async Task<(CliRun Run, string Summary, string Output)> WaitAsync(params TestResult[] tests)
    {
        server.On("GET /api/v1/runs/r-1", Views.Run("failed", 10, 1, TestCounts.Of(tests), CliRun.Now), WireJson.Default.RunView);
        server.On("GET /api/v1/jobs", new ListOf<JobView>([Views.Job("j-1", "tests/a.spec.ts", JobStatus.Failed)]), WireJson.Default.ListOfJobView);
        server.On("GET /api/v1/runs/r-1/results", new RunResults("r-1", "failed", 10, TestCounts.Of(tests),
            [new JobResults("j-1", "tests/a.spec.ts", JobStatus.Failed, 1, tests)]), WireJson.Default.RunResults);
        var (summary, output) = (Path.Combine(folder.Path, "summary"), Path.Combine(folder.Path, "output"));
        var run = await CliRun.OfAsync(["wait", "r-1"], server.Url, folder: folder.Path, environment: new()
        {
            ["QGJOB_CI"] = "github",
            ["QGJOB_CI_STOP_TOKEN"] = Token,
            ["GITHUB_OUTPUT"] = output,
            ["GITHUB_STEP_SUMMARY"] = summary,
            ["GITHUB_WORKSPACE"] = Path.GetDirectoryName(folder.Path)!,
        });
        return (run, await File.ReadAllTextAsync(summary, TestContext.Current.CancellationToken), await File.ReadAllTextAsync(output, TestContext.Current.CancellationToken));
    }

    /// <summary>Lines that the runner would obey.</summary>
    private static List<string> Commands(string log)
    {
        var obeyed = new List<string>();
        // The script stopped commands before it started us.
        var stopped = true;
        foreach (var line in log.Split('\n').Select(l => l.TrimStart()))
            if (line == $"::{Token}::") stopped = false;
            else if (line == $"::stop-commands::{Token}") stopped = true;
            else if (!stopped && line.StartsWith("::", StringComparison.Ordinal)) obeyed.Add(line);
        Assert.True(stopped, "commands are stopped again at the end");
        return obeyed;
    }

    [Fact]
    public void A_run_on_each_device_is_a_table_in_the_summary()
    {
        JobResults[] jobs = [new("j-1", "a.spec.ts", JobStatus.Failed, 1, [Failed("adds | x")]) { OnDevice = "lab/phone|1" }, new("j-2", "a.spec.ts", JobStatus.Canceled, 0, []) { OnDevice = "lab/phone-2" }];
        var outcome = Cli.Watching.Outcome.Of(Views.Run("failed", 10, 2, TestCounts.None, CliRun.Now), [], jobs);
        Assert.Contains(
            "| test | <code>lab/phone-2</code> | <code>lab/phone&#124;1</code> |\n| --- | --- | --- |\n| <code>suite › adds &#124; x</code> in <code>tests/a.spec.ts</code> | canceled | ❌ failed |\n",
            MarkdownSummary.Of(outcome, [], jobs, "http://x"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Titles_and_messages_forge_no_command()
    {
        var (run, _, output) = await WaitAsync(Failed("::error::forged%0A::warning::x", "first\n::error::forged too\n::set-output name=x::y"));
        Assert.Equal(10, run.ExitCode);
        var prefix = Path.GetFileName(folder.Path);
        Assert.Equal(
            [$"::error file={prefix}/tests/a.spec.ts,line=7,title=suite › %3A%3Aerror%3A%3Aforged%250A%3A%3Awarning%3A%3Ax::first%0A::error::forged too%0A::set-output name=x::y%0Aon desk/phone-1"],
            Commands(run.Err));
        // A value ends where its own random word stands, whatever is in it.
        var line = output.Split('\n').First(l => l.StartsWith("results<<", StringComparison.Ordinal));
        Assert.DoesNotContain(line["results<<".Length..], output.Split('\n').First(l => l.StartsWith('{')), StringComparison.Ordinal);
        Assert.Equal(10, JsonDocument.Parse(output.Split('\n').First(l => l.StartsWith('{'))).RootElement.GetProperty("exit_code").GetInt32());
    }

    [Fact]
    public async Task A_failure_in_quarantine_is_a_notice_and_no_error()
    {
        var mark = new QuarantineMark("q-1", "flaky | bank", "anna", CliRun.Now.AddDays(1));
        var (run, summary, output) = await WaitAsync(Failed("counts") with { Quarantine = mark with { Ended = true } }, Failed("does not") with { Quarantine = mark });
        var prefix = Path.GetFileName(folder.Path);
        var until = $"{CliRun.Now.AddDays(1).UtcDateTime:yyyy-MM-dd HH:mm} UTC";
        Assert.Equal(
        [
            $"::error file={prefix}/tests/a.spec.ts,line=7,title=suite › counts::Error: no%0Aon desk/phone-1%0Aits quarantine has ended: flaky | bank (by anna, until {until})",
            $"::notice file={prefix}/tests/a.spec.ts,line=7,title=suite › does not (quarantined)::It failed in quarantine, which does not count: flaky | bank (by anna, until {until})%0AError: no",
        ], Commands(run.Err));
        Assert.Contains("failed: 0 passed, 1 failed, 1 quarantined", summary, StringComparison.Ordinal);
        Assert.Contains("<summary>🔇 quarantined: suite › does not</summary>", summary, StringComparison.Ordinal);
        Assert.Contains("| 0 of 2 |", summary, StringComparison.Ordinal);
        Assert.Matches("quarantined<<(\\w+)\n1\n\\1", output);
    }

    [Fact]
    public async Task More_failures_than_GitHub_shows_are_summed_up_in_the_tenth_mark()
    {
        var (run, summary, _) = await WaitAsync([.. Enumerable.Range(1, 23).Select(i => Failed($"test {i}"))]);
        var marks = Commands(run.Err);
        Assert.Equal(10, marks.Count);
        Assert.StartsWith("::error title=14 more failures::", marks[9], StringComparison.Ordinal);
        Assert.Equal(23, summary.Split("<summary>❌").Length - 1);
    }

    [Fact]
    public async Task The_summary_shows_words_as_they_are()
    {
        var (_, summary, _) = await WaitAsync(Failed("<img src=x> | `code` [link](http://x) @team", "```\n# no heading\n</details>"));
        Assert.Contains("<summary>❌ suite › &lt;img src=x&gt; | `code` [link](http://x) @team</summary>", summary, StringComparison.Ordinal);
        Assert.Contains("````text\n```\n# no heading\n</details>\n````", summary, StringComparison.Ordinal);
        Assert.DoesNotContain("<img", summary, StringComparison.Ordinal);
        Assert.Contains("| <code>tests/a.spec.ts</code> | ❌ failed | 0 of 1 | <code>desk/phone-1</code> |", summary, StringComparison.Ordinal);
    }

    [Fact]
    public void Outside_of_the_script_there_is_no_step()
    {
        using var nothing = new StringWriter();
        Assert.Null(GitHub.Of(CliRun.World(nothing, nothing, Stream.Null, folder.Path, new() { ["GITHUB_ACTIONS"] = "true", ["GITHUB_OUTPUT"] = "/x" })));
    }
}
