using System.Diagnostics;
using Qgjob.Agent.AppWright;
using Qgjob.Core.Jobs;

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
    public void Without_a_selection_there_is_no_file()
    {
        Assert.Null(SelectedTests.Write(null, folder));
        Assert.Null(SelectedTests.Write(new TestSelection { Except = [] }, folder));
        Assert.Empty(Directory.EnumerateFiles(folder));
    }

    /// <summary>Numbers of the tests that are run.</summary>
    private async Task<string> RunAsync(TestSelection selection, string source = "test('plain', () => {});")
    {
        var file = Path.Combine(folder, SpecFile);
        await File.WriteAllTextAsync(file, source, Cancel);
        var script = Path.Combine(Path.GetDirectoryName(AttemptScripts.Preloads[0])!, "selection.cjs");
        const string code = """
            const [script, file, selection, ...titles] = process.argv.slice(1);
            const left = require(script).left(file, selection);
            process.stdout.write(titles.map((t, i) => left.some(p => p.test(t)) ? '' : i).filter(i => i !== '').join(' '));
            """;
        var start = new ProcessStartInfo("node", ["-e", code, script, file, SelectedTests.Write(selection, folder)!, .. Tests.Select(t => t.Grep)]) { RedirectStandardOutput = true };
        start.Environment["TEST_WORKER_INDEX"] = "0";
        using var node = Process.Start(start)!;
        var output = await node.StandardOutput.ReadToEndAsync(Cancel);
        await node.WaitForExitAsync(Cancel);
        Assert.Equal(0, node.ExitCode);
        return output;
    }
}
