using System.Diagnostics;
using System.Globalization;
using System.Text;

namespace Qgjob.EndToEnd.Tests;

/// <summary>How a program ended.</summary>
internal sealed record Ended(int ExitCode, string Out, string Error)
{
    public string All => $"exit code {ExitCode}\n--- stdout\n{Out}\n--- stderr\n{Error}";
    public string LastLine => Out.TrimEnd().Split('\n')[^1];
}

/// <summary>A program that a test started, with its output; ended with the test at the latest.</summary>
internal sealed class Program : IAsyncDisposable
{
    private readonly Process process;
    private readonly StringBuilder output = new();
    private readonly StringBuilder error = new();

    private Program(string file, string folder, IReadOnlyDictionary<string, string> environment, IEnumerable<string> arguments)
    {
        // A shell that runs the tests in the background lets them ignore Ctrl-C, and everything that they start inherits that.
        var start = new ProcessStartInfo("env", ["--default-signal=INT", file, .. arguments])
        {
            WorkingDirectory = folder,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
        };
        foreach (var (name, value) in environment) start.Environment[name] = value;
        // Whatever the person at the keyboard has set must not reach the tests.
        foreach (var name in new[] { "QGJOB_TOKEN", "QGJOB_ORG" }.Where(n => !environment.ContainsKey(n))) start.Environment.Remove(name);
        process = new Process { StartInfo = start };
        process.OutputDataReceived += (_, line) => Append(output, line.Data);
        process.ErrorDataReceived += (_, line) => Append(error, line.Data);
        process.Start();
        process.StandardInput.Close();
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
    }

    public int Id => process.Id;

    public bool HasEnded => process.HasExited;

    public static Program Start(string file, string folder, IReadOnlyDictionary<string, string> environment, params IEnumerable<string> arguments) =>
        new(file, folder, environment, arguments);

    /// <summary>Runs a program to its end.</summary>
    public static async Task<Ended> RunAsync(
        string file, string folder, IReadOnlyDictionary<string, string> environment, TimeSpan limit, params IEnumerable<string> arguments)
    {
        await using var program = new Program(file, folder, environment, arguments);
        return await program.EndAsync(limit);
    }

    /// <summary>Waits for the end; a program that takes longer than the limit fails the test with its output.</summary>
    public async Task<Ended> EndAsync(TimeSpan limit)
    {
        using var clock = new CancellationTokenSource(limit);
        try
        {
            await process.WaitForExitAsync(clock.Token);
        }
        catch (OperationCanceledException)
        {
            throw new TimeoutException($"{string.Join(' ', process.StartInfo.ArgumentList.Skip(1))} did not end within {limit}.\n{Output()}");
        }
        lock (output) return new Ended(process.ExitCode, output.ToString(), error.ToString());
    }

    public string Output()
    {
        lock (output) return $"--- stdout\n{output}\n--- stderr\n{error}";
    }

    /// <summary>Sends a signal by name, as <c>kill</c> does.</summary>
    public async Task SignalAsync(string signal)
    {
        using var kill = Process.Start("kill", [$"-{signal}", process.Id.ToString(CultureInfo.InvariantCulture)]);
        await kill.WaitForExitAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (!process.HasExited)
        {
            await SignalAsync("TERM");
            using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(20));
            try
            {
                await process.WaitForExitAsync(patience.Token);
            }
            catch (OperationCanceledException)
            {
                process.Kill(entireProcessTree: true);
            }
        }
        process.Dispose();
    }

    private void Append(StringBuilder text, string? line)
    {
        if (line is null) return;
        lock (output) text.Append(line).Append('\n');
    }
}
