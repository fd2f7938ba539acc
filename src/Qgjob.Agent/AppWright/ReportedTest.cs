using System.Text.Json;
using Qgjob.Core.Results;

namespace Qgjob.Agent.AppWright;

/// <summary>One test in Playwright's JSON report. A spec is a place in a file; it has one test per project.</summary>
internal sealed class ReportedTest(JsonElement spec, JsonElement test, string outFolder)
{
    public TestResult Read(IReadOnlyList<string> titles, Func<string, string> relative)
    {
        var tries = PlaywrightReport.Items(test, "results").ToList();
        var last = tries.LastOrDefault();
        var lastStatus = Text(last, "status");
        var status = (test.GetProperty("status").GetString(), lastStatus) switch
        {
            (_, "interrupted") => TestStatus.Interrupted,
            ("skipped", _) or (_, null) => TestStatus.Skipped,
            ("expected", _) => TestStatus.Passed,
            ("flaky", _) => TestStatus.Flaky,
            (_, "timedOut") => TestStatus.TimedOut,
            _ => TestStatus.Failed,
        };
        var read = tries.Select(ReadTry).ToList();
        // Not the joined message of the try: the first error is the one that people look for.
        var failing = status is TestStatus.Passed ? default : tries.LastOrDefault(t => PlaywrightReport.Items(t, "errors").Any());
        var place = status is TestStatus.Passed ? null : read.LastOrDefault(t => t.Error is not null);
        return new TestResult(
            titles, relative(spec.GetProperty("file").GetString()!), spec.GetProperty("line").GetInt32(), status,
            read.LastOrDefault()?.DurationMs ?? 0, read.LastOrDefault()?.Retry ?? 0, FirstError(failing), place?.Snippet, place?.ErrorLine)
        {
            Project = Text(test, "projectName") is { Length: > 0 } project ? project : null,
            // The report takes their @ off.
            Tags = PlaywrightReport.Items(spec, "tags").Select(t => "@" + t.GetString()).ToList() is { Count: > 0 } tags ? tags : null,
            Annotations = Annotations.Read(test),
            Tries = TryStatus.WorthKeeping(read),
        };
    }

    private TestTry ReadTry(JsonElement one)
    {
        var status = TryStatus.Of(Text(one, "status"));
        var errors = PlaywrightReport.Items(one, "errors").ToList();
        var messages = errors.Select((e, i) => i == 0 ? FirstError(one) : Text(e, "message")).ToList();
        var steps = status is TestStatus.Passed or TestStatus.Skipped ? null : Steps(one);
        var files = PlaywrightReport.Items(one, "attachments").Select(Attachment).ToList();
        return new TestTry(
            one.GetProperty("retry").GetInt32(), status, one.GetProperty("duration").GetDouble(),
            one.TryGetProperty("startTime", out var at) && at.TryGetDateTimeOffset(out var time) ? time : null,
            messages.Count > 0 ? string.Join("\n\n", messages) : null,
            messages.Count > 0 && one.TryGetProperty("error", out var detail) ? Text(detail, "snippet") : null,
            errors is [var first, ..] && first.TryGetProperty("location", out var place) && place.ValueKind == JsonValueKind.Object ? place.GetProperty("line").GetInt32() : null,
            steps, null, files.Count > 0 ? files : null);
    }

    /// <summary>The one in <c>errors</c> has the code frame in its text; the one beside it has not.</summary>
    private static string? FirstError(JsonElement one) =>
        one.ValueKind == JsonValueKind.Object && PlaywrightReport.Items(one, "errors").FirstOrDefault() is { ValueKind: JsonValueKind.Object } framed
            ? (one.TryGetProperty("error", out var bare) ? Text(bare, "message") : null) ?? Text(framed, "message")
            : null;

    private static List<TestStep>? Steps(JsonElement parent)
    {
        var steps = PlaywrightReport.Items(parent, "steps").Select(s => new TestStep(
            Text(s, "title") ?? "", "test.step", s.GetProperty("duration").GetDouble(),
            s.TryGetProperty("error", out var error) ? Text(error, "message") : null, Steps(s))).ToList();
        return steps.Count > 0 ? steps : null;
    }

    private TestAttachment Attachment(JsonElement file) => Attachments.Named(
        Text(file, "name"), Text(file, "contentType"), Text(file, "path") ?? (file.TryGetProperty("body", out var body) && body.GetString() is { } bytes ? Attachments.FileOf(bytes, outFolder) : null), outFolder);

    private static string? Text(JsonElement element, string name) =>
        element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? ReporterEvents.Plain(value.GetString()!) : null;
}
