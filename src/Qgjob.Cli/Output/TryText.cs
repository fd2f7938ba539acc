using Qgjob.Client.Reports;
using Qgjob.Core;
using Qgjob.Core.Results;

namespace Qgjob.Cli.Output;

/// <summary>What a test's tries tell beside its error: how each ended, in which step, what they left; for people.</summary>
internal static class TryText
{
    public static void Write(TextWriter output, TestResult test)
    {
        if (test.Quarantine is { } mark) Line(output, $"{(mark.Ended ? "quarantine ended" : "in quarantine")}: {QuarantineText.Of(mark)}");
        foreach (var note in test.Annotations ?? [])
            Line(output, note.Description is null ? note.Type : $"{note.Type}: {note.Description}");
        foreach (var one in test.Tries ?? [])
        {
            if (test.Tries!.Count > 1) Line(output, $"try {one.Retry + 1}: {Words.Of(one.Status)}, {Durations.Show(TimeSpan.FromMilliseconds(one.DurationMs))}{Why(test, one)}");
            if (Broken(one.Steps ?? []) is { Count: > 0 } path) Line(output, $"in step: {string.Join(" › ", path)}");
            foreach (var file in one.Attachments ?? []) Line(output, $"attached: {file.Name}{(file.Path is null ? " (not kept)" : $", {file.Path}")}");
            if (one.AttachmentsLeftOut is { } left) Line(output, $"{Quantity.Of(left, "more attachment")}: see the HTML report");
        }
    }

    /// <summary>The way to the innermost step that failed, or that had not ended.</summary>
    private static List<string> Broken(IReadOnlyList<TestStep> steps)
    {
        var path = new List<string>();
        while (steps.LastOrDefault(s => s.Error is not null || s.DurationMs is null) is { } step)
        {
            path.Add(step.Title);
            steps = step.Steps ?? [];
        }
        return path;
    }

    /// <summary>The error of a try, where it is not the one that stands above.</summary>
    private static string Why(TestResult test, TestTry one) =>
        one.Error is { } error && error != test.Error ? $", {SafeText.FirstLine(error)}" : "";

    private static void Line(TextWriter output, string text) => output.WriteLine("    " + SafeText.Line(text));
}
