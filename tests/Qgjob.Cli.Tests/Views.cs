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

    public static Core.Results.TestResult FailedTest { get; } = new(
        ["the list", "has another title"], "tests/wrong-title.spec.ts", 5, TestStatus.Failed, 2100, 0,
        "Error: \u001b[31mexpect\u001b[39m(received).toBe(expected)\n\nExpected: \"Other\"\nReceived: \"Todos\"", "  6 |\n> 7 | expect(title).toBe('Other');", 7);
}
