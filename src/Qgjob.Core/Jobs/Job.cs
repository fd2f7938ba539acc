using Qgjob.Core.Results;

namespace Qgjob.Core.Jobs;

/// <summary>Where a job stands.</summary>
public enum JobStatus
{
    /// <summary>Waits for a device.</summary>
    Queued,
    /// <summary>A device was leased to it; the agent prepares.</summary>
    Leased,
    /// <summary>The build is being installed.</summary>
    Installing,
    /// <summary>The test process runs.</summary>
    Running,
    /// <summary>Every test passed.</summary>
    Passed,
    /// <summary>A test failed; the test's verdict.</summary>
    Failed,
    /// <summary>Infrastructure failed, after all infra attempts, or the project cannot run.</summary>
    Error,
    /// <summary>A time limit ended it.</summary>
    TimedOut,
    /// <summary>Somebody canceled it.</summary>
    Canceled,
}

/// <summary>Why a finished job is not plainly green, in the order in which a run's verdict looks at them.</summary>
public enum JobVerdict
{
    /// <summary>Not finished.</summary>
    None,
    /// <summary>A test failed or the run limit was hit. Exit code 10.</summary>
    TestsFailed,
    /// <summary>Infrastructure or the project itself failed. Exit code 20.</summary>
    InfraError,
    /// <summary>Queue limit, and no device ever fitted. Exit code 18.</summary>
    NoDevice,
    /// <summary>Queue limit although a device fitted. Exit code 20.</summary>
    QueueLimit,
    /// <summary>The file holds no test that matches. Exit code 3.</summary>
    NoTests,
    /// <summary>Report and process contradict each other. Exit code 15.</summary>
    Undetermined,
    /// <summary>Canceled. Exit code 19.</summary>
    Canceled,
    /// <summary>Every test was skipped. Green for the job, not for a run of only such jobs.</summary>
    Skipped,
    /// <summary>Passed. Exit code 0.</summary>
    Passed,
}

/// <summary>How one attempt at a job ended.</summary>
public enum AttemptOutcome
{
    /// <summary>Not ended yet.</summary>
    None,
    /// <summary>All tests passed, perhaps on a retry.</summary>
    Passed,
    /// <summary>All tests were skipped.</summary>
    Skipped,
    /// <summary>At least one test failed.</summary>
    Failed,
    /// <summary>No test matched.</summary>
    NoTests,
    /// <summary>Report and process contradict each other.</summary>
    Undetermined,
    /// <summary>The device, Appium, adb or the agent failed.</summary>
    Infra,
    /// <summary>The project cannot run; another device would not help.</summary>
    ProjectError,
    /// <summary>The install limit was hit.</summary>
    InstallLimit,
    /// <summary>The run limit was hit.</summary>
    RunLimit,
    /// <summary>The silence limit was hit.</summary>
    SilenceLimit,
    /// <summary>Ended because the job was canceled.</summary>
    Canceled,
    /// <summary>The agent vanished or let go of the lease.</summary>
    Lost,
}

/// <summary>A job's changing part. One row in every store.</summary>
public sealed record Job
{
    /// <summary>Id, <c>j-…</c>.</summary>
    public required string Id { get; init; }
    /// <summary>The run it belongs to.</summary>
    public required string RunId { get; init; }
    /// <summary>The tenant.</summary>
    public required string OrgId { get; init; }
    /// <summary>The group it waits in, or waited in last.</summary>
    public required string GroupId { get; init; }
    /// <summary>Place among the run's jobs, from 0.</summary>
    public required int Ordinal { get; init; }
    /// <summary>State.</summary>
    public JobStatus Status { get; init; }
    /// <summary>Why it ended; <see cref="JobVerdict.None"/> before.</summary>
    public JobVerdict Verdict { get; init; }
    /// <summary>Sort key, first part: ⌊ready/A⌋ − priority; lower goes first.</summary>
    public long Tier { get; init; }
    /// <summary>Estimated run seconds at enqueue; longer goes first within a tier.</summary>
    public double EstimateSeconds { get; init; }
    /// <summary>When the run was submitted.</summary>
    public required DateTimeOffset CreatedAt { get; init; }
    /// <summary>When it last became ready to be leased.</summary>
    public required DateTimeOffset ReadyAt { get; init; }
    /// <summary>When the queue limit ends it.</summary>
    public required DateTimeOffset QueueDeadline { get; init; }
    /// <summary>When the first attempt started.</summary>
    public DateTimeOffset? StartedAt { get; init; }
    /// <summary>When it became final.</summary>
    public DateTimeOffset? FinishedAt { get; init; }
    /// <summary>Number of the latest attempt; 0 before the first.</summary>
    public int Attempt { get; init; }
    /// <summary>Attempts that ended with a test failure or a run limit.</summary>
    public int TestFailures { get; init; }
    /// <summary>Attempts that ended with an infrastructure failure.</summary>
    public int InfraFailures { get; init; }
    /// <summary>The device of the latest attempt.</summary>
    public string? DeviceId { get; init; }
    /// <summary>A sentence for people: why it failed, waits again or ended.</summary>
    public string? Reason { get; init; }
    /// <summary>Devices where it failed for infrastructure reasons, sorted.</summary>
    public IReadOnlyList<string> Barred { get; init; } = [];
    /// <summary>It failed first and passed later.</summary>
    public bool Flaky { get; init; }
    /// <summary>Tests in the file, once known.</summary>
    public int? TestsTotal { get; init; }
    /// <summary>Tests finished in the latest attempt.</summary>
    public int TestsDone { get; init; }
    /// <summary>Tests failed in the latest attempt.</summary>
    public int TestsFailed { get; init; }
    /// <summary>Installs that its attempts needed.</summary>
    public int Installs { get; init; }
    /// <summary>
    /// How its tests stand after the attempts so far, without details, while a further one is due because some failed; null
    /// before the first such attempt, and once the job is final.
    /// </summary>
    public IReadOnlyList<TestResult>? SoFar { get; init; }
    /// <summary>Sequence number of the latest attempt's latest news; what comes with it again, or with a lower one, was told before.</summary>
    public long LastNews { get; init; }

    /// <summary>Leased, installing or running.</summary>
    public bool IsActive => Status is JobStatus.Leased or JobStatus.Installing or JobStatus.Running;
    /// <summary>It will not change any more.</summary>
    public bool IsFinal => Status >= JobStatus.Passed;
}

/// <summary>One try at a job on one device.</summary>
public sealed record Attempt
{
    /// <summary>The job.</summary>
    public required string JobId { get; init; }
    /// <summary>1-based number within the job.</summary>
    public required int Number { get; init; }
    /// <summary>The device.</summary>
    public required string DeviceId { get; init; }
    /// <summary>The agent that drove it.</summary>
    public required string AgentId { get; init; }
    /// <summary>The lease's token.</summary>
    public required long Token { get; init; }
    /// <summary>When the lease was claimed.</summary>
    public required DateTimeOffset ClaimedAt { get; init; }
    /// <summary>When the test process started.</summary>
    public DateTimeOffset? RunningAt { get; init; }
    /// <summary>When it ended.</summary>
    public DateTimeOffset? EndedAt { get; init; }
    /// <summary>How it ended.</summary>
    public AttemptOutcome Outcome { get; init; }
    /// <summary>A sentence for people.</summary>
    public string? Reason { get; init; }
    /// <summary>Installs it made, 0 or more.</summary>
    public int Installs { get; init; }
    /// <summary>Seconds spent installing.</summary>
    public double InstallSeconds { get; init; }
    /// <summary>Seconds of the test process.</summary>
    public double RunSeconds { get; init; }
    /// <summary>Seconds until build and project lay on the host, packages and all; null: not told.</summary>
    public double? DownloadSeconds { get; init; }
    /// <summary>Seconds that tests waited for their sessions, all together; null: not told, or there was none.</summary>
    public double? SessionSeconds { get; init; }
    /// <summary>Seconds that its sessions in a cloud were open, by the agent's clock; null: not told, or there was none.</summary>
    public double? CloudSeconds { get; init; }
    /// <summary>Identifies the finish call, so that it can be repeated safely.</summary>
    public string? FinishId { get; init; }
}
