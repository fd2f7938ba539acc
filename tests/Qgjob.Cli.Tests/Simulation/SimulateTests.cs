using System.Text.RegularExpressions;
using System.Xml.Linq;
using Qgjob.Cli.Simulation;
using Qgjob.Cli.Tests.Commands;
using Qgjob.Core.Simulation;

namespace Qgjob.Cli.Tests.Simulation;

public sealed partial class SimulateTests : IDisposable
{
    private const string Trace = """
        release_s,org_id,app_version_id,target,test_path,priority,duration_s,estimate_s,install_s
        0,acme,7,any,a.spec.ts,0,60,60,30
        0,acme,7,any,b.spec.ts,high,90,,30
        10.5,other,1,any,c.spec.ts,0,20,25,40

        """;

    private readonly TemporaryFolder folder = new();

    public SimulateTests() => folder.With("jobs.csv", Trace);

    public void Dispose() => folder.Dispose();

    [Fact]
    public async Task One_simulation_is_one_golden_document()
    {
        var run = await Run("simulate --trace jobs.csv --devices 2 --seed 5 --json");
        Assert.Equal((0, ""), (run.ExitCode, run.Err));
        Assert.Equal(1, run.Out.Count(c => c == '\n'));
        Golden.Check("simulation.json", DecisionTime().Replace(run.Out, "$1:0"));
    }

    [Fact]
    public async Task A_range_of_devices_is_one_golden_document_too()
    {
        var run = await Run("simulate --trace jobs.csv --devices 1..3 --policy fifo --fairness off --json");
        Assert.Equal((0, ""), (run.ExitCode, run.Err));
        Golden.Check("simulations.json", DecisionTime().Replace(run.Out, "$1:0"));
    }

    [Fact]
    public async Task People_get_a_table_with_the_ratios()
    {
        var run = await Run("simulate --trace jobs.csv --devices 2");
        Assert.Equal((0, ""), (run.ExitCode, run.Err));
        Golden.Check("simulation.txt", MicrosecondsShown().Replace(run.Out, "0.0 µs  "));
    }

    [Fact]
    public async Task A_range_is_a_table_a_plot_and_a_picture()
    {
        var run = await Run("simulate --generate at-once --load-devices 4 --devices 2..6:2 --svg plot.svg");
        Assert.Equal((0, ""), (run.ExitCode, run.Err));
        Assert.Contains("DEVICES  MAKESPAN", run.Out, StringComparison.Ordinal);
        var bars = run.Out.Split('\n').Where(l => l.Contains('█', StringComparison.Ordinal)).ToList();
        Assert.Equal(9, bars.Count);
        Assert.True(bars[0].Count(c => c == '█') > bars[2].Count(c => c == '█'), run.Out);
        var svg = XDocument.Load(folder["plot.svg"]).Root!;
        Assert.Equal(5, svg.Elements().Count(e => e.Name.LocalName == "polyline"));
        Assert.Contains(svg.Descendants(), e => e.Name.LocalName == "title" && e.Value.StartsWith("4 devices: ", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_load_goes_to_standard_output_as_csv()
    {
        var run = await Run("simulate --generate small --load-devices 1 --seed 3");
        Assert.Equal((0, ""), (run.ExitCode, run.Err));
        Assert.Equal(Loads.Make("small", 3, devices: 1), TraceCsv.Read(new StringReader(run.Out)));
    }

    [Fact]
    public async Task A_written_load_plays_like_the_load_itself()
    {
        var written = await Run("simulate --generate flood --load-devices 2 --seed 1 --jobs-out made.csv");
        Assert.Equal((0, "", $"{Loads.Make("flood", 1, devices: 2).Count} jobs written to made.csv\n"), (written.ExitCode, written.Out, written.Err));
        var fromFile = await Run("simulate --trace made.csv --devices 2 --seed 1 --json");
        var direct = await Run("simulate --generate flood --load-devices 2 --devices 2 --seed 1 --json");
        Assert.Equal(DecisionTime().Replace(fromFile.Out, ""), DecisionTime().Replace(direct.Out, ""));
        var document = await Run("simulate --generate small --load-devices 1 --noise 0 --jobs-out made.csv --json");
        Assert.Equal("""{"schema":1,"kind":"trace","file":"made.csv","jobs":110}""" + "\n", document.Out);
        Assert.All(TraceCsv.Read(new StringReader(await File.ReadAllTextAsync(folder["made.csv"], Cancel))), j => Assert.Equal(j.DurationSeconds, j.EstimateSeconds));
    }

    [Fact]
    public async Task Standard_input_is_a_trace_too()
    {
        using var output = new StringWriter { NewLine = "\n" };
        using var input = new MemoryStream(System.Text.Encoding.UTF8.GetBytes(Trace));
        var world = CliRun.World(output, TextWriter.Null, Stream.Null, folder.Path, []);
        world = new Surroundings
        {
            Out = output,
            Err = world.Err,
            OpenOut = world.OpenOut,
            OpenIn = () => input,
            CurrentFolder = folder.Path,
            ConfigFolder = world.ConfigFolder,
            Environment = world.Environment,
            Time = world.Time,
            Ids = world.Ids,
        };
        Assert.Equal(0, await CommandLine.RunAsync(["simulate", "--trace", "-", "--devices", "2", "--json"], world, Cancel));
        Assert.Contains("\"jobs\":3,", output.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task History_comes_from_the_server()
    {
        await using var server = new FakeServer();
        server.On("GET /api/v1/trace", 200, Trace);
        var run = await CliRun.OfAsync(
            ["simulate", "--from-history", "--days", "3", "--org-id", "acme", "--devices", "2", "--jobs-out", "past.csv", "--json"], server.Url, folder.Path, cancel: Cancel);
        Assert.Equal((0, ""), (run.ExitCode, run.Err));
        Assert.Contains("\"jobs\":3,", run.Out, StringComparison.Ordinal);
        Assert.Equal(["GET /api/v1/trace?days=3&org_id=acme"], server.Requests);
        Assert.Equal(4, (await File.ReadAllLinesAsync(folder["past.csv"], Cancel)).Length);
        server.On("GET /api/v1/trace", 200, Trace.Split('\n')[0]);
        var nothing = await CliRun.OfAsync(["simulate", "--from-history", "--devices", "2"], server.Url, folder.Path, cancel: Cancel);
        Assert.Equal((1, "qgjob: The server has run nothing in that time.\n  Take more --days, or another org.\n"), (nothing.ExitCode, nothing.Err));
    }

    [Theory]
    [InlineData("simulate", "Name one trace: --trace FILE, --generate LOAD or --from-history.")]
    [InlineData("simulate --trace jobs.csv --generate small --devices 1", "Name one trace")]
    [InlineData("simulate --trace jobs.csv", "How many devices are there?")]
    [InlineData("simulate --trace jobs.csv --devices 0", "--devices: '0' is not a number of devices.")]
    [InlineData("simulate --trace jobs.csv --devices 10..5", "--devices: '10..5' ends before it begins.")]
    [InlineData("simulate --trace jobs.csv --devices 1..1000:1", "--devices: '1..1000:1' asks for 1000 simulations; 200 are the most.")]
    [InlineData("simulate --trace jobs.csv --devices 1 --policy best", "--policy: 'best' is not known.")]
    [InlineData("simulate --trace jobs.csv --devices 1 --fairness maybe", "--fairness: 'maybe' is not known.")]
    [InlineData("simulate --trace jobs.csv --devices 1 --svg a.svg", "--svg draws a range of devices.")]
    [InlineData("simulate --generate huge --devices 1", "--generate: 'huge' is not known.")]
    [InlineData("simulate --generate small --noise much", "--noise: 'much' is not a number from 0 to 3.")]
    [InlineData("simulate --generate small --json", "A trace is CSV, not JSON.")]
    [InlineData("simulate --generate small --devices 1 --jobs-out -", "Standard output cannot take both the trace and the result.")]
    [InlineData("simulate --from-history --days 0 --devices 1", "--days: 0 is not from 1 to 3650.")]
    [InlineData("simulate --trace wrong.csv --devices 1", "wrong.csv: Line 2, column duration_s: 'soon' does not fit; expected seconds")]
    [InlineData("simulate --trace empty.csv --devices 1", "empty.csv has a header and no jobs.")]
    [InlineData("simulate --trace absent.csv --devices 1", "There is no file ")]
    [InlineData("simulate --trace jobs.csv --devices 1..2 --svg absent/a.svg", "--svg: ")]
    [InlineData("simulate --trace jobs.csv --devices 1 --org-id acme", "--days and --org-id choose from the server's history.")]
    [InlineData("simulate --generate small --days 3", "--days and --org-id choose from the server's history.")]
    [InlineData("simulate --trace jobs.csv --devices 1 --noise 0", "--load-devices and --noise are for made-up loads.")]
    [InlineData("simulate --from-history --load-devices 2", "--load-devices and --noise are for made-up loads.")]
    public async Task Every_mistake_says_what_to_do(string line, string message)
    {
        folder.With("wrong.csv", Trace.Split('\n')[0] + "\n0,acme,7,any,a.spec.ts,0,soon,60,30\n").With("empty.csv", Trace.Split('\n')[0] + "\n");
        var run = await Run(line);
        Assert.StartsWith($"qgjob: {message}", run.Err, StringComparison.Ordinal);
        Assert.Equal(2, run.Err.TrimEnd().Split('\n').Length);
        Assert.Equal(2, run.ExitCode);
        // --json reports the mistake there, too.
        Assert.True(run.Out.Length == 0 || line.EndsWith("--json", StringComparison.Ordinal), run.Out);
    }

    [Theory]
    [InlineData("7", "7")]
    [InlineData("1..1", "1")]
    [InlineData("10..100", "10 20 30 40 50 60 70 80 90 100")]
    [InlineData("1..4", "1 2 3 4")]
    [InlineData("10..25:10", "10 20 25")]
    public void A_range_holds_its_ends(string text, string counts) => Assert.Equal(counts, string.Join(' ', DeviceCounts.Parse(text)));

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private Task<CliRun> Run(string line) => CliRun.OfAsync(line.Split(' '), folder: folder.Path, cancel: Cancel);

    [GeneratedRegex("(\"decision_us_mean\"):[0-9.]+")]
    private static partial Regex DecisionTime();

    [GeneratedRegex("[0-9.]+ µs +")]
    private static partial Regex MicrosecondsShown();
}
