namespace Qgjob.Agent.Gateway;

/// <summary>Appium's log: one file for the server's life, and a copy of an attempt's part for that attempt.</summary>
internal sealed class AppiumLog : IDisposable
{
    private const long MaxBytes = 20 * 1024 * 1024; // It logs every command; a server may live for weeks.
    private readonly Lock gate = new();
    private readonly string file;
    private StreamWriter? writer;
    private StreamWriter? copy;

    public AppiumLog(string file)
    {
        this.file = file;
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        writer = Open(file);
    }

    public void Write(string line)
    {
        lock (gate)
        {
            if (writer is null) return;
            if (writer.BaseStream.Length > MaxBytes)
            {
                writer.Dispose();
                File.Move(file, file + ".1", overwrite: true);
                writer = Open(file);
            }

            writer.WriteLine(line);
            copy?.WriteLine(line);
        }
    }

    public IDisposable CopyTo(string file)
    {
        var copy = Open(file);
        lock (gate) this.copy = copy;
        return new Copy(this, copy);
    }

    public void Dispose()
    {
        lock (gate)
        {
            writer?.Dispose();
            writer = null;
        }
    }

    private static StreamWriter Open(string file) =>
        new(new FileStream(file, FileMode.Create, FileAccess.Write, FileShare.ReadWrite)) { AutoFlush = true };

    private sealed class Copy(AppiumLog log, StreamWriter writer) : IDisposable
    {
        public void Dispose()
        {
            lock (log.gate)
            {
                if (log.copy == writer) log.copy = null;
                writer.Dispose();
            }
        }
    }
}
