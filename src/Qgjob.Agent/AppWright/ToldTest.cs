using Qgjob.Core.Results;

namespace Qgjob.Agent.AppWright;

/// <summary>A test as its events tell it, try by try; known at every moment, as it may be the last.</summary>
internal sealed class ToldTest
{
    private readonly List<TestTry> ended = [];
    private TestResult? last;
    private RunningTry? running;

    /// <summary>As it stands; interrupted while a try runs.</summary>
    public TestResult Result => last! with { Tries = TryStatus.WorthKeeping(running is null ? ended : [.. ended, running.As(TestStatus.Interrupted, 0, null, null, null, null)]) };

    public void Start(TestResult interrupted, DateTimeOffset? at) => (last, running) = (interrupted, new RunningTry(interrupted.Retry, at));

    public void Step(int? parent, string title, string? category) => running?.Step(parent, title, category);

    public void Stepped(int number, double ms, string? error) => running?.Stepped(number, ms, error);

    public void Attach(TestAttachment file) => running?.Attachments.Add(file);

    public void End(TestResult result, TestStatus status, string? errors, int? stepsLeftOut)
    {
        ended.Add((running ?? new RunningTry(result.Retry, null)).As(status, result.DurationMs, errors, result.Snippet, result.ErrorLine, stepsLeftOut));
        (last, running) = (result, null);
    }

    private sealed class RunningTry(int retry, DateTimeOffset? startedAt)
    {
        private readonly List<ToldStep> all = [];
        private readonly List<ToldStep> outer = [];

        public List<TestAttachment> Attachments { get; } = [];

        public void Step(int? parent, string title, string? category)
        {
            var step = new ToldStep(title, category);
            (parent is { } number && number < all.Count ? all[number].Inner : outer).Add(step);
            all.Add(step);
        }

        public void Stepped(int number, double ms, string? error)
        {
            if (number < all.Count) (all[number].DurationMs, all[number].Error) = (ms, error);
        }

        public TestTry As(TestStatus status, double ms, string? error, string? snippet, int? line, int? left) => new(
            retry, status, ms, startedAt, error, snippet, line,
            status is TestStatus.Passed or TestStatus.Skipped || outer.Count == 0 ? null : [.. outer.Select(s => s.Told)],
            status is TestStatus.Passed or TestStatus.Skipped ? null : left,
            Attachments.Count > 0 ? [.. Attachments] : null);
    }

    private sealed class ToldStep(string title, string? category)
    {
        public List<ToldStep> Inner { get; } = [];
        public double? DurationMs { get; set; }
        public string? Error { get; set; }
        public TestStep Told => new(title, category, DurationMs, Error, Inner.Count > 0 ? [.. Inner.Select(s => s.Told)] : null);
    }
}
