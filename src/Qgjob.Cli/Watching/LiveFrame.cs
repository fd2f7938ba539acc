using System.Globalization;
using Qgjob.Cli.Output;
using Qgjob.Core;
using Qgjob.Core.Jobs;
using Spectre.Console;

namespace Qgjob.Cli.Watching;

/// <summary>The live view as text: header, devices at work, finished jobs (failures first), the queue. Pure.</summary>
internal static class LiveFrame
{
    private const int BarWidth = 16;
    private const int QueueShown = 3;

    /// <summary>At most <paramref name="height"/> lines of at most <paramref name="width"/> columns.</summary>
    public static IReadOnlyList<string> Render(RunModel model, DateTimeOffset now, int width, int height, string? notice, bool colour)
    {
        var active = model.Jobs.Where(j => j.IsActive).ToList();
        var waiting = model.Jobs.Where(j => j.Status is JobStatus.Queued).ToList();
        var final = model.Jobs.Where(j => j.IsFinal)
            .OrderBy(j => j.Status is JobStatus.Passed).ThenByDescending(j => j.FinishedAt).ThenBy(j => j.JobId, StringComparer.Ordinal).ToList();
        var lines = new List<string>(Print(Header(model, now), width, colour));
        if (notice is not null) lines.AddRange(Print(One($"[yellow]{Markup.Escape(SafeText.Line(notice))}[/]"), width, colour));
        var queue = Queue(model, waiting);
        // Header and queue are always there; devices come before what is finished.
        var room = Math.Max(0, height - lines.Count - queue.Count - 2);
        var devices = Fit(active, Math.Min(active.Count, Math.Max(1, room * 2 / 3)));
        if (active.Count > 0)
        {
            lines.Add("");
            lines.AddRange(Print(Devices(devices, active.Count - devices.Count, now), width, colour));
        }
        room = height - lines.Count - (queue.Count > 0 ? queue.Count + 1 : 0) - 1;
        if (final.Count > 0 && room > 0)
        {
            lines.Add("");
            lines.AddRange(Print(Finished(final, room), width, colour));
        }
        if (queue.Count > 0)
        {
            lines.Add("");
            foreach (var line in queue) lines.AddRange(Print(One(line), width, colour));
        }
        return lines.Count <= height ? lines : lines[..Math.Max(0, height)];
    }

    private static Table Header(RunModel model, DateTimeOffset now)
    {
        var run = model.Run;
        var total = run.Jobs.Total;
        var done = model.Jobs.Any() ? model.Jobs.Count(j => j.IsFinal) : total - run.Jobs.Queued - run.Jobs.Active;
        var testsDone = model.Jobs.Sum(j => j.TestsDone);
        // Jobs whose tests are not counted yet make the total unknown; then only what is done is told.
        var testsTotal = model.Jobs.All(j => j.TestsTotal is not null || j.IsFinal) ? model.Jobs.Sum(j => j.TestsTotal ?? j.TestsDone) : (int?)null;
        var failed = model.Jobs.Sum(j => j.TestsFailed);
        var share = model.Jobs.Sum(j => j.IsFinal ? 1 : j.TestsTotal is > 0 and var t ? Math.Min(1.0, (double)j.TestsDone / t) : 0) / Math.Max(1, total);
        var facts = new List<string>
        {
            $"{done} of {total} jobs",
            testsTotal is { } known ? $"{testsDone} of {known} tests" : $"{testsDone} tests done",
            $"{run.Installs} installs",
            Durations.Show(now - run.CreatedAt),
        };
        if (run.ExpectedEnd is { } end) facts.Add(end > now ? $"about {Durations.Show(end - now)} left" : "longer than expected");
        if (failed > 0) facts.Insert(2, $"[red]{failed} failed[/]");
        var table = One($"[bold]{Markup.Escape(run.RunId)}[/]{(model.AppVersionId is { } app ? $"  app version [bold]{Markup.Escape(SafeText.Line(app))}[/]" : "")}");
        table.AddRow(Cell($"{Bar(share, BarWidth * 2, failed > 0 ? "red" : "green")} {string.Create(CultureInfo.InvariantCulture, $"{Math.Floor(share * 100)}%")}  {string.Join(" · ", facts)}"));
        return table;
    }

    private static Table Devices(List<JobRow> active, int more, DateTimeOffset now)
    {
        var table = Plain("DEVICE", "TEST", "STATE", "PROGRESS", "TIME");
        foreach (var job in active)
            table.AddRow(
                Cell(Safe(job.DeviceId ?? "-")), Cell(Safe(job.Label)), Cell(StateOf(job)),
                Cell(job.Status is JobStatus.Running
                    ? $"{(job.TestsTotal is > 0 and var total ? $"{Bar((double)job.TestsDone / total, BarWidth, job.TestsFailed > 0 ? "red" : "green")} {job.TestsDone}/{total}" : job.TestsDone > 0 ? $"{job.TestsDone} done" : "")} {Safe(job.CurrentTest ?? "")}".Trim()
                    : Safe(job.Reason ?? "")),
                Cell(job.Since is { } since ? Durations.Show(now - since) : ""));
        if (more > 0) table.AddRow(Cell($"and {more} more"));
        return table;
    }

    private static Table Finished(List<JobRow> final, int room)
    {
        var shown = Fit(final, room);
        var table = Plain();
        foreach (var job in shown)
            table.AddRow(
                Cell(VerdictOf(job)), Cell(Safe(job.Label)), Cell(Safe(job.DeviceId ?? "")),
                Cell(job.Reason is { } reason ? Safe(reason) : job.TestsTotal is { } total ? $"{total} tests" : ""));
        if (final.Count > shown.Count) table.AddRow(Cell($"and {final.Count - shown.Count} more"));
        return table;
    }

    private static List<string> Queue(RunModel model, List<JobRow> waiting)
    {
        var queued = model.Jobs.Any() ? waiting.Count : model.Run.Jobs.Queued;
        if (queued == 0) return [];
        var lines = new List<string> { $"{queued} {(queued == 1 ? "job waits" : "jobs wait")}: {Safe(string.Join(", ", waiting.Take(QueueShown).Select(j => j.Label)))}{(queued > QueueShown ? ", …" : "")}" };
        if (waiting.Select(j => j.Reason).FirstOrDefault(r => r is not null) is { } reason) lines.Add($"[grey]{Safe(reason)}[/]");
        return lines;
    }

    private static List<JobRow> Fit(List<JobRow> rows, int room) => rows.Count <= room ? rows : rows[..Math.Max(0, room - 1)];

    private static string StateOf(JobRow job) => job.Status switch
    {
        JobStatus.Installing => "[blue]installing[/]",
        JobStatus.Running => "[green]running[/]",
        _ => Words.Of(job.Status),
    } + (job.Attempt > 1 ? $" (attempt {job.Attempt})" : "");

    private static string VerdictOf(JobRow job) => job switch
    {
        { Status: JobStatus.Passed, Flaky: true } => "[yellow]✓ flaky[/]",
        { Status: JobStatus.Passed } => "[green]✓ passed[/]",
        _ => $"[red]✗ {Words.Of(job.Status)}[/]",
    };

    private static string Bar(double share, int width, string colour)
    {
        var full = (int)Math.Round(Math.Clamp(share, 0, 1) * width);
        return $"[{colour}]{new string('━', full)}[/][grey]{new string('─', width - full)}[/]";
    }

    private static string Safe(string text) => Markup.Escape(SafeText.Line(text));

    private static Markup Cell(string markup) => new(markup) { Overflow = Overflow.Ellipsis };

    private static Table One(string markup)
    {
        var table = new Table().NoBorder().HideHeaders().AddColumn(new TableColumn("").NoWrap().PadLeft(0));
        table.AddRow(Cell(markup));
        return table;
    }

    private static Table Plain(params string[] headers)
    {
        var table = new Table().NoBorder();
        if (headers.Length == 0) table.HideHeaders();
        foreach (var header in headers.Length == 0 ? ["", "", "", ""] : headers)
            table.AddColumn(new TableColumn($"[grey]{header}[/]").NoWrap().PadLeft(0).PadRight(2));
        return table;
    }

    private static IEnumerable<string> Print(Table table, int width, bool colour)
    {
        var text = new StringWriter { NewLine = "\n" };
        var console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Ansi = colour ? AnsiSupport.Yes : AnsiSupport.No,
            ColorSystem = colour ? ColorSystemSupport.Standard : ColorSystemSupport.NoColors,
            Interactive = InteractionSupport.No,
            Out = new AnsiConsoleOutput(text),
            Enrichment = new ProfileEnrichment { UseDefaultEnrichers = false },
        });
        console.Profile.Width = width;
        console.Profile.Capabilities.Unicode = true;
        console.Write(table);
        return text.ToString().TrimEnd('\n').Split('\n').Select(line => line.TrimEnd());
    }
}
