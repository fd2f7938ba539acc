using System.CommandLine;
using Qgjob.Cli.Output;
using Qgjob.Cli.Reports;
using Qgjob.Core.Runs;

namespace Qgjob.Cli.Commands;

internal static class ReportCommand
{
    private static readonly (string Option, string Form, string Help, string Name)[] Forms =
    [
        ("--junit", "junit", "Save the JUnit XML in this file", "FILE"),
        ("--results", "json", "Save the results as JSON in this file", "FILE"),
        ("--html", ReportTarget.Html, "Save Playwright's HTML report in this folder", "DIR"),
    ];

    public static Command Create(Bind bind)
    {
        var id = new Argument<string>("run") { Description = "The run" };
        var options = Forms.Select(f => new Option<string?>(f.Option) { Description = f.Help, HelpName = f.Name }).ToList();
        var command = new Command("report", "Saves a finished run's report, merged from all its jobs; without an option says where a browser finds the HTML report") { id };
        foreach (var option in options) command.Options.Add(option);
        bind(command, async (call, cancel) =>
        {
            var run = Ids.RequireRun(call.Value(id)!);
            var targets = new List<ReportTarget>();
            for (var i = 0; i < Forms.Length; i++)
                if (call.Value(options[i]) is { } path) targets.Add(ReportTarget.Of(Forms[i].Option, Forms[i].Form, path, call.World.CurrentFolder));
            var view = await call.Client.FindRunAsync(run, cancel).ConfigureAwait(false) ?? throw Ids.UnknownRun(run);
            if (view.FinishedAt is null) throw new CliException(ExitCode.Unfinished, $"{run} is not over yet.", $"Wait for it: qgjob wait {run} --report junit=FILE,html=DIR");
            if (targets.Count == 0)
            {
                await ReportSaver.MakeHtmlAsync(call, run, cancel).ConfigureAwait(false);
                Tell(call, run, []);
                return ExitCode.Passed;
            }
            var failures = await ReportSaver.SaveAsync(call, run, targets, cancel).ConfigureAwait(false);
            if (failures.Count > 0) throw new CliException(ExitCode.General, string.Join('\n', failures));
            Tell(call, run, [.. targets.Select(t => t.Path)]);
            return ExitCode.Passed;
        });
        return command;
    }

    private static void Tell(Call call, string run, IReadOnlyList<string> files)
    {
        var url = new Uri(call.Client.Server, $"/api/v1/runs/{run}/report.html").ToString();
        if (call.Json) call.WriteJson("report", new ReportDocument(run, url, files), CliJson.Default.ReportDocument);
        else if (files.Count == 0) call.Out.WriteLine(url);
        else
            foreach (var file in files) call.Out.WriteLine(file);
    }
}
