using Qgjob.Core.Devices;
using Qgjob.Core.Groups;
using Qgjob.Core.Jobs;
using Qgjob.Core.Results;

namespace Qgjob.Client.Wire;

/// <summary>A run as the API shows it.</summary>
public sealed record RunView
{
    /// <summary>Id, <c>r-…</c>.</summary>
    public required string RunId { get; init; }
    /// <summary>The tenant.</summary>
    public required string OrgId { get; init; }
    /// <summary><c>queued</c>, <c>running</c>, then <c>passed</c>, <c>failed</c>, <c>error</c>, <c>timed_out</c>, <c>canceled</c>, <c>no_tests</c> or <c>undetermined</c>.</summary>
    public required string Status { get; init; }
    /// <summary>Exit code that says the same to a script; 8 while unfinished.</summary>
    public required int ExitCode { get; init; }
    /// <summary>Jobs by where they stand.</summary>
    public required JobCounts Jobs { get; init; }
    /// <summary>Tests of the finished jobs.</summary>
    public required TestCounts Tests { get; init; }
    /// <summary>Jobs that failed first and passed later.</summary>
    public int Flaky { get; init; }
    /// <summary>Installs so far.</summary>
    public int Installs { get; init; }
    /// <summary>Seconds that its sessions in a cloud were open, of attempts that have ended; null: none was.</summary>
    public double? CloudSeconds { get; init; }
    /// <summary>After so many minutes of them, what still waits and could go to a cloud ends; null: no limit.</summary>
    public int? MaxCloudMinutes { get; init; }
    /// <summary>When it was accepted.</summary>
    public required DateTimeOffset CreatedAt { get; init; }
    /// <summary>When its last job became final.</summary>
    public DateTimeOffset? FinishedAt { get; init; }
    /// <summary>Why its first waiting job waits; null when none does. Only when one run is asked for.</summary>
    public WaitingView? Waiting { get; init; }
    /// <summary>When it is expected to end, from past durations; null when nothing is known or it is finished.</summary>
    public DateTimeOffset? ExpectedEnd { get; init; }
    /// <summary>The expected end is a rough one; null: it is what the dispatch rule would do as things are.</summary>
    public bool? ExpectedRoughly { get; init; }
    /// <summary>The newer run with the same key that canceled what still waited of this one.</summary>
    public string? SupersededBy { get; init; }
    /// <summary>The run of which this one runs jobs again; null: it is no rerun.</summary>
    public string? ParentRunId { get; init; }
    /// <summary>The latest run that runs jobs of this one again; null: there is none.</summary>
    public string? RerunAs { get; init; }
    /// <summary>Further attempts because of tests that failed or hit a limit.</summary>
    public int TestRetries { get; init; }
    /// <summary>Further attempts because of devices, agents or installations that failed.</summary>
    public int InfraRetries { get; init; }
    /// <summary>The first job that was not green canceled the others, or will; null: no job does.</summary>
    public bool? FailFast { get; init; }
    /// <summary>The job that was the first to be not green, in a run that fails fast; only when one run is asked for.</summary>
    public string? FailedFirst { get; init; }
    /// <summary>What the submitter said of it.</summary>
    public IReadOnlyDictionary<string, string> Meta { get; init; } = JobSpec.EmptyMap;
}

/// <summary>Jobs of a run by where they stand.</summary>
public sealed record JobCounts(int Total, int Queued, int Active, int Passed, int Failed, int Error, int TimedOut, int Canceled);

/// <summary>A job as the API shows it.</summary>
public sealed record JobView
{
    /// <summary>Id, <c>j-…</c>.</summary>
    public required string JobId { get; init; }
    /// <summary>Its run.</summary>
    public required string RunId { get; init; }
    /// <summary>The tenant.</summary>
    public required string OrgId { get; init; }
    /// <summary>The app version it tests.</summary>
    public required string AppVersionId { get; init; }
    /// <summary>The spec file.</summary>
    public required string TestPath { get; init; }
    /// <summary>Which part of the file it runs; null: all of it.</summary>
    public TestSlice? Slice { get; init; }
    /// <summary>Kind of device wanted.</summary>
    public required Target Target { get; init; }
    /// <summary>Kind of device that takes it only when it would wait too long for others; null: none is spared.</summary>
    public Target? Overflow { get; init; }
    /// <summary>The longest wait for others, seconds.</summary>
    public int? OverflowAfterSeconds { get; init; }
    /// <summary>Platform wanted.</summary>
    public Platform? Platform { get; init; }
    /// <summary>Conditions on the device.</summary>
    public string? Device { get; init; }
    /// <summary>The device that it is bound to, in a run with <c>each_device</c>; null: it is not.</summary>
    public string? OnDevice { get; init; }
    /// <summary>Tiers above normal.</summary>
    public int Priority { get; init; }
    /// <summary>State.</summary>
    public required JobStatus Status { get; init; }
    /// <summary>Exit code that says the same to a script; 8 while unfinished.</summary>
    public required int ExitCode { get; init; }
    /// <summary>Why it waits, failed or ended, for people.</summary>
    public string? Reason { get; init; }
    /// <summary>Why it waits; null when it does not.</summary>
    public WaitingView? Waiting { get; init; }
    /// <summary>The group it waits in.</summary>
    public required string GroupId { get; init; }
    /// <summary>Jobs of its group that go before it; null when it does not wait.</summary>
    public int? Position { get; init; }
    /// <summary>Number of the latest attempt; 0 before the first.</summary>
    public int Attempt { get; init; }
    /// <summary>Device of the latest attempt.</summary>
    public string? DeviceId { get; init; }
    /// <summary>Tests in the file, once known.</summary>
    public int? TestsTotal { get; init; }
    /// <summary>Tests finished in the latest attempt.</summary>
    public int TestsDone { get; init; }
    /// <summary>Tests failed in the latest attempt.</summary>
    public int TestsFailed { get; init; }
    /// <summary>Installs that its attempts needed.</summary>
    public int Installs { get; init; }
    /// <summary>A test failed first and passed later.</summary>
    public bool Flaky { get; init; }
    /// <summary>Attempts that ended with a test that failed, or hit a limit.</summary>
    public int TestFailures { get; init; }
    /// <summary>Attempts that a device, an agent or an installation failed.</summary>
    public int InfraFailures { get; init; }
    /// <summary>The job of an earlier run that this one runs again; null: none.</summary>
    public string? RerunOf { get; init; }
    /// <summary>Estimated run seconds, from past durations.</summary>
    public double EstimateSeconds { get; init; }
    /// <summary>When the run was submitted.</summary>
    public required DateTimeOffset CreatedAt { get; init; }
    /// <summary>When the first attempt started.</summary>
    public DateTimeOffset? StartedAt { get; init; }
    /// <summary>When it became final.</summary>
    public DateTimeOffset? FinishedAt { get; init; }
    /// <summary>Expected start, while it waits, if devices that fit are there.</summary>
    public DateTimeOffset? ExpectedStart { get; init; }
    /// <summary>Expected end, while it is not final.</summary>
    public DateTimeOffset? ExpectedEnd { get; init; }
    /// <summary>Expected start and end are rough ones; null: they are what the dispatch rule would do as things are.</summary>
    public bool? ExpectedRoughly { get; init; }
    /// <summary>Its attempts; only when one job is asked for.</summary>
    public IReadOnlyList<AttemptView>? Attempts { get; init; }
    /// <summary>What the server changed in the submission, for people; only in the answer to it.</summary>
    public IReadOnlyList<string>? Notes { get; init; }
}

/// <summary>One try at a job.</summary>
/// <param name="Number">1-based.</param>
/// <param name="DeviceId">Where.</param>
/// <param name="AgentId">By whom.</param>
/// <param name="ClaimedAt">When it got its device.</param>
/// <param name="RunningAt">When the test process started.</param>
/// <param name="EndedAt">When it ended.</param>
/// <param name="Outcome">How it ended.</param>
/// <param name="Reason">A sentence for people.</param>
/// <param name="Installs">Installs it made.</param>
/// <param name="InstallSeconds">What they took.</param>
/// <param name="RunSeconds">Of the test process.</param>
/// <param name="QueueSeconds">The wait for its device, from the submission or from the end of the attempt before.</param>
/// <param name="DownloadSeconds">Until build and project lay on the host, packages and all; null: not told.</param>
/// <param name="SessionSeconds">That tests waited for their sessions, all together; null: not told, or there was none.</param>
/// <param name="CloudSeconds">That its sessions in a cloud were open; null: not told, or there was none.</param>
public sealed record AttemptView(
    int Number,
    string DeviceId,
    string AgentId,
    DateTimeOffset ClaimedAt,
    DateTimeOffset? RunningAt,
    DateTimeOffset? EndedAt,
    AttemptOutcome Outcome,
    string? Reason,
    int Installs,
    double InstallSeconds,
    double RunSeconds,
    double? QueueSeconds = null,
    double? DownloadSeconds = null,
    double? SessionSeconds = null,
    double? CloudSeconds = null);

/// <summary>Answer to a submission.</summary>
/// <param name="RunId">The run.</param>
/// <param name="JobIds">Its jobs, in the order of submission.</param>
/// <param name="Repeated">The idempotency key was known: nothing new was made.</param>
/// <param name="Notes">What the server changed in the submission, or warns of, for people; null: nothing.</param>
/// <param name="Unmatched">What no device seen so far could run; null: there is none such.</param>
/// <param name="Devices">With <c>each_device</c>: the devices; each test has a job for each of them, in this order.</param>
/// <param name="Parts">Of a submission with <c>split</c>: what each job runs, in the order of their ids.</param>
public sealed record RunAccepted(
    string RunId, IReadOnlyList<string> JobIds, bool Repeated = false, IReadOnlyList<string>? Notes = null, IReadOnlyList<UnmatchedWish>? Unmatched = null,
    IReadOnlyList<string>? Devices = null, IReadOnlyList<PlannedPart>? Parts = null);

/// <summary>A kind of device that was asked for and that no device seen so far is.</summary>
/// <param name="Target">Kind of device wanted.</param>
/// <param name="Device">Conditions on it, platform included; null: none.</param>
/// <param name="Nearest">What comes nearest, nearest first; empty: no agent ever offered a device.</param>
public sealed record UnmatchedWish(Target Target, string? Device, IReadOnlyList<NearestView> Nearest);

/// <summary>Devices that nearly are what was asked for; those that are alike and lack the same.</summary>
/// <param name="DeviceIds">The first few.</param>
/// <param name="Devices">How many there are.</param>
/// <param name="Model">Their model.</param>
/// <param name="Platform">Operating system.</param>
/// <param name="OsVersion">Its version.</param>
/// <param name="Lacks">The conditions that they do not meet.</param>
/// <param name="Text">The same for people.</param>
public sealed record NearestView(
    IReadOnlyList<string> DeviceIds, int Devices, string Model, Platform Platform, string OsVersion, IReadOnlyList<LackView> Lacks, string Text);

/// <summary>A condition that a device does not meet.</summary>
/// <param name="Term">Such as <c>os&gt;=15</c>.</param>
/// <param name="Has">What the device has instead; null: nothing that is known.</param>
public sealed record LackView(string Term, string? Has);

/// <summary>A job as it was, or would be, submitted.</summary>
/// <param name="TestPath">Its test file.</param>
/// <param name="Platform">The platform that it is to run on; null leaves it to the device.</param>
/// <param name="Slice">Which part of the file it runs; null: all of it.</param>
/// <param name="Tests">How many of the tests that are known from earlier runs; null: nothing is known.</param>
/// <param name="ExpectedSeconds">What these took; null: nothing is known.</param>
public sealed record PlannedPart(string TestPath, Platform? Platform, TestSlice? Slice = null, int? Tests = null, double? ExpectedSeconds = null);

/// <summary>Answer of <c>POST /api/v1/runs/plan</c>: what would be submitted.</summary>
/// <param name="Jobs">In the order in which they would be.</param>
/// <param name="Notes">What the server would change, for people; null: nothing.</param>
public sealed record RunPlan(IReadOnlyList<PlannedPart> Jobs, IReadOnlyList<string>? Notes = null);

/// <summary>Per-test results of a job over all its attempts: for each test the last attempt that ran it decides.</summary>
/// <param name="JobId">The job.</param>
/// <param name="TestPath">Its test file.</param>
/// <param name="Status">The job's state.</param>
/// <param name="Attempt">The latest attempt that has results; 0 before the first.</param>
/// <param name="Tests">In the order in which they first ended.</param>
/// <param name="Reason">A sentence for people, or several lines: why the job ended as it did.</param>
/// <param name="RunSeconds">How long the attempt's test process ran, once it has ended.</param>
public sealed record JobResults(
    string JobId, string TestPath, JobStatus Status, int Attempt, IReadOnlyList<TestResult> Tests, string? Reason = null, double? RunSeconds = null)
{
    /// <summary>Which part of the file it ran; null: all of it.</summary>
    public TestSlice? Slice { get; init; }
    /// <summary>The app version that was tested.</summary>
    public string? AppVersionId { get; init; }
    /// <summary>Its run, when the results of a rerun show a job of an earlier run that was not run again; null: the run in question.</summary>
    public string? RunId { get; init; }
    /// <summary>The device of the attempt; null before the first.</summary>
    public string? DeviceId { get; init; }
    /// <summary>When the attempt got its device.</summary>
    public DateTimeOffset? StartedAt { get; init; }
    /// <summary>The device that it is bound to, in a run with <c>each_device</c>; null: it is not.</summary>
    public string? OnDevice { get; init; }
}

/// <summary>Per-test results of a run: one entry per job, in the order of submission.</summary>
public sealed record RunResults(string RunId, string Status, int ExitCode, TestCounts Tests, IReadOnlyList<JobResults> Jobs)
{
    /// <summary>The results by device, of a run with <c>each_device</c>.</summary>
    public Reports.DeviceTable? ByDevice { get; init; }
}

/// <summary>Where a run's HTML report stands. Asking for it has it made.</summary>
/// <param name="RunId">The run.</param>
/// <param name="State"><c>waiting</c> for an agent, <c>making</c>, <c>made</c>, or <c>failed</c>.</param>
/// <param name="Reason">A sentence for people; null once it is made.</param>
/// <param name="SizeBytes">Of <c>report.zip</c>, once it is made.</param>
public sealed record ReportState(string RunId, string State, string? Reason = null, long? SizeBytes = null);

/// <summary>A device as the API shows it.</summary>
public sealed record DeviceView
{
    /// <summary>Id.</summary>
    public required string DeviceId { get; init; }
    /// <summary>The agent that offers it.</summary>
    public required string AgentId { get; init; }
    /// <summary>Kind.</summary>
    public required Target Target { get; init; }
    /// <summary>Operating system.</summary>
    public required Platform Platform { get; init; }
    /// <summary>Its version.</summary>
    public required string OsVersion { get; init; }
    /// <summary>Model.</summary>
    public required string Model { get; init; }
    /// <summary>A phone in software.</summary>
    public bool Virtual { get; init; }
    /// <summary>Words that jobs can ask for.</summary>
    public IReadOnlyList<string> Tags { get; init; } = [];
    /// <summary><c>free</c>, <c>busy</c>, <c>resting</c> (after failures in a row), <c>paused</c>, <c>draining</c> or <c>offline</c>.</summary>
    public required string State { get; init; }
    /// <summary>Why it was paused, until when it rests, or that it has to be started first.</summary>
    public string? Note { get; init; }
    /// <summary>The job it runs.</summary>
    public string? JobId { get; init; }
    /// <summary>App versions installed by qgjob.</summary>
    public IReadOnlyList<ResidentBuild> Residents { get; init; } = [];
    /// <summary>Installs so far.</summary>
    public int Installs { get; init; }
    /// <summary>Attempts so far.</summary>
    public int Attempts { get; init; }
}

/// <summary>A group of the queue.</summary>
public sealed record GroupView(
    string GroupId,
    string OrgId,
    string AppVersionId,
    Target Target,
    string Needs,
    IReadOnlyList<string> BarredDevices,
    int Queued,
    double QueuedSeconds,
    int Active,
    int DevicesServing,
    int Installs,
    string? WaitReason)
{
    /// <summary>Why its first job waits; null when none does.</summary>
    public WaitingView? Waiting { get; init; }
    /// <summary>When its last job is expected to end; null when nothing is known, or when no device will take it as things are.</summary>
    public DateTimeOffset? ExpectedEnd { get; init; }
}

/// <summary>An agent.</summary>
public sealed record AgentView(string AgentId, string Name, string Version, bool Online, bool Draining, DateTimeOffset LastSeen, int Devices, int Busy);

/// <summary>An app version with its builds.</summary>
public sealed record AppVersionView(string OrgId, string AppVersionId, DateTimeOffset CreatedAt, IReadOnlyList<Build> Builds);

/// <summary>Answer to an upload: the build, and whether it was new.</summary>
public sealed record BuildStored(string OrgId, string AppVersionId, Build Build, bool Created);

/// <summary>Answer to a cancel.</summary>
public sealed record CancelResult(int Canceled);

/// <summary>A list in parts; give <paramref name="Next"/> as <c>cursor</c> to go on, null at the end.</summary>
public sealed record ListOf<T>(IReadOnlyList<T> Items, string? Next = null);

/// <summary>Problem details (RFC 9457).</summary>
public sealed record Problem(string? Title, int? Status, string? Detail, string? Field = null, string? Type = null, string? Instance = null, string? TraceId = null)
{
    /// <summary>Type of the refusal of a strict submission that no device seen so far could run.</summary>
    public const string NoDevice = "no-device";
}

/// <summary>Answer of <c>/healthz</c> and <c>/readyz</c>.</summary>
public sealed record Health(string Status, string Version);

/// <summary>Orders a device; note for pause.</summary>
public sealed record DeviceOrder(string? Note = null);

