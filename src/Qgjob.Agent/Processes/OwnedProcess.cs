using System.ComponentModel;
using System.Diagnostics;

namespace Qgjob.Agent.Processes;

/// <summary>
/// A running program that has an owner: disposing it ends the whole tree, and so does the agent's own death, since a
/// guard (guard.sh) ends the process group when its stdin closes.
/// </summary>
internal sealed class OwnedProcess : IAsyncDisposable
{
    private static readonly TimeSpan OutputAfterExit = TimeSpan.FromSeconds(2);
    private readonly Process process;
    private readonly ProcessSpec spec;
    private readonly TimeProvider time;
    private readonly Action<string> onLine;
    private readonly TaskCompletionSource ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly CancellationTokenSource reading = new();
    private readonly bool ownGroup;
    private readonly Task readers;
    private long lastOutput;
    private int killing;

    private OwnedProcess(Process process, ProcessSpec spec, bool ownGroup, Action<string> onLine, TimeProvider time)
    {
        (this.process, this.spec, this.ownGroup, this.onLine, this.time) = (process, spec, ownGroup, onLine, time);
        lastOutput = time.GetTimestamp();
        process.EnableRaisingEvents = true;
        process.Exited += (_, _) => ended.TrySetResult();
        if (process.HasExited) ended.TrySetResult();
        readers = Task.WhenAll(ReadAsync(process.StandardOutput), ReadAsync(process.StandardError));
        Exited = WaitAsync();
    }

    public int Id => process.Id;

    /// <summary>Ends with the program's exit code (128 + n after signal n), once its output is read.</summary>
    public Task<int> Exited { get; }

    /// <summary>Time since the last line of output, or since the start.</summary>
    public TimeSpan Silence => time.GetElapsedTime(Volatile.Read(ref lastOutput));

    /// <param name="onLine">Gets each line of stdout and stderr; may be called from two threads at once.</param>
    /// <exception cref="Win32Exception">The program does not exist.</exception>
    public static OwnedProcess Start(ProcessSpec spec, Action<string> onLine, TimeProvider time)
    {
        var leader = Session.Leader;
        string[] guarded = OperatingSystem.IsWindows()
            ? [spec.Program]
            : [.. leader, "/bin/sh", .. GuardScript.Arguments, spec.Mark.ToString(), spec.Program];
        var start = new ProcessStartInfo(guarded[0])
        {
            WorkingDirectory = spec.Folder,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
        };
        foreach (var argument in guarded.Skip(1).Concat(spec.Arguments)) start.ArgumentList.Add(argument);
        foreach (var (name, value) in spec.Environment)
        {
            if (value is null) start.Environment.Remove(name);
            else start.Environment[name] = value;
        }

        var process = Process.Start(start) ?? throw new InvalidOperationException($"{spec.Program} did not start.");
        return new OwnedProcess(process, spec, leader.Count > 0, onLine, time);
    }

    /// <summary>Something else than output shows that the program is alive.</summary>
    public void NoteLife() => Volatile.Write(ref lastOutput, time.GetTimestamp());

    /// <summary>Ends the program and all that it started; returns when nothing of it is left.</summary>
    public async Task KillAsync(TimeSpan grace, CancellationToken cancel)
    {
        if (Interlocked.Exchange(ref killing, 1) == 0 || !ended.Task.IsCompleted)
        {
            if (ownGroup) Signals.Send(-process.Id, Signal.Terminate);
            else if (!ended.Task.IsCompleted && !MarkedProcesses.CanFind) process.Kill(entireProcessTree: true);
        }

        if (MarkedProcesses.CanFind)
        {
            await MarkedProcesses.EndAsync(spec.Mark, grace, time, cancel).ConfigureAwait(false);
        }
        else
        {
            await Task.WhenAny(ended.Task, Task.Delay(grace, time, cancel)).ConfigureAwait(false);
        }

        if (ownGroup) Signals.Send(-process.Id, Signal.Kill);
        await Exited.WaitAsync(TimeSpan.FromSeconds(5), time, cancel).ConfigureAwait(false);
    }

    public async ValueTask DisposeAsync()
    {
        try
        {
            await KillAsync(TimeSpan.FromSeconds(2), CancellationToken.None).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            // Stuck in the kernel; nothing more can be done from here.
        }

        reading.Dispose();
        process.Dispose();
    }

    private async Task<int> WaitAsync()
    {
        await ended.Task.ConfigureAwait(false);
        var code = process.ExitCode;
        // A grandchild that left the group may hold the pipe open for ever.
        await Task.WhenAny(readers, Task.Delay(OutputAfterExit, time)).ConfigureAwait(false);
        await reading.CancelAsync().ConfigureAwait(false);
        process.StandardInput.Close();
        return code;
    }

    private async Task ReadAsync(StreamReader reader)
    {
        try
        {
            while (await reader.ReadLineAsync(reading.Token).ConfigureAwait(false) is { } line)
            {
                NoteLife();
                Tell(line);
            }
        }
        catch (Exception e) when (e is OperationCanceledException or IOException or ObjectDisposedException)
        {
            // The program is gone.
        }
    }

    private void Tell(string line)
    {
        try
        {
            onLine(line);
        }
        catch (Exception)
        {
            // Whoever listens may fail, on a full disk say. The reading goes on: a program whose pipe is full stands still.
        }
    }

    /// <summary>How to make a program the leader of a session of its own: setsid, or perl where that is missing (macOS).</summary>
    private static class Session
    {
        public static IReadOnlyList<string> Leader { get; } = Find();

        private static IReadOnlyList<string> Find()
        {
            if (ProgramPath.Find("setsid") is { } setsid) return [setsid];
            if (!OperatingSystem.IsWindows() && ProgramPath.Find("perl") is { } perl)
            {
                return [perl, "-e", "use POSIX; POSIX::setsid(); exec @ARGV or die"];
            }

            return [];
        }
    }
}
