using System.CommandLine;
using System.CommandLine.Parsing;
using System.Text.RegularExpressions;
using Qgjob.Cli.Commands;

namespace Qgjob.Cli.Tests.Commands;

/// <summary>Every command's help is a golden file, with examples that parse.</summary>
public sealed partial class HelpTests
{
    public static TheoryData<string> Paths() => [.. PathsBelow(Tree(), "")];

    [Theory]
    [MemberData(nameof(Paths))]
    public async Task Help_is_golden_and_ends_with_examples(string path)
    {
        var run = await Help(path, width: null);
        Assert.Equal((0, ""), (run.ExitCode, run.Err));
        Golden.Check($"help{(path.Length == 0 ? "" : "-")}{path.Replace(' ', '-')}.txt", run.Out);
        Assert.Contains("\nExamples:\n  ", run.Out, StringComparison.Ordinal);
        var shown = run.Out.Split("\nExamples:\n")[1].Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.All(shown, e => Assert.Contains($"qgjob {path}".TrimEnd() + (path.Length == 0 ? " " : ""), e, StringComparison.Ordinal));
    }

    [Theory]
    [MemberData(nameof(Paths))]
    public async Task Help_fits_the_terminal(string path)
    {
        foreach (var width in new[] { 80, 120 })
        {
            var run = await Help(path, width);
            Assert.All(run.Out.Split('\n'), line => Assert.True(line.Length <= width, $"{line.Length} columns: {line}"));
        }
    }

    [Fact]
    public void Every_example_parses()
    {
        var root = Tree();
        foreach (var example in Examples.ByCommand.SelectMany(e => e.Value))
        {
            // Those of completion stand inside <( ), or before a pipe.
            var line = Command().Match(example).Value.Replace('\'', '"');
            Assert.StartsWith("qgjob ", line, StringComparison.Ordinal);
            if (line.StartsWith("qgjob help ", StringComparison.Ordinal)) continue;
            Assert.True(root.Parse([.. CommandLineParser.SplitCommandLine(line).Skip(1)], new ParserConfiguration { EnablePosixBundling = false, ResponseFileTokenReplacer = null }).Errors is [], example);
        }
    }

    [Fact]
    public void An_example_cut_in_lines_is_the_same_to_a_shell()
    {
        var example = Examples.ByCommand["submit"][2];
        var lines = Examples.Lines(example, 60).ToList();
        Assert.True(lines.Count > 1);
        Assert.All(lines[..^1], l => Assert.EndsWith(" \\", l, StringComparison.Ordinal));
        Assert.Equal(example, string.Join(' ', lines.Select(l => l.TrimEnd('\\').Trim())));
        Assert.Equal(["  " + example], Examples.Lines(example, null));
    }

    private static async Task<CliRun> Help(string path, int? width)
    {
        var run = await CliRun.OfAsync([.. path.Split(' ', StringSplitOptions.RemoveEmptyEntries), "--help"], width: width, cancel: TestContext.Current.CancellationToken);
        // The usage line names the program that runs: here that is the tests.
        return run with { Out = run.Out.Replace(RootCommand.ExecutableName, "qgjob", StringComparison.Ordinal) };
    }

    private static RootCommand Tree() => CommandLine.Tree(CliRun.World(TextWriter.Null, TextWriter.Null, Stream.Null, Path.GetTempPath(), []));

    private static IEnumerable<string> PathsBelow(Command command, string path) =>
        command.Subcommands.SelectMany(c => PathsBelow(c, $"{path} {c.Name}".Trim())).Prepend(path);

    [GeneratedRegex("qgjob [^|)]*")]
    private static partial Regex Command();
}
