using System.IO.Compression;
using Qgjob.Cli.Reports;
using Qgjob.Cli.Tests.Commands;
using Qgjob.Client.Wire;
using Qgjob.Core.Results;

namespace Qgjob.Cli.Tests.Reports;

public sealed class ReportTests : IAsyncDisposable
{
    private readonly FakeServer server = new();
    private readonly TemporaryFolder folder = new();
    private readonly Queue<ReportState> states = new([new("r-1", "waiting", "An agent gets it in a moment."), new("r-1", "making", "Agent lab is making it."), new("r-1", "made", SizeBytes: 9)]);

    public ReportTests()
    {
        server.On("GET /api/v1/runs/r-1", Views.Run("passed", 0, 1, finishedAt: CliRun.Now), WireJson.Default.RunView);
        server.On("GET /api/v1/jobs", new ListOf<JobView>([]), WireJson.Default.ListOfJobView);
        server.On("GET /api/v1/runs/r-1/results", new RunResults("r-1", "passed", 0, TestCounts.None, []), WireJson.Default.RunResults);
        server.On("GET /api/v1/runs/r-1/report.junit.xml", 200, "<testsuites/>");
        server.On("GET /api/v1/runs/r-1/report.json", 200, "{}");
        server.On("GET /api/v1/runs/r-1/report", _ => new Answer(200, System.Text.Json.JsonSerializer.Serialize(states.Count > 1 ? states.Dequeue() : states.Peek(), WireJson.Default.ReportState)));
    }

    public async ValueTask DisposeAsync()
    {
        folder.Dispose();
        await server.DisposeAsync();
    }

    private Task<CliRun> RunAsync(params string[] args) => CliRun.OfAsync(args, server.Url, folder.Path, time: TimeProvider.System);

    [Fact]
    public async Task Without_an_option_it_says_where_the_html_report_is_once_it_is_made()
    {
        var run = await RunAsync("report", "r-1");
        Assert.Equal((0, $"{server.Url}api/v1/runs/r-1/report.html\n"), (run.ExitCode, run.Out));
        Assert.Equal("An agent gets it in a moment.\nAgent lab is making it.\n", run.Err);
        Golden.Check("report.json", (await RunAsync("report", "r-1", "--json")).Out.Replace(server.Url.ToString(), "http://server/", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Files_are_saved_in_folders_that_are_made()
    {
        var run = await RunAsync("report", "r-1", "--junit", "a/b/j.xml", "--results", "c/r.json");
        Assert.True(run.ExitCode == 0, run.Err);
        Assert.Equal(("<testsuites/>", "{}"), (await File.ReadAllTextAsync(folder["a/b/j.xml"], TestContext.Current.CancellationToken), await File.ReadAllTextAsync(folder["c/r.json"], TestContext.Current.CancellationToken)));
        Assert.Equal(["j.xml"], Directory.GetFileSystemEntries(folder["a/b"]).Select(Path.GetFileName));
    }

    [Fact]
    public async Task A_report_that_cannot_be_saved_leaves_the_old_one_and_does_not_hide_the_outcome()
    {
        folder.With("j.xml", "old");
        server.On("GET /api/v1/runs/r-1/report.junit.xml", 404, "{}");
        var run = await RunAsync("wait", "r-1", "--report", "junit=j.xml,json=r.json");
        Assert.Equal(1, run.ExitCode);
        Assert.Contains("The junit report could not be saved", run.Err, StringComparison.Ordinal);
        Assert.Contains("passed 0", run.Out, StringComparison.Ordinal);
        Assert.Equal("old", await File.ReadAllTextAsync(folder["j.xml"], TestContext.Current.CancellationToken));
        Assert.True(File.Exists(folder["r.json"]));
        Assert.Equal(2, Directory.GetFileSystemEntries(folder.Path).Length);
    }

    [Fact]
    public async Task A_failed_report_says_why()
    {
        states.Clear();
        states.Enqueue(new ReportState("r-1", "failed", "Agent lab could not make the HTML report: there is no npm"));
        var run = await RunAsync("report", "r-1", "--html", "html");
        Assert.Equal(1, run.ExitCode);
        Assert.Contains("there is no npm", run.Err, StringComparison.Ordinal);
        Assert.False(Directory.Exists(folder["html"]));
    }

    [Fact]
    public async Task A_run_that_goes_on_has_no_report_yet()
    {
        server.On("GET /api/v1/runs/r-1", Views.Run("running", 8, 1), WireJson.Default.RunView);
        Assert.Equal(8, (await RunAsync("report", "r-1", "--junit", "j.xml")).ExitCode);
    }

    [Theory]
    [InlineData("xml=a", "'xml=a' is not known")]
    [InlineData("junit=", "'junit=' is not known")]
    [InlineData("junit=a.xml,json=a.xml", "named twice")]
    [InlineData("junit=some", "is a folder")]
    [InlineData("junit=some/file/x.xml", "is a file, not a folder")]
    [InlineData("html=some/file", "is a file; an HTML report is a folder")]
    [InlineData("html=some", "something else in it")]
    public async Task Mistakes_are_told_before_anything_is_done(string report, string expected)
    {
        folder.With("some/file");
        var run = await RunAsync("wait", "r-1", "--report", report);
        Assert.Equal(2, run.ExitCode);
        Assert.Contains(expected, run.Err, StringComparison.Ordinal);
        Assert.Empty(server.Requests);
    }

    [Theory]
    [InlineData("../out")]
    [InlineData("a/../../out")]
    [InlineData("/tmp/out")]
    [InlineData("a\\..\\..\\out")]
    public void A_zip_that_leads_out_of_its_folder_is_refused(string name)
    {
        var zip = Zip((name, "x"));
        Assert.Throws<InvalidDataException>(() => SafeUnzip.Unpack(zip, folder["files"]));
        Assert.False(File.Exists(folder["out"]));
    }

    [Fact]
    public void A_zip_bomb_is_refused()
    {
        var zip = Zip(("big", new string('0', 100_000)));
        Assert.Throws<InvalidDataException>(() => SafeUnzip.Unpack(zip, folder["files"], mostBytes: 10_000));
    }

    private string Zip(params (string Name, string Text)[] files)
    {
        using var zip = ZipFile.Open(folder["x.zip"], ZipArchiveMode.Create);
        foreach (var (name, text) in files)
            using (var writer = new StreamWriter(zip.CreateEntry(name).Open())) writer.Write(text);
        return folder["x.zip"];
    }
}
