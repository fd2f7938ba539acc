using System.Globalization;
using Qgjob.Cli.Output;
using Qgjob.Core;
using Qgjob.Core.Jobs;

namespace Qgjob.Cli.Watching;

/// <summary>The live view as text: header, devices at work, finished jobs (failures first), the queue. Pure.</summary>
internal static class LiveFrame
{
    private const int BarWidth = 12;
    private const int QueueShown = 3;
    private const int ReasonLines = 3;

    private static readonly IReadOnlyList<Styled> DeviceColumns =
        [.. new[] { "DEVICE", "TEST FILE", "STATE", "PROGRESS", "TIME", "" }.Select(h => new Styled(h, Ink.Grey))];

    /// <summary>At most <paramref name="height"/> lines of at most <paramref name="width"/> columns.</summary>
    public static IReadOnlyList<string> Render(RunModel model, DateTimeOffset now, int width, int height, string? notice, bool colour)
    {
        var active = model.Jobs.Where(j => j.IsActive).ToList();
        var final = model.Jobs.Where(j => j.IsFinal)
            .OrderBy(j => j.Status is JobStatus.Passed).ThenByDescending(j => j.FinishedAt).ThenBy(j => j.JobId, StringComparer.Ordinal).ToList();
        var lines = Header(model, now);
        if (notice is not null) lines.Add(new Styled(notice, Ink.Yellow));
        var queue = Queue(model, width);
        // Header and queue are always there; of the rest, devices come first.
        var room = height - lines.Count - queue.Count - (queue.Count > 0 ? 1 : 0);
        var devices = Devices(active, now, final.Count > 0 ? room * 2 / 3 : room);
        var text = lines.Select(l => l.Print(width, fill: false, colour)).ToList();
        Append(text, [.. Styled.Table(devices, width, colour)]);
        Append(text, [.. Styled.Table(Finished(final, room - (devices.Count > 0 ? devices.Count + 1 : 0) - 1), width, colour)]);
        Append(text, [.. queue.Select(l => l.Print(width, fill: false, colour))]);
        return text.Count <= height ? text : text[..Math.Max(0, height)];
    }

    private static void Append(List<string> text, IReadOnlyList<string> part)
    {
        if (part.Count == 0) return;
        text.Add("");
        text.AddRange(part);
    }

    private static List<Styled> Header(RunModel model, DateTimeOffset now)
    {
        var run = model.Run;
        var total = run.Jobs.Total;
        var done = model.Jobs.Any() ? model.Jobs.Count(j => j.IsFinal) : total - run.Jobs.Queued - run.Jobs.Active;
        var failed = model.Jobs.Sum(j => j.TestsFailed);
        var share = model.Jobs.Sum(j => j.IsFinal ? 1 : j.TestsTotal is > 0 and var t ? Math.Min(1.0, (double)j.TestsDone / t) : 0) / Math.Max(1, total);
        var name = new Styled(run.RunId, Ink.Bold);
        if (model.AppVersionId is { } app) name.Add("  app version ").Add(app, Ink.Bold);
        var facts = Styled.Bar(share, BarWidth * 2, failed > 0 ? Ink.Red : Ink.Green)
            .Add(string.Create(CultureInfo.InvariantCulture, $" {Math.Floor(share * 100)}%  {done} of {Quantity.Of(total, "job")} · {TestsOf(model)}"));
        if (failed > 0) facts.Add(" · ").Add($"{failed} failed", Ink.Red);
        var times = new Styled($"{Durations.Show(now - run.CreatedAt)} so far");
        if (run.ExpectedEnd is { } end) times.Add(end > now ? $" · {(run.ExpectedRoughly is true ? "very roughly" : "about")} {Durations.Show(end - now)} left" : " · longer than expected");
        times.Add($" · {run.Installs} {(run.Installs == 1 ? "install" : "installs")}");
        return [name, facts, times];
    }

    /// <summary>Jobs that have not started make the number of tests unknown; then only what is done is told.</summary>
    private static string TestsOf(RunModel model)
    {
        var done = model.Jobs.Sum(j => j.TestsDone);
        return model.Jobs.All(j => j.TestsTotal is not null || j.IsFinal)
            ? $"{done} of {model.Jobs.Sum(j => j.TestsTotal ?? j.TestsDone)} tests"
            : $"{done} {(done == 1 ? "test" : "tests")} done";
    }

    private static List<IReadOnlyList<Styled>> Devices(List<JobRow> active, DateTimeOffset now, int room)
    {
        if (active.Count == 0) return [];
        var rows = new List<IReadOnlyList<Styled>>
        {
            DeviceColumns,
        };
        var shown = Fit(active, room - 2);
        foreach (var job in shown)
            rows.Add(
            [
                new Styled(job.DeviceId ?? "-"), new Styled(job.Label), StateOf(job), ProgressOf(job),
                new Styled(job.Since is { } since ? Durations.Show(now - since) : ""), new Styled(job.CurrentTest ?? SafeText.FirstLine(job.Reason ?? ""), Ink.Grey),
            ]);
        if (active.Count > shown.Count) rows.Add([new Styled($"and {active.Count - shown.Count} more", Ink.Grey)]);
        return rows;
    }

    private static List<IReadOnlyList<Styled>> Finished(List<JobRow> final, int room)
    {
        var shown = Fit(final, room);
        var rows = shown.Select(job => (IReadOnlyList<Styled>)
        [
            VerdictOf(job), new Styled(job.Label), new Styled(job.DeviceId ?? ""),
            job.Reason is { } reason ? new Styled(SafeText.FirstLine(reason), Ink.Grey) : new Styled(job.TestsTotal is { } total ? $"{total} {(total == 1 ? "test" : "tests")}" : ""),
        ]).ToList();
        if (shown.Count > 0 && final.Count > shown.Count) rows.Add([new Styled($"and {final.Count - shown.Count} more", Ink.Grey)]);
        return rows;
    }

    private static List<Styled> Queue(RunModel model, int width)
    {
        var waiting = model.Jobs.Where(j => j.Status is JobStatus.Queued).ToList();
        var count = model.Jobs.Any() ? waiting.Count : model.Run.Jobs.Queued;
        if (count == 0) return [];
        var lines = new List<Styled>
        {
            new Styled($"{count} {(count == 1 ? "job waits" : "jobs wait")}: ").Add(string.Join(", ", waiting.Take(QueueShown).Select(j => j.Label)) + (count > QueueShown ? ", …" : "")),
        };
        if (waiting.Select(j => j.Reason).FirstOrDefault(r => r is not null) is not { } reason) return lines;
        var why = SafeText.Wrap("because " + SafeText.FirstLine(reason), width).ToList();
        // Where the terminal is so narrow that more is needed, the devices matter more.
        lines.AddRange(why.Take(ReasonLines).Select((line, i) => new Styled(i == ReasonLines - 1 && why.Count > ReasonLines ? line + " …" : line, Ink.Grey)));
        return lines;
    }

    private static List<JobRow> Fit(List<JobRow> rows, int room) => rows.Count <= room ? rows : rows[..Math.Max(0, room - 1)];

    private static Styled StateOf(JobRow job) => new Styled(Words.Of(job.Status), job.Status switch
    {
        JobStatus.Installing => Ink.Blue,
        JobStatus.Running => Ink.Green,
        _ => Ink.Plain,
    }).Add(job.Attempt > 1 ? $" (attempt {job.Attempt})" : "");

    private static Styled ProgressOf(JobRow job) => job switch
    {
        { Status: JobStatus.Running, TestsTotal: > 0 and var total } => Styled
            .Bar((double)job.TestsDone / total, BarWidth, job.TestsFailed > 0 ? Ink.Red : Ink.Green).Add($" {job.TestsDone}/{total}"),
        { Status: JobStatus.Running, TestsDone: > 0 } => new Styled($"{job.TestsDone} done"),
        _ => new Styled(),
    };

    private static Styled VerdictOf(JobRow job) => job switch
    {
        { Status: JobStatus.Passed, Flaky: true } => new Styled("✓ flaky", Ink.Yellow),
        { Status: JobStatus.Passed } => new Styled("✓ passed", Ink.Green),
        _ => new Styled($"✗ {Words.Of(job.Status)}", Ink.Red),
    };
}
