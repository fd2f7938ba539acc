using System.Buffers.Text;
using System.Text;
using Qgjob.Client.Wire;
using Qgjob.Core.Results;
using Qgjob.Core.Storage;
using Qgjob.Server.Http;

namespace Qgjob.Server.History;

/// <summary>Which tests a list asks for.</summary>
/// <param name="Path">Only of this test file.</param>
/// <param name="Text">Only with this in file or title, whatever the case.</param>
/// <param name="Flaky">Only those that were flaky in the runs that are looked at.</param>
/// <param name="Failing">Only those whose latest run that counts failed.</param>
internal sealed record TestFilter(string? Path, string? Text, bool Flaky, bool Failing);

/// <summary>Tests and their history, out of the results that are kept.</summary>
internal sealed class TestReader(IJobStore store)
{
    /// <summary>Attempts of each file that the list looks at.</summary>
    private const int ListedAttempts = 30;
    /// <summary>A file in many parts has as many attempts in each run: then so many are looked at.</summary>
    private const int MostListed = 200;
    private const int FewRuns = 8;
    private const int RecentRuns = 20;
    /// <summary>Files that one page of the list looks at, so that a rare kind does not read the whole history at once.</summary>
    private const int FilesPerPage = 200;

    /// <summary>File by file; a page ends with the file in which it became full.</summary>
    public async Task<ListOf<TestView>> ListAsync(string org, TestFilter filter, PageRequest page, CancellationToken cancel)
    {
        var after = page.Cursor is null ? null : PathOf(page.Cursor);
        var paths = filter.Path is { } only ? [only] : await store.TestPathsAsync(org, after, FilesPerPage, cancel);
        var found = new List<TestView>();
        foreach (var path in paths)
        {
            found.AddRange((await ListedAsync(org, path, cancel)).Where(t => Matches(t, path, filter)).Select(t => View(path, t)));
            if (found.Count >= page.Limit && path != paths[^1]) return new ListOf<TestView>(found, CursorOf(path));
        }
        return new ListOf<TestView>(found, filter.Path is null && paths.Count == FilesPerPage ? CursorOf(paths[^1]) : null);
    }

    /// <exception cref="RefusedException">There is no such test.</exception>
    public async Task<TestHistoryView> HistoryAsync(string org, string path, string title, string? project, int attempts, CancellationToken cancel)
    {
        var named = (await OfAsync(org, path, attempts, cancel)).Where(t => t.Key.Title == title && (project is null || (t.Key.Project ?? "") == project)).ToList();
        var test = named switch
        {
            [] => throw RefusedException.NotFound("test", $"{path} › {title}"),
            [var one] => one,
            _ => throw RefusedException.Invalid("project", $"must say which: {string.Join(", ", named.Select(t => t.Key.Project ?? "(none)"))}"),
        };
        return new TestHistoryView(
            View(path, test),
            [.. test.Runs.Select(r => new TestRunView(
                r.Origin.RunId, r.JobId, r.Attempt, r.Origin.EndedAt, r.Status, r.DurationMs, r.Origin.AppVersionId, r.Origin.DeviceId,
                r.Origin.Model, r.Origin.Platform, r.Origin.OsVersion, r.Counts, r.Error?.TrimStart().Split('\n')[0].TrimEnd()))],
            Shares(test, o => o.AppVersionId), Shares(test, o => o.Model));
    }

    private async Task<IReadOnlyList<PastTest>> ListedAsync(string org, string path, CancellationToken cancel)
    {
        var rows = await store.PastTestsAsync(org, path, ListedAttempts, cancel);
        if (rows.Count == ListedAttempts && rows.DistinctBy(r => r.Origin?.RunId).Count() < FewRuns) rows = await store.PastTestsAsync(org, path, MostListed, cancel);
        return TestHistory.Of(rows);
    }

    private async Task<IReadOnlyList<PastTest>> OfAsync(string org, string path, int attempts, CancellationToken cancel) =>
        TestHistory.Of(await store.PastTestsAsync(org, path, attempts, cancel));

    private static bool Matches(PastTest test, string path, TestFilter filter) =>
        (filter.Text is null || $"{path} {test.Key.File} {test.Key.Title}".Contains(filter.Text, StringComparison.OrdinalIgnoreCase))
        && (!filter.Flaky || test.Rates.Flaky > 0)
        && (!filter.Failing || test.Runs.FirstOrDefault(r => r.Counts)?.Status.IsFailure() is true);

    private static TestView View(string path, PastTest test) => new()
    {
        TestId = test.Key.Id,
        TestPath = path,
        File = test.Key.File,
        Line = test.Line,
        Project = test.Key.Project,
        TitlePath = test.TitlePath,
        Title = test.Key.Title,
        Rates = test.Rates,
        Recent = [.. test.Runs.Take(RecentRuns).Select(r => new TestMoment(r.Origin.EndedAt, r.Status, r.DurationMs))],
    };

    private static IReadOnlyList<TestShare> Shares(PastTest test, Func<TestsOrigin, string> by) =>
        [.. test.Runs.GroupBy(r => by(r.Origin)).Select(g => new TestShare(g.Key, TestRates.Of(g)))];

    /// <summary>Paths may have any character; cursors are plain.</summary>
    private static string CursorOf(string path) => Base64Url.EncodeToString(Encoding.UTF8.GetBytes(path));

    private static string PathOf(string cursor) =>
        Base64Url.IsValid(cursor) ? Encoding.UTF8.GetString(Base64Url.DecodeFromChars(cursor)) : throw RefusedException.Invalid("cursor", "is not one that a list gave out");
}
