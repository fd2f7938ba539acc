using System.Text.Json.Serialization;
using Qgjob.Core.Jobs;

namespace Qgjob.Client.Wire;

/// <summary>What every submission may say besides the tests; all optional but the org and the app version.</summary>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
public abstract record SubmissionOptions
{
    /// <summary>The tenant: letters, digits and <c>. _ - + @ : ~</c>, at most 128.</summary>
    public string? OrgId { get; init; }
    /// <summary>The app version, same form as the org.</summary>
    public string? AppVersionId { get; init; }
    /// <summary>Kind of device; null is <c>any</c>.</summary>
    public Target? Target { get; init; }
    /// <summary>Devices of this kind take a job only when it would wait too long for others; goes with target <c>any</c>.</summary>
    public Target? Overflow { get; init; }
    /// <summary>With <see cref="Overflow"/>: the longest wait for others, by what has passed or is expected, seconds; 300 when not given.</summary>
    public int? OverflowAfterSeconds { get; init; }
    /// <summary>Platform; null leaves it to the device.</summary>
    public Platform? Platform { get; init; }
    /// <summary>Conditions on the device, e.g. <c>os&gt;=13,model=Pixel*|Galaxy*</c>: fields agent, api, id, manufacturer, model, name, os, platform, tag, target.</summary>
    public string? Device { get; init; }
    /// <summary>Refused (422, type <c>no-device</c>) when no device seen so far could run it; else such jobs wait, with a note.</summary>
    public bool? Strict { get; init; }
    /// <summary><c>low</c>, <c>normal</c>, <c>high</c>, <c>urgent</c> or a number from −10 to 10.</summary>
    [JsonConverter(typeof(PriorityConverter))]
    public int? Priority { get; init; }
    /// <summary>State reset between tests.</summary>
    public ResetMode? Reset { get; init; }
    /// <summary>Tries when a test fails, 1 to 10.</summary>
    public int? MaxAttempts { get; init; }
    /// <summary>Tries when infrastructure fails, 1 to 10.</summary>
    public int? InfraAttempts { get; init; }
    /// <summary>Longest wait for a device, seconds.</summary>
    public int? QueueTimeoutSeconds { get; init; }
    /// <summary>Longest installation, seconds.</summary>
    public int? InstallTimeoutSeconds { get; init; }
    /// <summary>Longest run of the test process, seconds.</summary>
    public int? TimeoutSeconds { get; init; }
    /// <summary>Longest silence of the test process, seconds.</summary>
    public int? SilenceTimeoutSeconds { get; init; }
    /// <summary>Environment for the test process.</summary>
    public Dictionary<string, string>? Env { get; init; }
    /// <summary>What the submitter says of the run: branch, commit, …</summary>
    public Dictionary<string, string>? Meta { get; init; }
    /// <summary>Only tests whose title matches.</summary>
    public string? Grep { get; init; }
    /// <summary>A Playwright project of the config.</summary>
    public string? AwProject { get; init; }
    /// <summary>Config file relative to the project.</summary>
    public string? Config { get; init; }
    /// <summary>Playwright retries; null: as the project says.</summary>
    public int? TestRetries { get; init; }
    /// <summary>SHA-256 (hex) of an uploaded test bundle; null: the agent's own workspace.</summary>
    public string? BundleSha256 { get; init; }
    /// <summary>Named resources of the org of which each job takes one unit while it runs.</summary>
    public IReadOnlyList<string>? Needs { get; init; }
    /// <summary>A key: what still waits of the org's earlier submissions with the same key is canceled.</summary>
    public string? Supersede { get; init; }
    /// <summary>The first job that is not green cancels the others of its run.</summary>
    public bool? FailFast { get; init; }
    /// <summary>When sessions in a cloud (BrowserStack) were open for so many minutes, what still waits of the run and could go there ends; what runs goes on.</summary>
    public int? MaxCloudMinutes { get; init; }
    /// <summary>A job with a flaky test (failed first, passed later) fails.</summary>
    public bool? FailOnFlaky { get; init; }
    /// <summary>A job with a skipped test fails.</summary>
    public bool? FailOnSkipped { get; init; }
    /// <summary>Where to tell of the run's end; null: nowhere.</summary>
    public NotifyTarget? Notify { get; init; }
    /// <summary>Owners of test files, by the file's path, as CODEOWNERS names them: at most 20 each. Files of no owner are left out.</summary>
    public Dictionary<string, IReadOnlyList<string>>? Owners { get; init; }
}

/// <summary><c>POST /api/v1/runs/{run_id}/rerun</c> and <c>/jobs/{job_id}/rerun</c>: runs what is over again, on the same bundle and app version. Optional.</summary>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
public sealed record RerunOrder
{
    /// <summary>Only what did not pass: of jobs whose tests failed these tests, of others the whole file; null: everything.</summary>
    public bool? Failed { get; init; }
}

/// <summary><c>POST /api/v1/jobs</c>: one test file. A run is made for it.</summary>
public sealed record SubmitJob : SubmissionOptions
{
    /// <summary>The spec file, relative to the project.</summary>
    public string? TestPath { get; init; }
}

/// <summary><c>POST /api/v1/runs</c>: many test files against one app version.</summary>
public sealed record SubmitRun : SubmissionOptions
{
    /// <summary>Spec files, relative to the project; 1 to 10,000.</summary>
    public IReadOnlyList<string>? Tests { get; init; }
    /// <summary>Every test is run once on each device that fits and takes work at the moment: a job for each, bound to it.</summary>
    public bool? EachDevice { get; init; }
    /// <summary>When given, every test is run once on each of these.</summary>
    public IReadOnlyList<Platform>? Platforms { get; init; }
    /// <summary>Divides each file into so many jobs by what its tests took in the past: 2 to 32, or <c>auto</c>; null: one job each. At most 500 files.</summary>
    [JsonConverter(typeof(SplitConverter))]
    public int? Split { get; init; }
    /// <summary>
    /// With a number as <c>split</c>: files of whose tests nothing is known are divided by Playwright's own sharding, which divides
    /// files of projects with <c>fullyParallel</c> only; null: they are not divided.
    /// </summary>
    public bool? Shard { get; init; }
}
