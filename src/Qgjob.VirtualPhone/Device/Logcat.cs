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

    private readonly Lock gate = new();
    private readonly Queue<LogLine> lines = new();
    private readonly List<Channel<LogLine>> followers = [];

    public const int SystemPid = 1000;

    public void Write(char level, string tag, string message, int pid = SystemPid)
    {
        lock (gate)
        {
            foreach (var text in message.Split('\n'))
            {
                var line = new LogLine(time.GetUtcNow(), pid, level, tag, text);
                if (lines.Count == Kept)
                    lines.Dequeue();
                lines.Enqueue(line);
                foreach (var follower in followers)
                    follower.Writer.TryWrite(line);
            }
        }
    }

    public void Clear()
    {
        lock (gate)
            lines.Clear();
    }

    public IReadOnlyList<LogLine> Snapshot()
    {
        lock (gate)
            return [.. lines];
    }

    /// <returns>The lines so far and a reader for those to come; give it back to <see cref="Unfollow"/>.</returns>
    public (IReadOnlyList<LogLine> SoFar, Channel<LogLine> Coming) Follow()
    {
        var follower = Channel.CreateBounded<LogLine>(FollowerBuffer);
        lock (gate)
        {
            followers.Add(follower);
            return ([.. lines], follower);
        }
    }

    public void Unfollow(Channel<LogLine> follower)
    {
        lock (gate)
            followers.Remove(follower);
    }
}
