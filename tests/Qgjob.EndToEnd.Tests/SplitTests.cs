using System.Xml.Linq;
using Qgjob.Core.Jobs;
using Xunit;

namespace Qgjob.EndToEnd.Tests;

/// <summary>One spec file on two phones, by the real Playwright: first by its own sharding, then by what the tests took.</summary>
[Collection(ReliabilityFleet.Name)]
public sealed class SplitTests(ReliabilityFleet shared) : IAsyncLifetime
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private Fleet Fleet => shared.Fleet;

    public async ValueTask InitializeAsync() => await Fleet.MakeWholeAsync();

    public ValueTask DisposeAsync() => default;

    [Fact]
    public async Task Every_test_of_a_divided_file_runs_once_and_reports_show_one_file()
    {
        var tally = Path.GetTempFileName();
        string[] submit =
        [
            "submit", "--org-id", "acme", "--app-version-id", "todo-1.0", "--test", "tests/divided.spec.js", "--split", "2", "--test-retries", "0", "--env", $"TALLY={tally}", "--wait",
        ];
        var sharded = await Fleet.QgjobAsync(submit);
        Assert.True(sharded.ExitCode == 10, sharded.All);
        Assert.Contains("Playwright's own sharding", sharded.All, StringComparison.Ordinal);
        Assert.Equal(["goes", "quick one", "quick two", "slow and fails", "slow one"], await RanAsync(tally));

        await File.WriteAllTextAsync(Path.Combine(Fleet.Project, "tests", "divided.txt"), "slow one\nslow and fails\nquick one\nquick two\nis new\n", Cancel);
        var (junit, html) = (Path.Combine(Fleet.Project, "split.xml"), Path.Combine(Fleet.Project, "split-html"));
        var divided = await Fleet.QgjobAsync([.. submit, "--report", $"junit={junit},html={html}"]);
        Assert.True(divided.ExitCode == 10, divided.All);
        string[] all = ["is new", "quick one", "quick two", "slow and fails", "slow one"];
        Assert.Equal(all, await RanAsync(tally));
        var run = divided.Out.Split('\n')[0].Split(' ')[1];
        var jobs = (await Fleet.Client.ListJobsAsync(null, run, null, null, 10, null, Cancel)).Items;
        Assert.Equal([new TestSlice(1, 2), new TestSlice(2, 2)], jobs.Select(j => j.Slice));
        Assert.Equal(2, jobs.Select(j => j.DeviceId).Distinct().Count());
        Assert.Contains("tests/divided.spec.js [1/2]", (await Fleet.QgjobAsync("logs", jobs[0].JobId)).Out, StringComparison.Ordinal);
        var results = (await Fleet.Client.FindRunResultsAsync(run, Cancel))!;
        // Each long one in a part of its own.
        Assert.All(results.Jobs, j => Assert.Single(j.Tests, t => t.TitlePath[^1].StartsWith("slow", StringComparison.Ordinal)));
        Assert.Equal(all, results.Jobs.SelectMany(j => j.Tests).Select(t => t.Title).Order(StringComparer.Ordinal));
        Assert.Equal(all.Select(t => ("tests/divided.spec.js", t)), HtmlReportFiles.Tests(html).Select(t => (t.File, t.Title)).OrderBy(t => t.Title, StringComparer.Ordinal));
        var suite = Assert.Single(XDocument.Load(junit).Descendants("testsuite"));
        Assert.Equal(all, suite.Elements("testcase").Select(t => t.Attribute("name")!.Value).Order(StringComparer.Ordinal));

        var rerun = await Fleet.QgjobAsync("rerun", run, "--failed", "--wait");
        Assert.True(rerun.ExitCode == 10, rerun.All);
        Assert.Equal(["slow and fails"], await RanAsync(tally));
    }

    [Fact]
    public async Task Tests_that_build_upon_one_another_are_refused_by_the_agent_too()
    {
        var accepted = await Fleet.SubmitRunAsync("in-a-row", r => r with { Split = 2, Shard = true });
        Assert.Equal(2, accepted.JobIds.Count);
        foreach (var job in accepted.JobIds)
        {
            var ended = await Fleet.EndAsync(job);
            Assert.Equal((JobStatus.Error, 20), (ended.Status, ended.ExitCode));
            Assert.Contains("tests/in-a-row.spec.js:6 says 'mode: 'serial''", ended.Reason, StringComparison.Ordinal);
        }
    }

    /// <summary>The tests that ran since it was asked last.</summary>
    private static async Task<IEnumerable<string>> RanAsync(string tally)
    {
        var ran = await File.ReadAllLinesAsync(tally, Cancel);
        await File.WriteAllTextAsync(tally, "", Cancel);
        return ran.Order(StringComparer.Ordinal);
    }
}
