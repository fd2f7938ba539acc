namespace Qgjob.Core.Results;

/// <summary>One try of a test: the first, or one of Playwright's own retries.</summary>
/// <param name="Retry">0 for the first.</param>
/// <param name="Status">How this try ended, never flaky; a test that is expected to fail and does has failed here.</param>
/// <param name="DurationMs">Milliseconds; 0 when it was interrupted before anybody measured.</param>
/// <param name="StartedAt">By the clock of the agent's machine.</param>
/// <param name="Error">Messages of its errors, without terminal colours.</param>
/// <param name="Snippet">Code frame around the first error's line.</param>
/// <param name="ErrorLine">1-based line of the first error in the test's file.</param>
/// <param name="Steps">What it did, of a try that did not pass; the steps of the others are in the HTML report.</param>
/// <param name="StepsLeftOut">How many more steps there were; see <see cref="ResultBounds"/>.</param>
/// <param name="Attachments">Files and texts that it left.</param>
/// <param name="AttachmentsLeftOut">How many more attachments there were.</param>
public sealed record TestTry(
    int Retry,
    TestStatus Status,
    double DurationMs,
    DateTimeOffset? StartedAt = null,
    string? Error = null,
    string? Snippet = null,
    int? ErrorLine = null,
    IReadOnlyList<TestStep>? Steps = null,
    int? StepsLeftOut = null,
    IReadOnlyList<TestAttachment>? Attachments = null,
    int? AttachmentsLeftOut = null)
{
    /// <summary>In the results of a job over its attempts: the attempt that made it, and has its attachments; null in an attempt's own results.</summary>
    public int? Attempt { get; init; }
    /// <summary>In the results of a rerun: the job whose attempt that was, when it is one of an earlier run; null: the job in question.</summary>
    public string? JobId { get; init; }
}

/// <summary>One step of a try.</summary>
/// <param name="Title">As Playwright shows it.</param>
/// <param name="Category">Playwright's word for its kind: <c>test.step</c>, <c>expect</c>, <c>hook</c>, <c>fixture</c> …</param>
/// <param name="DurationMs">Milliseconds; null when it had not ended: that is where the test was interrupted.</param>
/// <param name="Error">Why it failed.</param>
/// <param name="Steps">Steps within it.</param>
public sealed record TestStep(
    string Title, string? Category = null, double? DurationMs = null, string? Error = null, IReadOnlyList<TestStep>? Steps = null);

/// <summary>Something that a try left.</summary>
/// <param name="Name">As the test named it.</param>
/// <param name="ContentType">Media type.</param>
/// <param name="Path">
/// The artifact's name: its path below the attempt's out folder, with forward slashes. Null when it lies elsewhere and so
/// was not kept.
/// </param>
public sealed record TestAttachment(string Name, string? ContentType = null, string? Path = null);

/// <summary>What a test says of itself.</summary>
/// <param name="Type"><c>skip</c>, <c>fixme</c>, <c>fail</c>, <c>slow</c>, or a word of the author's, such as <c>issue</c>.</param>
/// <param name="Description">More words, if it gave any: the reason of a skip.</param>
public sealed record TestAnnotation(string Type, string? Description = null);
