namespace Qgjob.Agent.Gateway;

/// <summary>Appium's log: one file for the server's life, and a copy of an attempt's part for that attempt.</summary>
internal sealed class AppiumLog : IDisposable
{
    private const long MaxBytes = 20 * 1024 * 1024; // It logs every command; a server may live for weeks.
    private readonly Lock _gate = new();
    private readonly string _file;
    private StreamWriter? _writer;
    private StreamWriter? _copy;

    public AppiumLog(string file)
    {
        _file = file;
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        _writer = Open(file);
    }

    public void Write(string line)
    {
        lock (_gate)
        {
            if (_writer is null) return;
            if (_writer.BaseStream.Length > MaxBytes)
            {
                _writer.Dispose();
                File.Move(_file, _file + ".1", overwrite: true);
                _writer = Open(_file);
            }

            _writer.WriteLine(line);
            _copy?.WriteLine(line);
        }
    }

    public IDisposable CopyTo(string file)
    {
        var copy = Open(file);
        lock (_gate) _copy = copy;
        return new Copy(this, copy);
    }

    public void Dispose()
    {
        lock (_gate)
        {
            _writer?.Dispose();
            _writer = null;
        }
    }

    private static StreamWriter Open(string file) =>
        new(new FileStream(file, FileMode.Create, FileAccess.Write, FileShare.ReadWrite)) { AutoFlush = true };

    private sealed class Copy(AppiumLog log, StreamWriter writer) : IDisposable
    {
        public void Dispose()
        {
            lock (log._gate)
            {
                if (log._copy == writer) log._copy = null;
                writer.Dispose();
            }
        }
    }
}
