using System.Text.Json;
using Qgjob.Core.Results;

namespace Qgjob.Agent.AppWright;

/// <summary>Playwright's JSON report, as far as verdicts need it.</summary>
/// <param name="Tests">Of the chosen project, and failures of the projects it depends on.</param>
/// <param name="Errors">Outside of tests.</param>
internal sealed record PlaywrightReport(IReadOnlyList<TestResult> Tests, IReadOnlyList<string> Errors)
{
    /// <returns>Null when there is no report, or only a part of one.</returns>
    public static PlaywrightReport? Read(string file, string projectFolder, string chosen)
    {
        if (!File.Exists(file)) return null;
        try
        {
            using var json = JsonDocument.Parse(File.ReadAllBytes(file));
            return Parse(json.RootElement, projectFolder, chosen);
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            return null;
        }
    }

    internal static PlaywrightReport Parse(JsonElement root, string projectFolder, string chosen)
    {
        var rootDir = root.GetProperty("config").GetProperty("rootDir").GetString()!;
        string Relative(string file) => Path.GetRelativePath(projectFolder, Path.Combine(rootDir, file)).Replace('\\', '/');

        var tests = new List<TestResult>();
        void Walk(JsonElement suite, IReadOnlyList<string> titles)
        {
            foreach (var spec in Items(suite, "specs"))
            {
                foreach (var test in Items(spec, "tests"))
                {
                    var result = ReadTest(spec, test, [.. titles, spec.GetProperty("title").GetString()!], Relative);
                    var failed = result.Status.IsFailure();
                    if (failed || test.GetProperty("projectName").GetString() == chosen) tests.Add(result);
                }
            }

            foreach (var inner in Items(suite, "suites")) Walk(inner, [.. titles, inner.GetProperty("title").GetString()!]);
        }

        // The outermost suites are files; their titles are no part of a test's.
        foreach (var file in Items(root, "suites")) Walk(file, []);
        var errors = Items(root, "errors").Select(e => e.TryGetProperty("message", out var m) ? ReporterEvents.Plain(m.GetString()!) : "unknown error");
        return new PlaywrightReport(tests, [.. errors]);
    }

    private static TestResult ReadTest(JsonElement spec, JsonElement test, IReadOnlyList<string> titles, Func<string, string> relative)
    {
        var tries = Items(test, "results").ToList();
        var last = tries.LastOrDefault();
        var lastStatus = last.ValueKind == JsonValueKind.Object ? last.GetProperty("status").GetString() : null;
        var status = (test.GetProperty("status").GetString(), lastStatus) switch
        {
            (_, "interrupted") => TestStatus.Interrupted,
            ("skipped", _) or (_, null) => TestStatus.Skipped,
            ("expected", _) => TestStatus.Passed,
            ("flaky", _) => TestStatus.Flaky,
            (_, "timedOut") => TestStatus.TimedOut,
            _ => TestStatus.Failed,
        };
        var failing = tries.LastOrDefault(t => Items(t, "errors").Any());
        var error = failing.ValueKind == JsonValueKind.Object && status is not TestStatus.Passed ? Items(failing, "errors").First() : default;
        var detail = failing.ValueKind == JsonValueKind.Object && failing.TryGetProperty("error", out var e) ? e : default;
        return new TestResult(
            titles, relative(spec.GetProperty("file").GetString()!), spec.GetProperty("line").GetInt32(), status,
            last.ValueKind == JsonValueKind.Object ? last.GetProperty("duration").GetDouble() : 0,
            last.ValueKind == JsonValueKind.Object ? last.GetProperty("retry").GetInt32() : 0,
            // The one in `errors` has the code frame in its text; this one has not.
            error.ValueKind == JsonValueKind.Object ? Text(detail, "message") ?? Text(error, "message") : null,
            error.ValueKind == JsonValueKind.Object ? Text(detail, "snippet") : null,
            error.ValueKind == JsonValueKind.Object && error.TryGetProperty("location", out var at) ? at.GetProperty("line").GetInt32() : null);
    }

    private static string? Text(JsonElement element, string name) =>
        element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? ReporterEvents.Plain(value.GetString()!) : null;

    private static JsonElement.ArrayEnumerator Items(JsonElement element, string name) =>
        element.TryGetProperty(name, out var list) && list.ValueKind == JsonValueKind.Array ? list.EnumerateArray() : default;
}
