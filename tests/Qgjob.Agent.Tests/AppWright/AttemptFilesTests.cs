using System.Diagnostics;
using Qgjob.Agent.AppWright;

namespace Qgjob.Agent.Tests.AppWright;

public sealed class AttemptFilesTests : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);
    private readonly AttemptFiles files = AttemptFiles.Write();
    private readonly string folder = Directory.CreateTempSubdirectory("qgjob-test-").FullName;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        files.Dispose();
        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public async Task AppWright_stopping_its_Appium_succeeds_and_ends_nobodys()
    {
        // Somebody's Appium, in the attempt's own session even.
        Assert.Equal("0 143", await RunAsync("sh", "-c", "node -e 'setInterval(() => {}, 1000)' appium & pkill -f appium; printf '%s ' $?; kill $!; wait $!; echo $?"));
    }

    [Fact]
    public async Task Other_patterns_count_among_the_attempts_own_processes_only()
    {
        var word = $"qgjob-{Path.GetFileName(folder)}";
        using var foreign = Process.Start(new ProcessStartInfo("setsid", ["sh", "-c", "read -r _", word]) { RedirectStandardInput = true })!;
        // Its own name must not match, else the test ends with what it ends.
        await File.WriteAllTextAsync(Path.Combine(folder, "attempt.sh"),
            $"set -- {word}; node -e 'setInterval(() => {{}}, 1000)' \"$1\" & own=$!; until pgrep -s 0 -f \"$1\" >/dev/null; do :; done; pkill -f \"$1\"; printf '%s ' $?; wait $own; echo $?", Cancel);
        Assert.Equal("0 143", await RunAsync("setsid", "--wait", "sh", Path.Combine(folder, "attempt.sh")));
        Assert.False(foreign.HasExited);
        foreign.StandardInput.Close();
        await foreign.WaitForExitAsync(Cancel).WaitAsync(Patience, Cancel);
    }

    [Fact]
    public async Task Notes_that_AppWright_keeps_below_the_current_folder_are_the_attempts_own()
    {
        const string script = """
            const fs = require('fs'), path = require('path');
            const notes = path.join(process.cwd(), 'playwright-report', 'data', 'videos-store');
            fs.mkdirSync(notes, { recursive: true });
            fs.writeFileSync(path.join(notes, 'worker-info-0.json'), '{}');
            fs.writeFileSync('other.txt', 'x');
            process.stdout.write(fs.readFileSync(path.join(notes, 'worker-info-0.json'), 'utf8') + fs.existsSync(path.join(notes, 'none')));
            """;
        Assert.Equal("{}false", await RunAsync("node", "--require", AttemptScripts.Preloads[0], "-e", script));
        Assert.Equal([Path.Combine(folder, "other.txt")], Directory.EnumerateFileSystemEntries(folder));
        Assert.True(File.Exists(Path.Combine(files.Folder, "workers", "worker-info-0.json")));
    }

    private async Task<string> RunAsync(string program, params IEnumerable<string> arguments)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, WorkingDirectory = folder };
        start.Environment["QGJOB_EVENTS"] = files.Events;
        start.Environment["PATH"] = $"{AttemptScripts.Bin}:{start.Environment["PATH"]}";
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEndAsync(Cancel);
        await process.WaitForExitAsync(Cancel).WaitAsync(Patience, Cancel);
        return (await output.WaitAsync(Patience, Cancel)).Trim();
    }
}
