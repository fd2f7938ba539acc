using Qgjob.Agent.Installs;

namespace Qgjob.Agent.AppWright;

/// <summary>An attempt's log and events, one at a time, to the sink and (the log) to a file.</summary>
internal sealed class AttemptOutput(IAttemptSink sink, string logFile) : IDisposable
{
    private readonly Lock _gate = new();
    private readonly StreamWriter _log = new(logFile, append: false);
    private readonly Queue<string> _tail = new();
    private bool _closed;

    /// <summary>The latest lines, for errors.</summary>
    public string Tail
    {
        get
        {
            lock (_gate) return string.Join('\n', _tail);
        }
    }

    public void Log(string line)
    {
        lock (_gate)
        {
            if (_closed) return;
            var plain = ReporterEvents.Plain(line);
            ToFile(() => _log.WriteLine(plain));
            _tail.Enqueue(plain);
            if (_tail.Count > 30) _tail.Dequeue();
            sink.Log(plain);
        }
    }

    public void Report(AttemptEvent happened)
    {
        lock (_gate)
        {
            if (!_closed) sink.Report(happened);
        }
    }

    public void Dispose()
    {
        lock (_gate)
        {
            if (_closed) return;
            _closed = true;
            ToFile(_log.Dispose);
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
    private readonly Lock _gate = new();

    public int Installs { get; private set; }

    public TimeSpan InstallTime { get; private set; }

    public TimeSpan RunTime { get; set; }

    public BuildFile? Build { get; set; }

    public void AddInstall(TimeSpan duration)
    {
        lock (_gate)
        {
            Installs++;
            InstallTime += duration;
        }
    }
}
