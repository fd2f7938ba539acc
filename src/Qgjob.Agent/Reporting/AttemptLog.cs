using System.Globalization;
using System.Text;

namespace Qgjob.Agent.Reporting;

/// <summary>
/// An attempt's log: a local file that the uploader reads from, so that memory stays bounded however long the server is
/// away. Writing never throws: a full disk costs lines, and the log says how many, but no verdict.
/// </summary>
/// <param name="limit">Bytes; what the tests write beyond it is left out, with a line that says so.</param>
/// <param name="open">Opens the file; a stand-in in tests.</param>
internal sealed class AttemptLog(string path, long limit = AttemptLog.UsualLimit, Func<string, Stream>? open = null) : IDisposable
{
    /// <summary>For a server that does not say how much it takes.</summary>
    public const long UsualLimit = 64L << 20;

    // The agent's own lines come last and say how it ended: the tests may not use up all of the room.
    private readonly long keptForSay = Math.Min(16 << 10, limit / 4);
    private readonly Lock gate = new();
    private Stream? file;
    private long length;
    private long missing;
    private string reason = "";
    private bool cut;
    private bool closed;

    /// <summary>The log of an attempt that an earlier start of the agent left, to be ended.</summary>
    public static AttemptLog Reopen(string path)
    {
        var log = new AttemptLog(path, long.MaxValue, p => new FileStream(p, FileMode.OpenOrCreate, FileAccess.Write, FileShare.Read, bufferSize: 0));
        if (File.Exists(path)) log.length = new FileInfo(path).Length;
        return log;
    }

    public string Path => path;

    /// <summary>Bytes so far.</summary>
    public long Length => Volatile.Read(ref length);

    /// <summary>Called when it has grown, or was closed.</summary>
    public Action? Changed { get; set; }

    public bool IsClosed
    {
        get { lock (gate) return closed; }
    }

    /// <summary>What people should know about lines that could not be written; null when all were.</summary>
    public string? Trouble { get; private set; }

    /// <summary>Once closed, the line about missing lines that could not be written either.</summary>
    public ReadOnlyMemory<byte> Unsaid
    {
        get { lock (gate) return closed && missing > 0 ? Encoding.UTF8.GetBytes(Gap) : ReadOnlyMemory<byte>.Empty; }
    }

    private string Gap => $"[qgjob] {missing} line{(missing == 1 ? " is" : "s are")} missing here: {reason}\n";

    /// <summary>A line of the test process, as it is.</summary>
    public void Write(string line)
    {
        lock (gate)
        {
            if (cut || Add(line + "\n", limit - keptForSay)) return;
            cut = true;
            Add(string.Create(CultureInfo.InvariantCulture, $"[qgjob] The tests' output ends here: a log is at most {limit / 1048576.0:0.##} MiB long (--max-log of the server).\n"), limit);
        }
    }

    /// <summary>A line of the agent's own.</summary>
    public void Say(string text)
    {
        lock (gate)
        {
            foreach (var line in text.Split('\n')) Add($"[qgjob] {line.TrimEnd('\r')}\n", limit);
        }
    }

    /// <summary>Nothing comes any more. Later writes are ignored: an npm that several attempts wait for may outlive this one.</summary>
    public void Dispose()
    {
        lock (gate)
        {
            if (closed) return;
            if (missing > 0 && Append(Gap)) missing = 0;
            closed = true;
            try
            {
                // Without the piece of a line that did not fit.
                file?.SetLength(length);
                file?.Dispose();
            }
            catch (IOException)
            {
                // What counts is written already: nothing is buffered.
            }

            Changed?.Invoke();
        }
    }

    /// <returns>False when it would become too long.</returns>
    private bool Add(string line, long most)
    {
        if (closed) return true;
        var text = missing > 0 ? Gap + line : line;
        if (length + Encoding.UTF8.GetByteCount(text) > most) return false;
        if (Append(text))
        {
            missing = 0;
            return true;
        }

        missing++;
        Trouble = $"lines of the log are missing: {reason}";
        return true;
    }

    private bool Append(string text)
    {
        try
        {
            file ??= open is null ? Open(path) : open(path);
            // Over the piece of an earlier line that did not fit.
            file.Position = length;
            var bytes = Encoding.UTF8.GetBytes(text);
            file.Write(bytes);
            Volatile.Write(ref length, length + bytes.Length);
            Changed?.Invoke();
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            reason = e.Message;
            return false;
        }
    }

    /// <summary>Unbuffered: what was written can be read at once by the uploader.</summary>
    private static FileStream Open(string path)
    {
        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(path)!);
        return new FileStream(path, FileMode.Create, FileAccess.Write, FileShare.Read, bufferSize: 0);
    }
}
