using System.Text.Json;
using System.Text.RegularExpressions;
using Qgjob.Core.Results;

namespace Qgjob.Agent.AppWright;

/// <summary>
/// Reads the lines of reporter.cjs: events for the watchers, and what a killed attempt had done so far. Not thread-safe.
/// </summary>
internal sealed partial class ReporterEvents
{
    private const int LongestText = 64 * 1024;
    private readonly Dictionary<string, TestResult> results = [];

    /// <summary>Errors outside of tests: a file that does not load, a failing global setup.</summary>
    public List<string> Errors { get; } = [];

    /// <summary>Latest result of each test; a test that has not ended counts as interrupted.</summary>
    public IReadOnlyList<TestResult> Results => [.. results.Values];

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
                results[root.GetProperty("id").GetString()!] =
                    new TestResult(started.TitlePath, started.File, started.Line, TestStatus.Interrupted, 0, started.Retry);
                return started;
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
        var id = root.GetProperty("id").GetString()!;
        var status = root.GetProperty("status").GetString();
        var expected = root.GetProperty("expected").GetString();
        var retry = root.GetProperty("retry").GetInt32();
        var error = root.GetProperty("errors").EnumerateArray().FirstOrDefault();
        var hasError = error.ValueKind == JsonValueKind.Object;
        var good = status == expected;
        var result = new TestResult(
            Titles(root), root.GetProperty("file").GetString()!, root.GetProperty("line").GetInt32(),
            status switch
            {
                "skipped" => TestStatus.Skipped,
                "interrupted" => TestStatus.Interrupted,
                _ when good => retry > 0 ? TestStatus.Flaky : TestStatus.Passed,
                "timedOut" => TestStatus.TimedOut,
                _ => TestStatus.Failed,
            },
            root.GetProperty("ms").GetDouble(), retry,
            hasError ? Plain(error.GetProperty("message").GetString() ?? "") : null,
            hasError && error.TryGetProperty("snippet", out var snippet) && snippet.ValueKind == JsonValueKind.String ? Plain(snippet.GetString()!) : null,
            hasError && error.TryGetProperty("line", out var at) && at.ValueKind == JsonValueKind.Number ? at.GetInt32() : null);
        results[id] = result;
        return new TestEnded(result);
    }

    private static string[] Titles(JsonElement root) => [.. root.GetProperty("title").EnumerateArray().Select(t => t.GetString()!)];

    [GeneratedRegex(@"\x1b\[[0-9;]*[A-Za-z]")]
    private static partial Regex Colours();
}
