using System.Threading.Channels;

namespace Qgjob.Phones.Device;

/// <summary>A line of the log; the level is one of V D I W E F.</summary>
internal sealed record LogLine(DateTimeOffset Time, int Pid, char Level, string Tag, string Message);

/// <summary>The phone's log: the newest lines, and whoever follows them.</summary>
internal sealed class Logcat(TimeProvider time)
{
    private const int Kept = 1000;

    // A reader that does not read loses the oldest lines, as with a real log buffer.
    private static readonly BoundedChannelOptions FollowerBuffer = new(Kept) { FullMode = BoundedChannelFullMode.DropOldest };

    private readonly Lock _gate = new();
    private readonly Queue<LogLine> _lines = new();
    private readonly List<Channel<LogLine>> _followers = [];

    public const int SystemPid = 1000;

    public void Write(char level, string tag, string message, int pid = SystemPid)
    {
        lock (_gate)
        {
            foreach (var text in message.Split('\n'))
            {
                var line = new LogLine(time.GetUtcNow(), pid, level, tag, text);
                if (_lines.Count == Kept)
                    _lines.Dequeue();
                _lines.Enqueue(line);
                foreach (var follower in _followers)
                    follower.Writer.TryWrite(line);
            }
        }
    }

    public void Clear()
    {
        lock (_gate)
            _lines.Clear();
    }

    public IReadOnlyList<LogLine> Snapshot()
    {
        lock (_gate)
            return [.. _lines];
    }

    /// <returns>The lines so far and a reader for those to come; give it back to <see cref="Unfollow"/>.</returns>
    public (IReadOnlyList<LogLine> SoFar, Channel<LogLine> Coming) Follow()
    {
        var follower = Channel.CreateBounded<LogLine>(FollowerBuffer);
        lock (_gate)
        {
            _followers.Add(follower);
            return ([.. _lines], follower);
        }
    }

    public void Unfollow(Channel<LogLine> follower)
    {
        lock (_gate)
            _followers.Remove(follower);
    }
}
