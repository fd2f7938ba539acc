using System.Diagnostics;

namespace Qgjob.Faults.Tests.Processes;

/// <summary>A process that the tests started and may end in any way. Its output goes to a file and stays readable.</summary>
internal sealed class Child : IAsyncDisposable
{
    private static readonly TimeSpan EndLimit = TimeSpan.FromSeconds(20);
    private readonly Process process;
    private readonly StreamWriter log;
    private readonly Lock gate = new();
    private bool closed;

    private Child(string name, string logFile, ProcessStartInfo start)
    {
        Name = name;
        LogFile = logFile;
        Directory.CreateDirectory(Path.GetDirectoryName(logFile)!);
        log = new StreamWriter(new FileStream(logFile, FileMode.Append, FileAccess.Write, FileShare.ReadWrite)) { AutoFlush = true };
        process = new Process { StartInfo = start };
        process.OutputDataReceived += (_, line) => Write(line.Data);
        process.ErrorDataReceived += (_, line) => Write(line.Data);
        process.Start();
        Sentry.Watch(process.Id);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        Write($"--- started as {process.Id}");
    }

    public string Name { get; }

    public string LogFile { get; }

    public int Id => process.Id;

    public bool HasEnded => process.HasExited;

    public int ExitCode => process.ExitCode;

    public static Child Start(string name, string logFile, IReadOnlyDictionary<string, string> environment, IReadOnlyList<string> command)
    {
        var start = new ProcessStartInfo(command[0], command.Skip(1))
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
        };
        // What the person at the keyboard has set must not reach the tests.
        foreach (var inherited in start.Environment.Keys.Where(k => k.StartsWith("QGJOB_", StringComparison.Ordinal)).ToList()) start.Environment.Remove(inherited);
        foreach (var (key, value) in environment) start.Environment[key] = value;
        return new Child(name, logFile, start);
    }

    public void Signal(Signal signal) => Signals.Send(process.Id, signal);

    /// <summary>SIGKILL; returns when the process is gone.</summary>
    public async Task KillAsync(CancellationToken cancel)
    {
        Signal(Processes.Signal.Kill);
        await EndAsync(cancel);
    }

    public async Task EndAsync(CancellationToken cancel, TimeSpan? most = null)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        limit.CancelAfter(most ?? EndLimit);
        try
        {
            await process.WaitForExitAsync(limit.Token);
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            throw new TimeoutException($"{Name} ({process.Id}) did not end.\n{Output()}");
        }
    }

    /// <summary>The latest of what it said.</summary>
    public string Output(int characters = 4000)
    {
        using var file = new StreamReader(new FileStream(LogFile, FileMode.Open, FileAccess.Read, FileShare.ReadWrite));
        var text = file.ReadToEnd();
        return text.Length > characters ? "…" + text[^characters..] : text;
    }

    public async ValueTask DisposeAsync()
    {
        if (!process.HasExited)
        {
            Signal(Processes.Signal.Continue);
            Signal(Processes.Signal.Kill);
            await EndAsync(CancellationToken.None);
        }
        Sentry.Forget(process.Id);
        process.Dispose();
        lock (gate)
        {
            closed = true;
            log.Dispose();
        }
    }

    private void Write(string? line)
    {
        lock (gate)
        {
            if (line is not null && !closed) log.WriteLine(line);
        }
    }
}
