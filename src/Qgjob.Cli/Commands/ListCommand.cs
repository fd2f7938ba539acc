using System.CommandLine;
using Qgjob.Cli.Output;
using Qgjob.Client.Wire;
using Qgjob.Core;
using Qgjob.Core.Jobs;
using Qgjob.Core.Runs;

namespace Qgjob.Cli.Commands;

internal static class ListCommand
{
    public static Command Create(Bind bind)
    {
        var jobs = new Option<bool>("--jobs") { Description = "List jobs instead of runs" };
        var org = new Option<string?>("--org-id") { Description = "Only of this org (QGJOB_ORG)", HelpName = "ORG" };
        var run = new Option<string?>("--run-id") { Description = "Only jobs of this run", HelpName = "RUN" };
        var app = new Option<string?>("--app-version-id") { Description = "Only jobs of this app version", HelpName = "VERSION" };
        var status = new Option<string?>("--status") { Description = $"Only jobs in this state: {string.Join(", ", Words.All<JobStatus>())}", HelpName = "STATE" };
        var limit = new Option<int>("--limit") { Description = "How many to show at most, 1 to 500", HelpName = "N", DefaultValueFactory = _ => 20 };
        var cursor = new Option<string?>("--cursor") { Description = "Go on where an earlier list ended", HelpName = "CURSOR" };
        var command = new Command("list", "Lists runs, newest first, or jobs") { jobs, org, run, app, status, limit, cursor };
        bind(command, async (call, cancel) =>
        {
            if (call.Value(limit) is < 1 or > 500) throw CliException.Usage("--limit must be from 1 to 500.", "Go on with --cursor where a list ended.");
            var state = call.Value(status);
            if (state is not null && !Words.TryParse<JobStatus>(state, out _))
                throw CliException.Usage($"--status: there is no state '{state}'.", $"States: {string.Join(", ", Words.All<JobStatus>())}.");
            var onlyJobs = call.Value(run) ?? call.Value(app) ?? state;
            if (call.Value(jobs) || onlyJobs is not null)
            {
                var list = await call.Client.ListJobsAsync(
                    call.OrgOrNull(org), call.Value(run), call.Value(app), state, call.Value(limit), call.Value(cursor), cancel).ConfigureAwait(false);
                if (call.Json) call.WriteJson("jobs", list, WireJson.Default.ListOfJobView);
                else WriteJobs(call, list);
            }
            else
            {
                var list = await call.Client.ListRunsAsync(call.OrgOrNull(org), call.Value(limit), call.Value(cursor), cancel).ConfigureAwait(false);
                if (call.Json) call.WriteJson("runs", list, WireJson.Default.ListOfRunView);
                else WriteRuns(call, list);
            }
            return ExitCode.Passed;
        });
        return command;
    }

    private static void WriteRuns(Call call, ListOf<RunView> list)
    {
        Columns.Write(call, ["RUN", "STATUS", "JOBS", "PASSED", "FAILED", "FLAKY", "INSTALLS", "AGE", "ORG"], list.Items.Select(r => (IReadOnlyList<string?>)
        [
            r.RunId, r.Status, $"{r.Jobs.Total - r.Jobs.Queued - r.Jobs.Active}/{r.Jobs.Total}", $"{r.Tests.Passed}", $"{r.Tests.Failed}", $"{Math.Max(r.Tests.Flaky, r.Flaky)}", $"{r.Installs}",
            Durations.Show(call.Now - r.CreatedAt), r.OrgId,
        ]));
        Rest(call, list.Items.Count, list.Next);
    }

    private static void WriteJobs(Call call, ListOf<JobView> list)
    {
        Columns.Write(call, ["JOB", "STATUS", "TEST", "APP VERSION", "DEVICE", "AGE", "REASON"], list.Items.Select(j => (IReadOnlyList<string?>)
        [
            j.JobId, Words.Of(j.Status) + (j.Flaky ? " (flaky)" : ""), TestSlice.NameOf(j.TestPath, j.Slice), j.AppVersionId, j.DeviceId, Durations.Show(call.Now - j.CreatedAt), j.Reason,
        ]));
        Rest(call, list.Items.Count, list.Next);
    }

    private static void Rest(Call call, int shown, string? next)
    {
        if (shown == 0) call.Err.WriteLine("Nothing matches.");
        if (next is not null) call.Err.WriteLine($"There are more: add --cursor {next}");
    }
}
