using System.CommandLine;
using System.Globalization;
using Qgjob.Cli.Output;
using Qgjob.Client.Reports;
using Qgjob.Client.Wire;
using Qgjob.Core.Runs;

namespace Qgjob.Cli.Commands;

internal static class QuarantineCommand
{
    public static Command Create(Bind bind) =>
        new("quarantine", "Tests that run and are reported, but turn no run red by failing, for a while") { List(bind), Add(bind), Remove(bind) };

    private static Option<string?> Org() => new("--org-id") { Description = "The org (QGJOB_ORG)", HelpName = "ORG" };

    private static Option<string?> File(string description) => new("--file") { Description = description, HelpName = "PATH" };

    private static Command List(Bind bind)
    {
        var org = Org();
        var command = new Command("list", "Lists an org's tests in quarantine: how often they failed since, until when, who put them there and why") { org };
        bind(command, async (call, cancel) =>
        {
            var list = await call.Client.ListQuarantineAsync(call.Org(org), cancel).ConfigureAwait(false);
            if (call.Json) call.WriteJson("quarantine", list, WireJson.Default.ListOfQuarantineView);
            else if (list.Items.Count == 0) call.Err.WriteLine("The org has no tests in quarantine. 'qgjob quarantine add TEST --reason WHY' puts one there.");
            else
                Columns.WriteWithSentence(call, ["ID", "FAILED", "UNTIL", "BY", "FILE", "TEST", "REASON"], list.Items.Select(q => (IReadOnlyList<string?>)
                    [q.QuarantineId, Failed(q), Until(call, q), q.By, q.File, q.Title, q.Reason]));
            return ExitCode.Passed;
        });
        return command;
    }

    private static Command Add(Bind bind)
    {
        var test = new Argument<string>("test") { Description = "The test's title as 'qgjob tests' shows it; * stands for any characters" };
        var org = Org();
        var file = File("The file in which it stands; * stands for any characters. Not needed where only one known test has that title");
        var reason = new Option<string?>("--reason") { Description = "Why, for whoever sees it fail", HelpName = "WHY" };
        var until = new Option<string?>("--until") { Description = "A duration, such as 7d, or a date or time in UTC, such as 2026-12-24; at most a year (14d)", HelpName = "WHEN" };
        var command = new Command("add", "Puts a test into quarantine, or changes the reason and the end of one that is there") { test, org, file, reason, until };
        bind(command, async (call, cancel) =>
        {
            var (orgId, title) = (call.Org(org), call.Value(test)!);
            if (string.IsNullOrWhiteSpace(call.Value(reason))) throw CliException.Usage("No reason is given.", "Add --reason WHY: who sees the test fail wants to know.");
            var order = new QuarantineOrder
            {
                File = call.Value(file) ?? (title.Contains('*', StringComparison.Ordinal) ? "*" : null),
                Title = title,
                Reason = call.Value(reason),
                Until = call.Value(until) is { } when ? TimeOf(call, when) : null,
                By = call.World.Environment("USER") is { Length: > 0 and <= 100 } user ? user : null,
            };
            if (order.File is null) order = await FindAsync(call, orgId, order, cancel).ConfigureAwait(false);
            var added = await call.Client.QuarantineAsync(orgId, order, cancel).ConfigureAwait(false);
            if (call.Json) call.WriteJson("quarantined", added, WireJson.Default.QuarantineView);
            else
            {
                call.Out.WriteLine($"{added.QuarantineId}: {SafeText.Line(added.Title)} in {SafeText.Line(added.File)}, until {QuarantineText.Time(added.Until)}");
                if (call.Value(file) is not null && !title.Contains('*', StringComparison.Ordinal) && !await IsKnownAsync(call, orgId, order, cancel).ConfigureAwait(false))
                    call.Err.WriteLine("No result that is kept is of such a test: look whether 'qgjob tests' shows it by another title or file.");
            }
            return ExitCode.Passed;
        });
        return command;
    }

    private static Command Remove(Bind bind)
    {
        var entry = new Argument<string>("entry") { Description = "An id from the list, or the test's title as the list shows it" };
        var org = Org();
        var file = File("With a title: only in this file");
        var command = new Command("remove", "Takes a test out of quarantine: its failures count from now on") { entry, org, file };
        bind(command, async (call, cancel) =>
        {
            var (orgId, named, path) = (call.Org(org), call.Value(entry)!, call.Value(file));
            var list = await call.Client.ListQuarantineAsync(orgId, cancel).ConfigureAwait(false);
            var found = list.Items.Where(q => q.QuarantineId == named || (q.Title == named && (path is null || q.File == path))).ToList();
            if (found.Count > 1)
                throw CliException.Usage($"{found.Count} entries are about '{SafeText.Line(named)}'.", $"Name one by its id, or add --file: {string.Join("; ", found.Select(q => SafeText.Line($"{q.QuarantineId} in {q.File}")))}");
            if (found.Count == 0 || !await call.Client.EndQuarantineAsync(orgId, found[0].QuarantineId, cancel).ConfigureAwait(false))
                throw CliException.Unknown("entry in quarantine", $"'{SafeText.Line(named)}' of {orgId}", "'qgjob quarantine list' shows them.");
            if (call.Json) call.WriteJson("removed", new RemovedDocument(found[0].QuarantineId), CliJson.Default.RemovedDocument);
            else call.Out.WriteLine($"removed {found[0].QuarantineId}: {SafeText.Line(found[0].Title)} in {SafeText.Line(found[0].File)}");
            return ExitCode.Passed;
        });
        return command;
    }

    /// <summary>The one known test of that title, or of that title without those of its describes.</summary>
    private static async Task<QuarantineOrder> FindAsync(Call call, string orgId, QuarantineOrder order, CancellationToken cancel)
    {
        var list = await call.Client.ListTestsAsync(orgId, null, order.Title, false, false, 500, null, cancel).ConfigureAwait(false);
        var places = list.Items.Where(t => t.Title == order.Title || t.TitlePath[^1] == order.Title).Select(t => (t.File, t.Title)).Distinct().ToList();
        return places switch
        {
            [var (file, title)] => order with { File = file, Title = title },
            [] => throw CliException.Usage($"No result that is kept is of a test '{SafeText.Line(order.Title!)}'.", "'qgjob tests' lists the tests; add --file PATH for one that has not run yet."),
            _ => throw CliException.Usage($"{places.Count} tests are called '{SafeText.Line(order.Title!)}'.",
                $"Add --file, or name one as 'qgjob tests' does: {string.Join("; ", places.Take(5).Select(p => SafeText.Line($"{p.File}: {p.Title}")))}{(places.Count > 5 ? "; …" : "")}"),
        };
    }

    private static async Task<bool> IsKnownAsync(Call call, string orgId, QuarantineOrder order, CancellationToken cancel) =>
        (await call.Client.ListTestsAsync(orgId, null, order.Title, false, false, 500, null, cancel).ConfigureAwait(false)) is var list
        && (list.Next is not null || list.Items.Any(t => t.Title == order.Title));

    private static DateTimeOffset TimeOf(Call call, string text)
    {
        if (text.Contains('-', StringComparison.Ordinal))
            return DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time)
                ? time
                : throw CliException.Usage($"--until: '{text}' is no date.", "Write 2026-12-24, 2026-12-24T18:00Z, or a duration such as 7d.");
        return call.Now + Durations.Parse("--until", text);
    }

    /// <summary>How often its tests failed of how often they ran since.</summary>
    private static string? Failed(QuarantineView entry) =>
        entry.Rates is { } rates ? $"{rates.Failed} of {rates.Runs}{(rates.Flaky > 0 ? $", {rates.Flaky} flaky" : "")}" : null;

    private static string Until(Call call, QuarantineView entry) =>
        entry.Ended ? $"ended {Durations.Show(call.Now - entry.Until)} ago" : $"{QuarantineText.Time(entry.Until)}";
}
