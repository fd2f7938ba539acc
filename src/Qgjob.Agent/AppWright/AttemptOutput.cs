using Qgjob.Agent.Installs;
using Qgjob.Core.Jobs;
using Qgjob.Core.Results;

namespace Qgjob.Agent.AppWright;

/// <summary>An attempt's log and events, one at a time, to the sink and (the log) to a file.</summary>
internal sealed class AttemptOutput(IAttemptSink sink, string logFile) : IDisposable
{
    private readonly Lock gate = new();
    private readonly StreamWriter log = new(logFile, append: false);
    private readonly Queue<string> tail = new();
    private bool closed;

    /// <summary>The latest lines, for errors.</summary>
    public string Tail
    {
        get
        {
            lock (gate) return string.Join('\n', tail);
        }
    }

    public void Log(string line)
    {
        lock (gate)
        {
            if (closed) return;
            var plain = ReporterEvents.Plain(line);
            ToFile(() => log.WriteLine(plain));
            tail.Enqueue(plain);
            if (tail.Count > 30) tail.Dequeue();
            sink.Log(plain);
        }
    }

    public void Report(AttemptEvent happened)
    {
        lock (gate)
        {
            if (!closed) sink.Report(happened);
        }
    }

    public void Dispose()
    {
        lock (gate)
        {
            if (closed) return;
            closed = true;
            ToFile(log.Dispose);
        }
    }

    private static void ToFile(Action write)
    {
        try
        {
            write();
        }
        catch (IOException)
        {
            // A full disk costs lines of this file, and nothing else: the sink has them, too.
        }
    }
}

/// <summary>What an attempt cost. Written by one part at a time.</summary>
internal sealed class AttemptFigures
{
    private readonly Lock gate = new();

    public int Installs { get; private set; }

    public TimeSpan InstallTime { get; private set; }

    public TimeSpan RunTime { get; set; }

    /// <summary>The wait for sessions; null when there was none.</summary>
    public TimeSpan? SessionTime { get; private set; }

    public BuildFile? Build { get; set; }

    public void AddSession(TimeSpan duration)
    {
        lock (gate) SessionTime = (SessionTime ?? TimeSpan.Zero) + duration;
    }

    /// <summary>The attempt's end, with these figures.</summary>
    public AttemptEnded Ended((AttemptOutcome Outcome, string? Reason) end, IReadOnlyList<TestResult> tests, string outFolder) => new(
        end.Outcome, end.Reason, tests, Installs, InstallTime.TotalSeconds, RunTime.TotalSeconds,
        [.. Directory.EnumerateFiles(outFolder, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal)],
        Build?.Sha256, Build?.PackageId)
    { SessionSeconds = SessionTime?.TotalSeconds };

    public void AddInstall(TimeSpan duration)
    {
        lock (gate)
        {
            Installs++;
            InstallTime += duration;
        }
    }
}
