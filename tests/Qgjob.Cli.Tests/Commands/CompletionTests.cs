using System.Diagnostics;

namespace Qgjob.Cli.Tests.Commands;

public sealed class CompletionTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData("qgjob st", "status")]
    [InlineData("qgjob apps ", "upload list show")]
    [InlineData("qgjob submit --tar", "--target")]
    [InlineData("qgjob submit --si", "--silence-timeout")]
    [InlineData("qgjob submit --target ", "any device emulator browserstack")]
    [InlineData("qgjob submit --target = dev", "device")]
    [InlineData("qgjob --json completion ", "bash zsh fish")]
    [InlineData("qgjob apps upload my", "my app.apk")]
    [InlineData("qgjob submit --app my", "my app.apk")]
    [InlineData("qgjob submit --project ", "folder")]
    [InlineData("qgjob status --json --r", "--run-id")]
    [InlineData("qgjob submit --grep x", "")]
    [InlineData("qgjob status j", "")]
    public async Task Bash_completes(string line, string expected)
    {
        folder.With("my app.apk").With("folder/x");
        await File.WriteAllTextAsync(folder["folder/script"], (await CliRun.OfAsync(["completion", "bash"], cancel: TestContext.Current.CancellationToken)).Out, TestContext.Current.CancellationToken);
        var words = string.Join(' ', line.Split(' ').Select(w => $"'{w}'"));
        var found = await Bash($"source folder/script && complete -p qgjob >/dev/null && COMP_WORDS=({words}) COMP_CWORD={line.Split(' ').Length - 1} && _qgjob && (IFS=' '; echo \"${{COMPREPLY[*]}}\")");
        Assert.Equal(expected, found);
    }

    [Fact]
    public async Task Every_shell_gets_every_command_and_option()
    {
        foreach (var shell in new[] { "bash", "zsh", "fish" })
        {
            var run = await CliRun.OfAsync(["completion", shell], cancel: TestContext.Current.CancellationToken);
            Assert.Equal((0, ""), (run.ExitCode, run.Err));
            foreach (var word in new[] { "submit", "doctor", "virtual-phone", "release", "app-version-id", "toolchain", "timed_out" })
                Assert.Contains(word, run.Out, StringComparison.Ordinal);
        }
        Assert.StartsWith("""{"schema":1,"kind":"completion","shell":"fish","script":"# qgjob""", (await CliRun.OfAsync(["completion", "fish", "--json"], cancel: TestContext.Current.CancellationToken)).Out, StringComparison.Ordinal);
    }

    private async Task<string> Bash(string script)
    {
        var start = new ProcessStartInfo("bash", ["--norc", "-c", script]) { RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = folder.Path };
        using var bash = Process.Start(start)!;
        var output = await bash.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        Assert.Equal("", await bash.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken));
        await bash.WaitForExitAsync(TestContext.Current.CancellationToken);
        return output.TrimEnd('\n');
    }
}
