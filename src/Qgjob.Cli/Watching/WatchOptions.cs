using System.CommandLine;
using Qgjob.Cli.Output;
using Qgjob.Cli.Reports;

namespace Qgjob.Cli.Watching;

/// <summary>How to wait for a run.</summary>
/// <param name="Timeout">Longest wait; null for no limit.</param>
/// <param name="CancelOnInterrupt">Ctrl-C cancels the run.</param>
/// <param name="Reports">What to save at the end.</param>
internal sealed record Watch(TimeSpan? Timeout, bool CancelOnInterrupt, IReadOnlyList<ReportTarget> Reports)
{
    /// <summary>This watcher does not put up with flaky tests, whatever the run's submitter said.</summary>
    public bool FailOnFlaky { get; init; }
    /// <summary>Nor with skipped ones.</summary>
    public bool FailOnSkipped { get; init; }
}

/// <summary>Options of <c>wait</c> and of <c>submit --wait</c>.</summary>
internal sealed class WatchOptions(string timeoutName)
{
    private readonly Option<string?> timeout = new(timeoutName) { Description = "Longest wait; then the exit code is 124 and the run goes on", HelpName = "TIME" };
    private readonly Option<bool> cancelOnInterrupt = new("--cancel-on-interrupt") { Description = "Ctrl-C cancels the run instead of leaving it alone" };
    private readonly Option<string[]> report = new("--report") { Description = "Save the merged report: junit=FILE, json=FILE, html=DIR, joined by commas", HelpName = "FORM=PATH" };

    public void AddTo(Command command)
    {
        command.Options.Add(timeout);
        command.Options.Add(cancelOnInterrupt);
        command.Options.Add(report);
    }

    public Watch Read(Call call) => new(
        call.Value(timeout) is { } text ? Durations.Parse(timeoutName, text) : null,
        call.Value(cancelOnInterrupt),
        ReportTarget.Parse(call.Values(report), call.World.CurrentFolder));

    public Watch? RefuseWithoutWait(Call call)
    {
        var given = call.Value(timeout) is not null ? timeoutName
            : call.Value(cancelOnInterrupt) ? "--cancel-on-interrupt"
            : call.Values(report).Count > 0 ? "--report" : null;
        return given is null ? null : throw CliException.Usage($"{given} means something only together with --wait.", "Add --wait.");
    }
}
