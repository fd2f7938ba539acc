using System.CommandLine;
using System.Globalization;
using Qgjob.Cli.Output;
using Qgjob.Client.Wire;
using Qgjob.Core;
using Qgjob.Core.Results;
using Qgjob.Core.Runs;

namespace Qgjob.Cli.Commands;

internal static class TestsCommand
{
    private const int Runs = 12;

    public static Command Create(Bind bind)
    {
        var text = new Argument<string?>("text") { Description = "Only tests with this in file or title", Arity = ArgumentArity.ZeroOrOne };
        var org = new Option<string?>("--org-id") { Description = "Tenant (QGJOB_ORG)", HelpName = "ORG" };
        var file = new Option<string?>("--file") { Description = "Only tests of this test file, as jobs name it", HelpName = "FILE" };
        var flaky = new Option<bool>("--flaky") { Description = "Only tests that failed and passed in one job lately" };
        var failing = new Option<bool>("--failing") { Description = "Only tests that failed last" };
        var history = new Option<bool>("--history") { Description = "Shows the one test that matches: its latest runs, and its rates by app version and device model" };
        var project = new Option<string?>("--aw-project") { Description = "With --history: which Playwright project's, where several have the test", HelpName = "NAME" };
        var limit = new Option<int>("--limit") { Description = "How many to show about, 1 to 500", HelpName = "N", DefaultValueFactory = _ => 50 };
        var cursor = new Option<string?>("--cursor") { Description = "Go on where an earlier list ended", HelpName = "CURSOR" };
        var command = new Command("tests", "Lists an org's tests with failure rate, flaky rate and durations, or shows the history of one")
        {
            text, org, file, flaky, failing, history, project, limit, cursor,
        };
        bind(command, async (call, cancel) =>
        {
            if (call.Value(limit) is < 1 or > 500) throw CliException.Usage("--limit must be from 1 to 500.", "Go on with --cursor where a list ended.");
            var tenant = call.Org(org);
            var list = await call.Client.ListTestsAsync(
                tenant, call.Value(file), call.Value(text), call.Value(flaky), call.Value(failing), call.Value(limit), call.Value(cursor), cancel).ConfigureAwait(false);
            if (call.Value(history))
            {
                var test = One(list.Items, call.Value(text), call.Value(project));
                var past = await call.Client.FindTestHistoryAsync(tenant, test.TestPath, test.Title, test.Project, cancel).ConfigureAwait(false)
                    ?? throw CliException.Unknown("test", test.Title, "'qgjob tests' lists the tests.");
                if (call.Json) call.WriteJson("test_history", past, WireJson.Default.TestHistoryView);
                else Write(call, past);
            }
            else if (call.Json) call.WriteJson("tests", list, WireJson.Default.ListOfTestView);
            else Write(call, list);
            return ExitCode.Passed;
        });
        return command;
    }

    /// <summary>The test that is meant: the only one, or the only one whose title it is word for word.</summary>
    private static TestView One(IReadOnlyList<TestView> found, string? text, string? project)
    {
        var fitting = found.Where(t => project is null || (t.Project ?? "") == project).ToList();
        if (fitting.Count == 1) return fitting[0];
        var exact = fitting.Where(t => t.Title == text || t.TitlePath[^1] == text).ToList();
        if (exact.Count == 1) return exact[0];
        throw fitting.Count == 0
            ? CliException.Unknown("test", text ?? "", "'qgjob tests' lists the tests.")
            : CliException.Usage(
                $"{fitting.Count} tests match{(text is null ? "" : $" '{SafeText.Line(text)}'")}; --history shows one.",
                $"Name one of them, or add --file or --aw-project: {string.Join("; ", fitting.Take(5).Select(t => SafeText.Line($"{t.TestPath}: {t.Title}{(t.Project is null ? "" : $" ({t.Project})")}")))}{(fitting.Count > 5 ? "; …" : "")}");
    }

    private static void Write(Call call, ListOf<TestView> list)
    {
        Columns.Write(call, ["LATEST", "FAILS", "FLAKY", "TIME", "TREND", "PLACE", "TEST"], list.Items.Select(t => (IReadOnlyList<string?>)
            [Marks(t.Recent), Percent(t.Rates.FailureRate), Percent(t.Rates.FlakyRate), Time(t.Rates.MeanMs), Sparkline.Of(Durations(t)), $"{t.File}:{t.Line}", t.Title]));
        if (list.Items.Count == 0) call.Err.WriteLine("No test matches. Tests are known from the results of runs that are kept.");
        if (list.Next is not null) call.Err.WriteLine($"There are more: add --cursor {list.Next}");
    }

    private static void Write(Call call, TestHistoryView past)
    {
        var (test, rates) = (past.Test, past.Test.Rates);
        call.Out.WriteLine($"{SafeText.Line(test.File)}:{test.Line}  {SafeText.Line(test.Title)}{(test.Project is null ? "" : $"  ({SafeText.Line(test.Project)})")}");
        call.Out.WriteLine($"{Quantity.Of(rates.Runs, "run")}: {rates.Failed} failed ({Percent(rates.FailureRate)}), {rates.Flaky} flaky ({Percent(rates.FlakyRate)}), mean {Time(rates.MeanMs)}; skipped in {rates.Skipped}");
        call.Out.WriteLine($"{Marks(test.Recent)}  {Sparkline.Of(Durations(test))}  (oldest to latest)");
        Shares(call, "APP VERSION", past.ByAppVersion);
        Shares(call, "DEVICE MODEL", past.ByDeviceModel);
        call.Out.WriteLine();
        Columns.Write(call, ["JOB", "RESULT", "TIME", "AGE", "APP VERSION", "DEVICE", "ERROR"], past.Runs.Select(r => (IReadOnlyList<string?>)
        [
            r.JobId, Words.Of(r.Status) + (r.Counts ? "" : " (not counted)"), Time(r.DurationMs), Output.Durations.Show(call.Now - r.EndedAt), r.AppVersionId,
            $"{r.DeviceId} ({r.Model}, {Words.Of(r.Platform)} {r.OsVersion})", r.Error,
        ]));
    }

    private static void Shares(Call call, string what, IReadOnlyList<TestShare> shares)
    {
        call.Out.WriteLine();
        Columns.Write(call, [what, "RUNS", "FAILS", "FLAKY", "TIME"], shares.Select(s => (IReadOnlyList<string?>)
            [s.Name, $"{s.Rates.Runs}", Percent(s.Rates.FailureRate), Percent(s.Rates.FlakyRate), Time(s.Rates.MeanMs)]));
    }

    private static IReadOnlyList<double> Durations(TestView test) => [.. test.Recent.Take(Runs).Reverse().Select(r => r.DurationMs)];

    /// <summary>Oldest to latest: letters, since colours and signs do not survive every terminal.</summary>
    private static string Marks(IReadOnlyList<TestMoment> recent) => string.Concat(recent.Take(Runs).Reverse().Select(r => r.Status switch
    {
        TestStatus.Passed => 'p',
        TestStatus.Flaky => 'f',
        TestStatus.Skipped => 's',
        TestStatus.Interrupted => 'i',
        _ => 'X',
    }));

    private static string Percent(double part) => string.Create(CultureInfo.InvariantCulture, $"{part * 100:0.#} %");

    private static string? Time(double? ms) => ms is { } value ? Output.Durations.Show(TimeSpan.FromMilliseconds(value)) : null;
}
