using System.Text;
using Qgjob.Cli.Output;
using Qgjob.Core.Events;

namespace Qgjob.Cli.Watching;

/// <summary>Redraws one frame in place. Each frame is one write, and every line is cleared behind its text, so nothing flickers.</summary>
internal sealed class LiveView(Surroundings world) : IRunView
{
    private static readonly TimeSpan Fastest = TimeSpan.FromMilliseconds(125);
    private static readonly TimeSpan Slowest = TimeSpan.FromSeconds(1);
    /// <summary>Columns of each line of the last frame.</summary>
    private IReadOnlyList<int> drawn = [];
    private bool changed = true;
    private bool hidden;
    private long lastDraw;
    private string? notice;

    public TimeSpan? TickEvery => Fastest;

    public void Start(RunModel model) => Draw(model);

    public void Happened(RunModel model, JobEvent happened) => changed = true;

    public void Tick(RunModel model)
    {
        // The clock in the frame moves once a second even when nothing happens.
        if (changed || world.Time.GetElapsedTime(lastDraw) >= Slowest) Draw(model);
    }

    public void Away(TimeSpan silence)
    {
        notice = $"no answer from the server for {Durations.Show(silence)}; trying again";
        changed = true;
    }

    public void Back()
    {
        notice = null;
        changed = true;
    }

    /// <summary>Takes the frame away; what comes next stands in its place.</summary>
    public void Dispose()
    {
        if (hidden) world.Err.Write($"{Up(world.Size().Width)}\u001b[J\u001b[?25h");
        (drawn, hidden) = ([], false);
    }

    private void Draw(RunModel model)
    {
        var (width, height) = world.Size();
        var lines = LiveFrame.Render(model, world.Time.GetUtcNow(), width, height - 1, notice, colour: true);
        var frame = new StringBuilder("\u001b[?2026h\u001b[?25l\u001b[?7l").Append(Up(width));
        var columns = lines.Select(l => SafeText.Line(l).Length).ToList();
        // Behind a line that fills the terminal the cursor stands on its last letter: clearing would take that.
        for (var i = 0; i < lines.Count; i++) frame.Append(lines[i]).Append(columns[i] < width ? "\u001b[K\r\n" : "\r\n");
        frame.Append("\u001b[J\u001b[?7h\u001b[?2026l");
        world.Err.Write(frame);
        (drawn, changed, hidden, lastDraw) = (columns, false, true, world.Time.GetTimestamp());
    }

    /// <summary>Back to where the frame began. A terminal that has become narrower since has broken its long lines in two.</summary>
    private string Up(int width) => drawn.Count == 0 ? "\r" : $"\r\u001b[{drawn.Sum(columns => Math.Max(1, (columns + width - 1) / width))}A";
}
