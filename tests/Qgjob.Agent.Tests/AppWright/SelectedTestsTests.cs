using System.Diagnostics;
using Qgjob.Agent.AppWright;
using Qgjob.Core.Jobs;
using Qgjob.Core.Results;
using Qgjob.Core.Storage.Journal;
using TestResult = Qgjob.Core.Results.TestResult;

namespace Qgjob.Agent.Tests.AppWright;

/// <summary>The patterns that select tests, against titles as Playwright 1.49 hands them to <c>grepInvert</c>.</summary>
public sealed class SelectedTestsTests : IDisposable
{
    private const string SpecFile = "a [x].spec.js";

    private static readonly (string[] Path, string Grep)[] Tests =
    [
        (["plain"], "and roid te sts/a [x].spec.js plain"),
        (["plain more"], "and roid te sts/a [x].spec.js plain more"),
        (["a.*(b)|c$ [x] {y} ^\\"], "and roid te sts/a [x].spec.js a.*(b)|c$ [x] {y} ^\\"),
        (["one", "same"], "and roid te sts/a [x].spec.js one same @slow"),
        (["one", "", "deep"], "and roid te sts/a [x].spec.js one deep"),
        (["two @tagged", "same"], "and roid te sts/a [x].spec.js two @tagged same"),
        (["two @tagged", "ünï 日本 🙂"], "and roid te sts/a [x].spec.js two @tagged ünï 日本 🙂"),
        (["  blanks   and\nlines "], "and roid te sts/a [x].spec.js   blanks   and\nlines "),
        (["three", "same @x"], "and roid te sts/a [x].spec.js three @group same @x"),
    ];

    private readonly string folder = Directory.CreateTempSubdirectory("qgjob-test-").FullName;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public async Task Each_test_can_be_chosen_and_left_out_alone()
    {
        for (var i = 0; i < Tests.Length; i++)
        {
            Assert.Equal($"{i}", await RunAsync(new TestSelection { Only = [Tests[i].Path] }));
            Assert.Equal(string.Join(' ', Enumerable.Range(0, Tests.Length).Where(n => n != i)), await RunAsync(new TestSelection { Except = [Tests[i].Path] }));
        }
    }

    [Fact]
    public async Task Chosen_tests_less_those_that_are_done()
    {
        Assert.Equal("1 5", await RunAsync(new TestSelection { Only = [Tests[1].Path, Tests[5].Path, Tests[7].Path], Except = [Tests[7].Path] }));
        Assert.Equal("", await RunAsync(new TestSelection { Only = [] }));
        Assert.Equal("", await RunAsync(new TestSelection { Only = [["gone"]] }));
    }

    [Theory]
    [InlineData("test.describe.configure({ mode: 'serial' });")]
    [InlineData("test('x', async ({ persistentDevice: device }) => {});")]
    public async Task Tests_that_build_upon_one_another_run_together(string source) =>
        Assert.Equal("0 1 2 3 4 5 6 7 8", await RunAsync(new TestSelection { Except = [Tests[0].Path] }, source));

    [Fact]
    public async Task The_parts_of_a_divided_file_run_each_test_once()
    {
        // Those of before, without the last one, which is new, and with one that is gone.
        var known = Tests.SkipLast(1).Select((t, i) => new TestResult(t.Path, SpecFile, i + 1, TestStatus.Passed, 1000 * (i + 1))).Append(new TestResult(["gone"], SpecFile, 99, TestStatus.Passed, 9500));
        var past = TestHistory.Of([new TestsRow("j", 1, [.. known])
        {
            Origin = new TestsOrigin("o", SpecFile, "r", "v", "d", "Pixel", Platform.Android, "13", AttemptOutcome.Passed, DateTimeOffset.UnixEpoch),
        }]);
        var parts = TestSplit.Of(SpecFile, past).Into(4);
        Assert.Equal(4, parts.Count);
        var run = new List<string>();
        // The word is in a title: whether the file may be divided was looked at more closely.
        foreach (var part in parts) run.AddRange((await RunAsync(part.Selection, "test('the serial number', () => {});")).Split(' ', StringSplitOptions.RemoveEmptyEntries));
        Assert.Equal(Enumerable.Range(0, Tests.Length).Select(i => $"{i}"), run.Order());
        Assert.Contains("8", (await RunAsync(parts[^1].Selection)).Split(' '));
    }

    [Fact]
    public async Task A_shard_is_left_to_Playwright_as_the_project_allows_until_its_tests_are_named()
    {
        var shard = TestSplit.Shards(3)[1];
        Assert.Equal("0 1 2 3 4 5 6 7 8", await RunAsync(shard));
        Assert.Equal("""[{"current":2,"total":3},true]""", await SettingsAsync(shard, "fullyParallel: true"));
        Assert.Equal("""[{"current":2,"total":3},null]""", await SettingsAsync(shard, ""));
        Assert.Equal("[null,false]", await SettingsAsync(shard with { Only = [Tests[1].Path] }, "fullyParallel: true"));
        Assert.Equal("1", await RunAsync(shard with { Only = [Tests[1].Path] }));
    }

    [Fact]
    public async Task Serial_mode_that_only_Playwright_sees_ends_a_part_before_its_tests_and_nothing_else()
    {
        var part = new TestSelection { Only = [["a"]], Slice = new TestSlice(1, 2) };
        Assert.Equal((1, "qgjob: tests/a.spec.js:7 is in serial mode: its tests build upon one another, so the file cannot be divided. Submit it without --split.\n"), await BeginAsync(part, "serial"));
        Assert.Equal((0, ""), await BeginAsync(part, "parallel"));
        Assert.Equal((0, ""), await BeginAsync(part with { Slice = null }, "serial"));
    }

    [Fact]
    public void Without_a_selection_there_is_no_file()
    {
        Assert.Null(SelectedTests.Write(null, folder));
        Assert.Null(SelectedTests.Write(new TestSelection { Except = [] }, folder));
        Assert.Empty(Directory.EnumerateFiles(folder));
    }

    /// <summary>Shard and parallelism of the config that an attempt gets.</summary>
    private async Task<string> SettingsAsync(TestSelection selection, string config)
    {
        var file = Path.Combine(folder, SpecFile);
        await File.WriteAllTextAsync(file, "", Cancel);
        var code = $$"""
            const made = require(process.argv[1]).adapt({ {{config}} });
            process.stdout.write(JSON.stringify([made.shard ?? null, made.fullyParallel ?? null]));
            """;
        return (await NodeAsync(
            [code, Script("settings.cjs")],
            ("QGJOB_CONFIG", Path.Combine(folder, "appwright.config.js")), ("QGJOB_TEST", file), ("QGJOB_OUT", folder), ("QGJOB_PROJECT", ""), ("QGJOB_SELECTION", SelectedTests.Write(selection, folder)!))).Out;
    }

    /// <summary>What becomes of an attempt when its reporter is told of a file with a group in such a mode.</summary>
    private Task<(int Code, string Error)> BeginAsync(TestSelection selection, string mode)
    {
        var code = $$"""
            const file = process.env.QGJOB_TEST;
            const inner = { _parallelMode: '{{mode}}', suites: [], location: { file, line: 7 }, allTests: () => [{ location: { file } }] };
            new (require(process.argv[1]))().onBegin({}, { _parallelMode: 'none', suites: [inner], allTests: inner.allTests });
            """;
        return ErrorAsync();

        async Task<(int, string)> ErrorAsync()
        {
            var ended = await NodeAsync(
                [code, Script("reporter.cjs")],
                ("QGJOB_TEST", Path.Combine(folder, "tests", "a.spec.js")), ("QGJOB_ROOT", folder), ("QGJOB_EVENTS", Path.Combine(folder, "events")), ("QGJOB_SELECTION", SelectedTests.Write(selection, folder)));
            return (ended.Code, ended.Error);
        }
    }

    /// <summary>Numbers of the tests that are run.</summary>
    private async Task<string> RunAsync(TestSelection selection, string source = "test('plain', () => {});")
    {
        var file = Path.Combine(folder, SpecFile);
        await File.WriteAllTextAsync(file, source, Cancel);
        const string code = """
            const [script, file, selection, ...titles] = process.argv.slice(1);
            const left = require(script).left(file, selection);
            process.stdout.write(titles.map((t, i) => left.some(p => p.test(t)) ? '' : i).filter(i => i !== '').join(' '));
            """;
        var ended = await NodeAsync([code, Script("selection.cjs"), file, SelectedTests.Write(selection, folder)!, .. Tests.Select(t => t.Grep)]);
        Assert.Equal(0, ended.Code);
        return ended.Out;
    }

    private static string Script(string name) => Path.Combine(Path.GetDirectoryName(AttemptScripts.Preloads[0])!, name);

    private static async Task<(int Code, string Out, string Error)> NodeAsync(IReadOnlyList<string> code, params (string Name, string? Value)[] environment)
    {
        var start = new ProcessStartInfo("node", ["-e", .. code]) { RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["TEST_WORKER_INDEX"] = "0";
        foreach (var (name, value) in environment) start.Environment[name] = value;
        using var node = Process.Start(start)!;
        var output = node.StandardOutput.ReadToEndAsync(Cancel);
        var error = await node.StandardError.ReadToEndAsync(Cancel);
        await node.WaitForExitAsync(Cancel);
        return (node.ExitCode, await output, error);
    }
}
