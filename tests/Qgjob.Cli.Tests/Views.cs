using Qgjob.Client.Wire;
using Qgjob.Core.Events;
using Qgjob.Core.Jobs;
using Qgjob.Core.Results;

namespace Qgjob.Cli.Tests;

/// <summary>Views as a server would send them.</summary>
internal static class Views
{
    public static readonly DateTimeOffset Start = CliRun.Now - TimeSpan.FromSeconds(65);

    public static readonly WaitingView Busy = new("busy", "the only device that fits is busy");

    public static RunView Run(string status = "running", int exitCode = 8, int total = 1, TestCounts? tests = null, DateTimeOffset? finishedAt = null) => new()
    {
        RunId = "r-1",
        OrgId = "qualgent",
        Status = status,
        ExitCode = exitCode,
        Jobs = new JobCounts(total, 0, finishedAt is null ? total : 0, 0, 0, 0, 0, 0),
        Tests = tests ?? TestCounts.None,
        Installs = 1,
        CreatedAt = Start,
        FinishedAt = finishedAt,
        ExpectedEnd = finishedAt is null ? CliRun.Now + TimeSpan.FromSeconds(40) : null,
        Meta = new Dictionary<string, string> { ["branch"] = "main" },
    };

    public static JobView Job(string id, string test, JobStatus status) => new()
    {
        JobId = id,
        RunId = "r-1",
        OrgId = "qualgent",
        AppVersionId = "xyz123",
        TestPath = test,
        Target = Target.Any,
        Status = status,
        ExitCode = status is JobStatus.Passed ? 0 : status is JobStatus.Failed ? 10 : 8,
        GroupId = "g-1",
        CreatedAt = Start,
        Position = status is JobStatus.Queued ? 2 : null,
        Attempt = status is JobStatus.Queued ? 0 : 1,
        DeviceId = status is JobStatus.Queued ? null : "desk/phone-1",
        StartedAt = status is JobStatus.Queued ? null : Start + TimeSpan.FromSeconds(5),
        EstimateSeconds = 12,
    };

    public static JobEvent Event(long sequence, string kind, string? job = "j-1", string? status = null, string? message = null, double? seconds = null) =>
        new(sequence, "r-1", job, Start + TimeSpan.FromSeconds(sequence), kind, 1, "desk/phone-1", status, message, seconds);

    /// <summary>With all that a report tells.</summary>
    public static Core.Results.TestResult FlakyTest { get; } = new(["the list", "adds"], "tests/a.spec.ts", 9, TestStatus.Flaky, 1900, 1, "no such row", "> 11 | expect(row)", 11)
    {
        Project = "android",
        Tags = ["@smoke"],
        Annotations = [new TestAnnotation("issue", "T-1")],
        Tries =
        [
            new TestTry(
                0, TestStatus.Failed, 2100, Start, "no such row", "> 11 | expect(row)", 11,
                [new TestStep("adds a row", "test.step", 2000, "no such row", [new TestStep("tap", "test.step", 100), new TestStep("expect.toBeVisible", "expect", 1900, "no such row")])],
                Attachments: [new TestAttachment("screenshot", "image/png", "test-results/a/shot.png")]),
            new TestTry(1, TestStatus.Passed, 1900, Start + TimeSpan.FromSeconds(3)),
        ],
    };

    public static Core.Results.TestResult SkippedTest { get; } =
        new(["the list", "takes a photo"], "tests/a.spec.ts", 20, TestStatus.Skipped, 0) { Annotations = [new TestAnnotation("skip", "no camera")] };

    private static TestMoment Moment(int hoursAgo, TestStatus status, double ms) => new(CliRun.Now - TimeSpan.FromHours(hoursAgo), status, ms);

    public static TestView Test { get; } = new()
    {
        TestId = "t-0123456789abcdef0123",
        TestPath = "tests/a.spec.ts",
        File = "tests/a.spec.ts",
        Line = 9,
        Project = "android",
        TitlePath = ["the list", "adds"],
        Title = "the list › adds",
        Rates = new TestRates(4, 3, 1, 1, 1, 1900),
        Recent = [Moment(1, TestStatus.Passed, 1900), Moment(2, TestStatus.Flaky, 2000), Moment(3, TestStatus.Failed, 4000), Moment(4, TestStatus.Skipped, 0), Moment(5, TestStatus.Passed, 950)],
    };

    public static QuarantineView Quarantined { get; } = new()
    {
        QuarantineId = "q-1",
        File = "tests/a.spec.ts",
        Title = "the list › adds",
        Reason = "flaky bank",
        By = "anna (owner)",
        Since = CliRun.Now.AddDays(-1),
        Until = new DateTimeOffset(2030, 1, 15, 12, 0, 0, TimeSpan.Zero),
        Ended = false,
        Rates = new TestRates(9, 7, 2, 0, 0, 1900),
        LastFailedAt = CliRun.Now - TimeSpan.FromHours(1),
    };

    /// <summary>A failure that does not count.</summary>
    public static Core.Results.TestResult ExcusedTest { get; } = new(["the list", "pays"], "tests/a.spec.ts", 30, TestStatus.Failed, 900, 0, "no bank", "> 31 | pay()", 31)
    {
        Quarantine = new QuarantineMark("q-1", "flaky bank", "anna (owner)", new DateTimeOffset(2030, 1, 15, 12, 0, 0, TimeSpan.Zero)),
    };

    public static TestHistoryView TestHistory { get; } = new(
        Test,
        [
            new TestRunView("r-2", "j-2", 1, CliRun.Now - TimeSpan.FromHours(1), TestStatus.Passed, 1900, "v2", "desk/phone-1", "Pixel 7", Platform.Android, "13", true),
            new TestRunView("r-1", "j-1", 2, CliRun.Now - TimeSpan.FromHours(3), TestStatus.Failed, 4000, "v1", "desk/phone-2", "Pixel 5", Platform.Android, "12", true, "no such row"),
        ],
        [new TestShare("v2", new TestRates(2, 2, 0, 1, 0, 1900)), new TestShare("v1", new TestRates(2, 1, 1, 0, 1, 900))],
        [new TestShare("Pixel 7", new TestRates(3, 3, 0, 1, 1, 1900)), new TestShare("Pixel 5", new TestRates(1, 0, 1, 0, 0, 4000))]);

    public static Core.Results.TestResult FailedTest { get; } = new(
        ["the list", "has another title"], "tests/wrong-title.spec.ts", 5, TestStatus.Failed, 2100, 0,
        "Error: \u001b[31mexpect\u001b[39m(received).toBe(expected)\n\nExpected: \"Other\"\nReceived: \"Todos\"", "  6 |\n> 7 | expect(title).toBe('Other');", 7);
}
