using System.ComponentModel;
using System.Globalization;
using System.Runtime.InteropServices;
using Qgjob.Agent.Processes;

namespace Qgjob.Agent.Updates;

/// <summary>The program that this process runs, and how to become what lies in its place now.</summary>
/// <param name="Command">What starts it: the executable, or dotnet and a .dll.</param>
/// <param name="Arguments">What this process was started with.</param>
public sealed partial record AgentProgram(IReadOnlyList<string> Command, IReadOnlyList<string> Arguments)
{
    private static readonly TimeSpan AnswerLimit = TimeSpan.FromSeconds(30);

    /// <summary>This process's program; null where a process cannot become another one (Windows).</summary>
    public static AgentProgram? OfProcess()
    {
        if (OperatingSystem.IsWindows() || Environment.ProcessPath is not { } file) return null;
        var given = Environment.GetCommandLineArgs();
        return new AgentProgram(Path.GetFileName(file) == "dotnet" ? [file, Path.GetFullPath(given[0])] : [file], [.. given.Skip(1)]);
    }

    /// <summary>What lies in its place, as a text that changes with it; null while something is missing.</summary>
    internal string? Look()
    {
        try
        {
            return string.Join('\n', Files().Select(Describe));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>Asks what lies there for its version.</summary>
    internal async Task<ProgramAnswer> AskAsync(TimeProvider time, CancellationToken cancel)
    {
        var spec = new ProcessSpec(
            Command[0], [.. Command.Skip(1), "version"], Path.GetDirectoryName(Command[^1])!, new Dictionary<string, string?>(), ProcessMark.Once("update"));
        try
        {
            var (code, output) = await ShortRun.RunAsync(spec, AnswerLimit, onLine: null, time, cancel).ConfigureAwait(false);
            var line = output.Split('\n', 2)[0].Trim();
            return code == 0 ? new ProgramAnswer(true, line) : new ProgramAnswer(false, $"exit code {code}{(line.Length == 0 ? "" : $": {line}")}");
        }
        catch (Exception e) when (e is TimeoutException or Win32Exception or IOException)
        {
            return new ProgramAnswer(false, e.Message);
        }
    }

    /// <summary>
    /// Puts what lies there now into this process, with the same arguments, environment and process id. What this process
    /// owns must have ended: its open files and connections close, its threads stop where they are.
    /// </summary>
    /// <returns>Only when that failed: why.</returns>
    public string Become()
    {
        string?[] arguments = [.. Command, .. Arguments, null];
        _ = Execute(Command[0], arguments);
        return Marshal.GetLastPInvokeErrorMessage();
    }

    /// <summary>A single executable; or a small one whose program is in the .dll files beside it.</summary>
    private IEnumerable<string> Files()
    {
        var last = Command[^1];
        var dll = last.EndsWith(".dll", StringComparison.Ordinal) ? last : last + ".dll";
        return File.Exists(dll) ? Directory.EnumerateFiles(Path.GetDirectoryName(last)!, "*.dll").Append(last).Order(StringComparer.Ordinal) : [last];
    }

    /// <summary>A file that was put in place of another one is younger, even where it was given the other's time.</summary>
    private static string Describe(string path)
    {
        var file = new FileInfo(path);
        if (!file.Exists) throw new FileNotFoundException(null, path);
        return string.Create(CultureInfo.InvariantCulture, $"{path} {file.Length} {file.LastWriteTimeUtc.Ticks} {file.CreationTimeUtc.Ticks}");
    }

    [LibraryImport("libc", EntryPoint = "execv", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Execute(string path, string?[] arguments);
}

/// <summary>What a program answered when it was asked for its version.</summary>
/// <param name="Works">It answered, with exit code 0.</param>
/// <param name="Text">Its first line, or what is wrong.</param>
internal sealed record ProgramAnswer(bool Works, string Text);
