using System.Text.Json;
using Qgjob.Core.Results;

namespace Qgjob.Agent.AppWright;

/// <summary>Playwright's JSON report, as far as verdicts need it.</summary>
/// <param name="Tests">Of the chosen project, and failures of the projects it depends on.</param>
/// <param name="Errors">Outside of tests.</param>
internal sealed record PlaywrightReport(IReadOnlyList<TestResult> Tests, IReadOnlyList<string> Errors)
{
    /// <returns>Null when there is no report, or only a part of one.</returns>
    /// <param name="outFolder">The attempt's: attachments are named by their path below it.</param>
    public static PlaywrightReport? Read(string file, string projectFolder, string chosen, string outFolder)
    {
        if (!File.Exists(file)) return null;
        try
        {
            using var json = JsonDocument.Parse(File.ReadAllBytes(file));
            return Parse(json.RootElement, projectFolder, chosen, outFolder);
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
        {
            return null;
        }
    }

    internal static PlaywrightReport Parse(JsonElement root, string projectFolder, string chosen, string outFolder)
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
                    var result = new ReportedTest(spec, test, outFolder).Read([.. titles, spec.GetProperty("title").GetString()!], Relative);
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

    /// <summary>
    /// The same with the steps that were streamed. The report has only those that the tests name themselves; what they
    /// expected, their hooks and fixtures are in the stream.
    /// </summary>
    public PlaywrightReport WithSteps(IReadOnlyList<TestResult> streamed)
    {
        // Several of one key: Playwright's repeatEach.
        var told = streamed.Where(t => t.Tries is not null).GroupBy(TestKey.Of).ToDictionary(g => g.Key, g => new Queue<TestResult>(g));
        return this with
        {
            Tests = [.. Tests.Select(test => test.Tries is { } tries && told.TryGetValue(TestKey.Of(test), out var same) && same.TryDequeue(out var found)
                ? test with { Tries = [.. tries.Select(t => WithSteps(t, found.Tries!.FirstOrDefault(f => f.Retry == t.Retry)))] }
                : test)],
        };
    }

    private static TestTry WithSteps(TestTry reported, TestTry? told) =>
        told?.Steps is { } steps ? reported with { Steps = steps, StepsLeftOut = told.StepsLeftOut } : reported;

    internal static JsonElement.ArrayEnumerator Items(JsonElement element, string name) =>
        element.TryGetProperty(name, out var list) && list.ValueKind == JsonValueKind.Array ? list.EnumerateArray() : default;
}
