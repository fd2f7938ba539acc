using System.Text.Json.Serialization;
using Qgjob.Core.Jobs;

namespace Qgjob.Cli.Output;

/// <summary>The CLI's own documents; those that only pass on what the server said use the wire's.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    Converters = [typeof(Client.Wire.SnakeCase<Target>), typeof(Client.Wire.SnakeCase<Platform>), typeof(Client.Wire.SnakeCase<ResetMode>)])]
[JsonSerializable(typeof(ErrorDocument))]
[JsonSerializable(typeof(VersionDocument))]
[JsonSerializable(typeof(SubmittedDocument))]
[JsonSerializable(typeof(PlanDocument))]
[JsonSerializable(typeof(OutcomeDocument))]
[JsonSerializable(typeof(LogDocument))]
[JsonSerializable(typeof(CanceledDocument))]
[JsonSerializable(typeof(RerunDocument))]
[JsonSerializable(typeof(FilesDocument))]
[JsonSerializable(typeof(ReportDocument))]
[JsonSerializable(typeof(PhoneDocument))]
[JsonSerializable(typeof(DoctorDocument))]
[JsonSerializable(typeof(CompletionDocument))]
[JsonSerializable(typeof(StoppedDocument))]
[JsonSerializable(typeof(RemovedDocument))]
internal sealed partial class CliJson : JsonSerializerContext;

/// <summary>Kind <c>error</c>: any command that could not do what was asked.</summary>
internal sealed record ErrorDocument(string Message, string? Hint, int ExitCode);

/// <summary>Kind <c>version</c>.</summary>
internal sealed record VersionDocument(string Version, string Runtime, string Platform);

/// <summary>Kind <c>submitted</c>. Jobs are in the order of the tests, once for each platform or device.</summary>
internal sealed record SubmittedDocument(
    string RunId, IReadOnlyList<string> JobIds, IReadOnlyList<string> Tests, string OrgId, string AppVersionId,
    string IdempotencyKey, bool Repeated, string? BundleSha256, IReadOnlyList<string>? Notes,
    IReadOnlyList<Client.Wire.UnmatchedWish>? Unmatched = null, IReadOnlyList<string>? Devices = null,
    IReadOnlyList<Client.Wire.PlannedPart>? Parts = null);

/// <summary>Kind <c>plan</c>: what <c>submit --list</c> would submit.</summary>
internal sealed record PlanDocument(
    string OrgId, string AppVersionId, string? Project, int? ProjectFiles, IReadOnlyList<PlannedJob> Jobs, IReadOnlyList<string>? Notes = null);

internal sealed record PlannedJob(
    string TestPath, Target Target, Platform? Platform, string? Device, TestSlice? Slice = null, int? Tests = null, double? ExpectedSeconds = null);

/// <summary>Kind <c>outcome</c>: what a run came to. NotRun counts jobs without a test that has a verdict.</summary>
internal sealed record OutcomeDocument(
    string RunId, string Status, int ExitCode, int Passed, int Failed, int Flaky, int Skipped, int Installs, double Seconds,
    IReadOnlyList<string> Devices, IReadOnlyList<FailedTest> Failures, IReadOnlyList<FlakyTest> FlakyTests, IReadOnlyList<FailedJob> JobsNotPassed,
    int NotRun, string? SupersededBy = null, string? FailedFirst = null, int TestRetries = 0, int InfraRetries = 0, string? ParentRunId = null,
    int Quarantined = 0, IReadOnlyList<QuarantinedFailure>? QuarantinedTests = null, double? CloudSeconds = null);

/// <summary>A test that failed; where its quarantine had run out, what was said of it.</summary>
internal sealed record FailedTest(
    string Title, string File, int Line, int? ErrorLine, string Status, string? Message, string? Snippet, string JobId, string TestPath, string? DeviceId,
    string? QuarantineEnded = null);

/// <summary>A test that failed in quarantine, which turns nothing red: why it is there, who put it there and until when.</summary>
internal sealed record QuarantinedFailure(
    string Title, string File, int Line, int? ErrorLine, string Status, string? Message, string JobId, string? DeviceId, string Reason, string By, DateTimeOffset Until);

/// <summary>A test that failed first and passed later: on a retry of Playwright, or in a further attempt, whose number is given then.</summary>
internal sealed record FlakyTest(string Title, string File, int Line, int Retries, string JobId, int? Attempt = null);

/// <summary>A job that did not pass.</summary>
internal sealed record FailedJob(string JobId, string TestPath, string Status, string? Reason, string? DeviceId, TestSlice? Slice = null)
{
    /// <summary>Its file, and which part of it, for people.</summary>
    public string Name() => TestSlice.NameOf(TestPath, Slice);
}

/// <summary>Kind <c>log</c>.</summary>
internal sealed record LogDocument(string JobId, int? Attempt, string Text);

/// <summary>Kind <c>canceled</c>.</summary>
internal sealed record CanceledDocument(string Id, int Canceled);

/// <summary>Kind <c>rerun</c>: what was submitted; without a run when nothing had failed.</summary>
internal sealed record RerunDocument(string? RunId, IReadOnlyList<string> JobIds, string RerunOf, bool Failed, IReadOnlyList<string>? Notes);

/// <summary>Kind <c>downloaded</c>.</summary>
internal sealed record FilesDocument(string JobId, IReadOnlyList<string> Files);

/// <summary>Kind <c>report</c>: where a browser finds the HTML report, and what was saved.</summary>
internal sealed record ReportDocument(string RunId, string Url, IReadOnlyList<string> Files);

/// <summary>Kind <c>virtual_phone</c>.</summary>
internal sealed record PhoneDocument(string Name, string Serial, int Port);

/// <summary>Kind <c>doctor</c>.</summary>
internal sealed record DoctorDocument(int Problems, int Warnings, IReadOnlyList<DoctorFinding> Findings);

/// <summary>One thing that was looked at; level is ok, warning or problem.</summary>
internal sealed record DoctorFinding(string Area, string Check, string Level, string What, string? Mend);

/// <summary>Kind <c>completion</c>.</summary>
internal sealed record CompletionDocument(string Shell, string Script);

/// <summary>Kind <c>agent_stopped</c>: an agent ended as it was told to.</summary>
internal sealed record StoppedDocument(string Name);

/// <summary>Kind <c>removed</c>.</summary>
internal sealed record RemovedDocument(string Name);
