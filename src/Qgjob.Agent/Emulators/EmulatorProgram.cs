using System.ComponentModel;
using Qgjob.Agent.Processes;

namespace Qgjob.Agent.Emulators;

/// <summary>Android's emulator program.</summary>
/// <param name="Path">Where it is.</param>
internal sealed record EmulatorProgram(string Path)
{
    /// <summary>What to do where there is none.</summary>
    public const string Mend = "Install it with sdkmanager (package 'emulator'), and set ANDROID_HOME to the SDK's folder or put emulator on PATH.";
    private static readonly TimeSpan AskLimit = TimeSpan.FromSeconds(30);

    /// <summary>Of the SDK that the environment names, else of PATH; null when there is none.</summary>
    public static EmulatorProgram? Find(Func<string, string?> environment)
    {
        var home = environment("HOME");
        string?[] homes = [environment("ANDROID_HOME"), environment("ANDROID_SDK_ROOT"), home is null ? null : System.IO.Path.Combine(home, "Android", "Sdk")];
        var name = OperatingSystem.IsWindows() ? "emulator.exe" : "emulator";
        var found = homes.OfType<string>().Select(h => System.IO.Path.Combine(h, "emulator", name)).FirstOrDefault(File.Exists) ?? ProgramPath.Find(name, environment("PATH"));
        return found is null ? null : new EmulatorProgram(found);
    }

    /// <summary>The names of the AVDs of this user.</summary>
    /// <exception cref="EmulatorException">It does not say.</exception>
    public async Task<IReadOnlyList<string>> AvdsAsync(TimeProvider time, CancellationToken cancel)
    {
        var ended = await AskAsync("-list-avds", time, cancel).ConfigureAwait(false);
        if (ended.ExitCode != 0) throw new EmulatorException($"'{Path} -list-avds' ended with {ended.ExitCode}: {LastLine(ended.Output)}");
        // Newer ones write remarks of their own among the names.
        return [.. ended.Output.Split('\n').Select(l => l.Trim()).Where(l => l.Length > 0 && l.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '_' or '-'))];
    }

    /// <summary>Null when the machine's acceleration works; else what the program says is amiss.</summary>
    /// <exception cref="EmulatorException">It does not say.</exception>
    public async Task<string?> MissingAccelerationAsync(TimeProvider time, CancellationToken cancel)
    {
        var ended = await AskAsync("-accel-check", time, cancel).ConfigureAwait(false);
        // accel: / code / words / accel
        return ended.ExitCode == 0 ? null : string.Join(' ', ended.Output.Split('\n').Select(l => l.Trim()).Where(l => l.Length > 0 && l is not ("accel:" or "accel") && !int.TryParse(l, out _)));
    }

    public static string LastLine(string output) => output.TrimEnd().Split('\n')[^1].Trim();

    private async Task<ShortRunResult> AskAsync(string question, TimeProvider time, CancellationToken cancel)
    {
        try
        {
            return await ShortRun.RunAsync(
                new ProcessSpec(Path, [question], System.IO.Path.GetTempPath(), new Dictionary<string, string?>(), ProcessMark.Once("emulator-asked")), AskLimit, null, time, cancel).ConfigureAwait(false);
        }
        catch (Exception e) when (e is Win32Exception or TimeoutException)
        {
            throw new EmulatorException($"{Path} {question}: {e.Message}", e);
        }
    }
}

/// <summary>An emulator does not do what it should; the message says what.</summary>
internal sealed class EmulatorException(string message, Exception? inner = null) : Exception(message, inner);
