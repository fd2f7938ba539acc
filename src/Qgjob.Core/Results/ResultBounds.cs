namespace Qgjob.Core.Results;

/// <summary>
/// How much is kept of what tests say. Reports may be of any size; rows may not. What is cut says so, by its own text or
/// by a number beside it, and is whole in the attempt's HTML and JSON reports.
/// </summary>
public static class ResultBounds
{
    /// <summary>Characters of a test's error message and code frame.</summary>
    public const int Text = 64 * 1024;
    /// <summary>Characters of a try's error message.</summary>
    public const int TryError = 16 * 1024;
    /// <summary>Characters of a try's code frame.</summary>
    public const int TrySnippet = 4 * 1024;
    /// <summary>Characters of a step's error, and of an annotation's description.</summary>
    public const int Remark = 2 * 1024;
    /// <summary>Characters of a name: of a title, a step, an attachment, a tag.</summary>
    public const int Name = 1024;
    /// <summary>Tries of a test; the last ones are kept.</summary>
    public const int Tries = 20;
    /// <summary>Steps of a try: half of them its first, half its last ones, with those that they lie in.</summary>
    public const int Steps = 200;
    /// <summary>Steps within steps; what lies deeper is left out.</summary>
    public const int StepDepth = 6;
    /// <summary>Attachments of a try; the first ones are kept.</summary>
    public const int Attachments = 50;
    /// <summary>Tags and annotations of a test, each.</summary>
    public const int Labels = 50;
    /// <summary>Characters of all tries of an attempt; those of later tests are left out, and the test says so.</summary>
    public const int AllTries = 2 * 1024 * 1024;

    /// <summary>Cuts what is too much.</summary>
    public static IReadOnlyList<TestResult> Apply(IReadOnlyList<TestResult> tests)
    {
        var left = AllTries;
        var kept = new List<TestResult>(tests.Count);
        foreach (var test in tests)
        {
            var bounded = Apply(test);
            var size = bounded.Tries?.Sum(Size) ?? 0;
            if (size > left) bounded = bounded with { Tries = null, Annotations = [.. bounded.Annotations ?? [], LeftOut] };
            else left -= size;
            kept.Add(bounded);
        }

        return kept;
    }

    /// <summary>Cuts what is too much of one test.</summary>
    public static TestResult Apply(TestResult test) => test with
    {
        TitlePath = [.. test.TitlePath.Select(t => Cut(t, Name) ?? "")],
        File = Cut(test.File, Name)!,
        Error = Cut(test.Error, Text),
        Snippet = Cut(test.Snippet, Text),
        Project = Cut(test.Project, Name),
        Tags = test.Tags is { Count: > 0 } tags ? [.. tags.Take(Labels).Select(t => Cut(t, Name) ?? "")] : null,
        Annotations = test.Annotations is { Count: > 0 } notes
            ? [.. notes.Take(Labels).Select(n => new TestAnnotation(Cut(n.Type, Name) ?? "", Cut(n.Description, Remark)))]
            : null,
        Tries = test.Tries is { Count: > 0 } tries ? [.. tries.Skip(tries.Count - Tries).Select(Apply)] : null,
    };

    /// <summary>The text, or what fits of it and how much is missing. NUL, which databases do not keep, goes.</summary>
    public static string? Cut(string? text, int most)
    {
        // So that what was cut once is not cut again by the next who looks.
        const int RoomForNote = 40;
        var kept = most - RoomForNote;
        return (text?.Length > most ? $"{text[..kept]}… [{text.Length - kept} more characters]" : text)?.Replace("\0", "", StringComparison.Ordinal);
    }

    private static readonly TestAnnotation LeftOut = new(
        "qgjob", "This attempt's failures say too much to be kept: the tries of this test are in its HTML report only.");

    private static TestTry Apply(TestTry one)
    {
        (IReadOnlyList<TestStep> Kept, int LeftOut)? steps = one.Steps is { Count: > 0 } given ? StepBounds.Apply(given) : null;
        return one with
        {
            Error = Cut(one.Error, TryError),
            Snippet = Cut(one.Snippet, TrySnippet),
            Steps = steps?.Kept,
            StepsLeftOut = Sum(one.StepsLeftOut, steps?.LeftOut),
            Attachments = one.Attachments is { Count: > 0 } files
                ? [.. files.Take(Attachments).Select(a => new TestAttachment(Cut(a.Name, Name) ?? "", Cut(a.ContentType, Name), Cut(a.Path, Name)))]
                : null,
            AttachmentsLeftOut = Sum(one.AttachmentsLeftOut, Math.Max(0, (one.Attachments?.Count ?? 0) - Attachments)),
        };
    }

    private static int? Sum(int? before, int? now) => (before ?? 0) + (now ?? 0) is > 0 and var sum ? sum : null;

    private static int Size(TestTry one) =>
        (one.Error?.Length ?? 0) + (one.Snippet?.Length ?? 0) + (one.Steps?.Sum(Size) ?? 0)
        + (one.Attachments?.Sum(a => a.Name.Length + (a.Path?.Length ?? 0)) ?? 0);

    private static int Size(TestStep step) => step.Title.Length + (step.Error?.Length ?? 0) + (step.Steps?.Sum(Size) ?? 0);
}
