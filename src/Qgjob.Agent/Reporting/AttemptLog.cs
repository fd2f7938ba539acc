using System.Text;

namespace Qgjob.Agent.Reporting;

/// <summary>An attempt's log: a local file that the uploader reads from, so that memory stays bounded however long the server is away.</summary>
internal sealed class AttemptLog : IDisposable
{
    private readonly FileStream _file;
    private readonly long _limit;
    private readonly Lock _gate = new();
    private long _length;
    private bool _cut;
    private bool _closed;

    /// <param name="limit">Bytes; what comes later is left out, with a line that says so.</param>
    public AttemptLog(string path, long limit = 64L << 20)
    {
        (Path, _limit) = (path, limit);
        // Unbuffered: what was written can be read at once by the uploader.
        _file = new FileStream(path, FileMode.Create, FileAccess.Write, FileShare.Read, bufferSize: 0);
    }

    public string Path { get; }

    /// <summary>Bytes so far.</summary>
    public long Length => Volatile.Read(ref _length);

    public bool IsClosed
    {
        get { lock (_gate) return _closed; }
    }

    /// <summary>A line of the test process, as it is.</summary>
    public void Write(string line)
    {
        lock (_gate)
        {
            if (_closed || _cut) return;
            var bytes = Encoding.UTF8.GetBytes(line + "\n");
            if (_length + bytes.Length > _limit)
            {
                _cut = true;
                bytes = Encoding.UTF8.GetBytes($"[qgjob] The log ends here: it is longer than {_limit >> 20} MB.\n");
            }

            _file.Write(bytes);
            Volatile.Write(ref _length, _length + bytes.Length);
        }
    }

    /// <summary>A line of the agent's own.</summary>
    public void Say(string text)
    {
        foreach (var line in text.Split('\n')) Write($"[qgjob] {line.TrimEnd('\r')}");
    }

    /// <summary>Nothing comes any more. Later writes are ignored: an npm that several attempts wait for may outlive this one.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            if (_closed) return;
            _closed = true;
            _file.Dispose();
        }
    }
}
