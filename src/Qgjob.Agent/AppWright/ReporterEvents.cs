using System.Text.Json;
using System.Text.RegularExpressions;
using Qgjob.Core.Results;

namespace Qgjob.Agent.AppWright;

/// <summary>
/// Reads the lines of reporter.cjs: events for the watchers, and what a killed attempt had done so far. Not thread-safe.
/// </summary>
/// <param name="outFolder">The attempt's: attachments are named by their path below it.</param>
internal sealed partial class ReporterEvents(string outFolder)
{
    private const int LongestText = 64 * 1024;
    private readonly Dictionary<string, ToldTest> tests = [];

    /// <summary>Errors outside of tests: a file that does not load, a failing global setup.</summary>
    public List<string> Errors { get; } = [];

    /// <summary>Latest result of each test; a test that has not ended counts as interrupted.</summary>
    public IReadOnlyList<TestResult> Results => [.. tests.Values.Select(t => t.Result)];

    /// <returns>Null for a line that concerns no watcher.</returns>
    public AttemptEvent? Read(string line)
    {
        JsonElement root;
        try
        {
            using var json = JsonDocument.Parse(line);
            root = json.RootElement.Clone();
        }
        catch (JsonException)
        {
            return null; // A line cut off by a kill.
        }

        switch (root.GetProperty("event").GetString())
        {
            case "begin":
                return new TestsFound(root.GetProperty("total").GetInt32());
            case "start":
                var started = new TestStarted(Titles(root), root.GetProperty("file").GetString()!, root.GetProperty("line").GetInt32(), root.GetProperty("retry").GetInt32());
                Test(root).Start(new TestResult(started.TitlePath, started.File, started.Line, TestStatus.Interrupted, 0, started.Retry) { Project = Text(root, "project") }, Time(root));
                return started;
            case "step":
                Find(root)?.Step(root.TryGetProperty("in", out var parent) ? parent.GetInt32() : null, Text(root, "title") ?? "", Text(root, "category"));
                return null;
            case "stepped":
                Find(root)?.Stepped(root.GetProperty("step").GetInt32(), root.GetProperty("ms").GetDouble(), Text(root, "error"));
                return null;
            case "attached":
                Find(root)?.Attach(Attachments.Named(Text(root, "name"), Text(root, "type"), Text(root, "path"), outFolder));
                return null;
            case "end":
                return ReadEnd(root);
            case "error":
                Errors.Add(Plain(root.GetProperty("message").GetString() ?? ""));
                return null;
            default:
                return null;
        }
    }

    /// <summary>Without terminal colours, and not longer than the server keeps: a matcher may print a whole page source.</summary>
    public static string Plain(string text)
    {
        var plain = Colours().Replace(text, "");
        return plain.Length > LongestText ? plain[..LongestText] : plain;
    }

    private TestEnded ReadEnd(JsonElement root)
    {
        var status = TryStatus.Of(Text(root, "status"));
        var retry = root.GetProperty("retry").GetInt32();
        var errors = root.GetProperty("errors").EnumerateArray().ToList();
        var good = Text(root, "status") == Text(root, "expected");
        var result = new TestResult(
            Titles(root), root.GetProperty("file").GetString()!, root.GetProperty("line").GetInt32(),
            good && status is not (TestStatus.Skipped or TestStatus.Interrupted) ? (retry > 0 ? TestStatus.Flaky : TestStatus.Passed) : status,
            root.GetProperty("ms").GetDouble(), retry,
            errors is [var error, ..] ? Text(error, "message") ?? "" : null,
            errors is [var framed, ..] ? Text(framed, "snippet") : null,
            errors is [var placed, ..] && placed.TryGetProperty("line", out var at) && at.ValueKind == JsonValueKind.Number ? at.GetInt32() : null)
        {
            Project = Text(root, "project"),
            Tags = root.TryGetProperty("tags", out var tags) && tags.GetArrayLength() > 0 ? [.. tags.EnumerateArray().Select(t => t.GetString()!)] : null,
            Annotations = Annotations.Read(root),
        };
        var left = root.TryGetProperty("steps_left", out var more) && more.GetInt32() is > 0 and var count ? count : (int?)null;
        Test(root).End(result, status, errors.Count == 0 ? null : string.Join("\n\n", errors.Select(e => Text(e, "message"))), left);
        return new TestEnded(result);
    }

    private ToldTest Test(JsonElement root)
    {
        var id = root.GetProperty("id").GetString()!;
        if (!tests.TryGetValue(id, out var test)) tests[id] = test = new ToldTest();
        return test;
    }

    private ToldTest? Find(JsonElement root) => tests.GetValueOrDefault(root.GetProperty("id").GetString()!);

    private static string? Text(JsonElement element, string name) =>
        element.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? Plain(value.GetString()!) : null;

    private static DateTimeOffset? Time(JsonElement root) => root.TryGetProperty("at", out var at) && at.TryGetDateTimeOffset(out var time) ? time : null;

    private static string[] Titles(JsonElement root) => [.. root.GetProperty("title").EnumerateArray().Select(t => t.GetString()!)];

    [GeneratedRegex(@"\x1b\[[0-9;]*[A-Za-z]")]
    private static partial Regex Colours();
}
