using Qgjob.Core.Devices;
using Qgjob.Core.Groups;
using Qgjob.Core.Jobs;
using Qgjob.Core.Results;
using Qgjob.Core.Storage;

namespace Qgjob.Client.Wire;

/// <summary><c>POST /agent/v1/register</c>: an agent says what it offers, at start and whenever that changes.</summary>
/// <param name="AgentId">Kept in a file on the agent's host.</param>
/// <param name="BootId">New with every start of the process; leases of an earlier boot are ended as lost.</param>
/// <param name="Name">For people.</param>
/// <param name="Version">qgjob's version.</param>
/// <param name="Pool">The pool its devices work in.</param>
/// <param name="Devices">All devices it sees now.</param>
public sealed record RegisterRequest(
    string AgentId, string BootId, string Name, string Version, string? Pool, IReadOnlyList<DeviceOffer> Devices);

/// <summary>Answer to a registration: the lease's times, in seconds, and limits.</summary>
/// <param name="LeaseTtlSeconds">A lease lasts so long after a renewal.</param>
/// <param name="RenewEverySeconds">Renew so often.</param>
/// <param name="MarginSeconds">Stop by yourself this long before a lease that could not be renewed ends.</param>
/// <param name="LostLeases">Leases of an earlier boot that were ended.</param>
/// <param name="MaxLogBytes">The longest log of an attempt that the server takes.</param>
/// <param name="MaxArtifactBytes">The largest artifact that it takes.</param>
/// <param name="MaxAttemptBytes">The most that it takes of all artifacts of an attempt.</param>
public sealed record RegisterResponse(
    double LeaseTtlSeconds, double RenewEverySeconds, double MarginSeconds, int LostLeases, long? MaxLogBytes = null,
    long? MaxArtifactBytes = null, long? MaxAttemptBytes = null);

/// <summary><c>POST /agent/v1/work</c>: a long poll for all of the agent's free devices. 409 when it must register first.</summary>
/// <param name="AgentId">The agent.</param>
/// <param name="BootId">Its boot.</param>
/// <param name="FreeDevices">Devices that can take a job now; may be empty, cancels are delivered all the same.</param>
/// <param name="Leases">Leases it holds, so that cancels and losses reach it at once.</param>
/// <param name="WaitSeconds">Longest wait, at most 60.</param>
/// <param name="MakesReports">It can also make a run's HTML report now; null: it cannot, or is an older one.</param>
public sealed record WorkRequest(
    string AgentId, string BootId, IReadOnlyList<string> FreeDevices, IReadOnlyList<LeaseRef> Leases, double WaitSeconds, bool? MakesReports = null);

/// <summary>Answer to a poll: what to start, and what to stop; all empty when the wait ended.</summary>
/// <param name="Assignments">Attempts to make. One whose answer got lost is given again; the lease tells.</param>
/// <param name="Cancel">Leases whose job is canceled: stop, then finish.</param>
/// <param name="Lost">Leases that are not the agent's any more.</param>
/// <param name="Superseded">A newer poll of the agent took this one's place: nothing is wrong, and that one brings the news.</param>
/// <param name="Report">A report to make, beside all else; only for who said that it can.</param>
public sealed record WorkResponse(
    IReadOnlyList<Assignment> Assignments, IReadOnlyList<LeaseRef> Cancel, IReadOnlyList<LeaseRef> Lost, bool Superseded = false, ReportTask? Report = null);

/// <summary>
/// A run's HTML report to make: <c>PUT /agent/v1/reports/{task_id}</c> with its files as a zip ends it, and so does
/// <c>POST …/failed</c>; until then <c>POST …/alive</c> at least every 15 s, or another agent gets it.
/// </summary>
/// <param name="TaskId">Names this try.</param>
/// <param name="RunId">The run; its results say what is in the report.</param>
/// <param name="OrgId">Whose it is.</param>
/// <param name="BundleSha256">The project, whose Playwright makes the report; null: the agent's own workspace.</param>
/// <param name="Config">The project's config, as the run named it.</param>
/// <param name="MaxBytes">Attachments beyond that are left out.</param>
/// <param name="LimitSeconds">Give up after that.</param>
public sealed record ReportTask(string TaskId, string RunId, string OrgId, string? BundleSha256, string? Config, long MaxBytes, double LimitSeconds);

/// <summary>A report could not be made.</summary>
/// <param name="Reason">For people.</param>
public sealed record ReportFailed(string Reason);

/// <summary>One attempt to make.</summary>
/// <param name="Lease">Device and token; every later call carries them.</param>
/// <param name="JobId">The job.</param>
/// <param name="RunId">Its run.</param>
/// <param name="Attempt">Number of the attempt.</param>
/// <param name="Spec">What was asked for.</param>
/// <param name="Builds">Uploaded builds of the app version, one per platform; empty: the project's own buildPath is used.</param>
/// <param name="EstimateSeconds">Expected run seconds.</param>
public sealed record Assignment(
    LeaseRef Lease,
    string JobId,
    string RunId,
    int Attempt,
    JobSpec Spec,
    IReadOnlyList<Build> Builds,
    double EstimateSeconds);

/// <summary><c>POST /agent/v1/renew</c>. 409 when the agent must register first.</summary>
public sealed record RenewRequest(string AgentId, IReadOnlyList<LeaseRef> Leases);

/// <summary>Answer: one state per lease, in order.</summary>
public sealed record RenewResponse(IReadOnlyList<LeaseState> States);

/// <summary><c>POST /agent/v1/progress</c>: news of running attempts, in order.</summary>
public sealed record ProgressRequest(IReadOnlyList<ProgressItem> Items);

/// <summary>One piece of news; only what is given has changed. See <see cref="Progress"/>.</summary>
public sealed record ProgressItem(
    LeaseRef Lease,
    JobStatus? Status = null,
    string? Message = null,
    ResidentBuild? Installed = null,
    double? InstallSeconds = null,
    int? TestsTotal = null,
    string? TestStarted = null,
    TestResult? Test = null,
    long? Sequence = null);

/// <summary>Answer: one state per item, in order.</summary>
public sealed record ProgressResponse(IReadOnlyList<LeaseState> States);

/// <summary><c>POST /agent/v1/finish</c>: attempts that ended.</summary>
public sealed record FinishRequest(IReadOnlyList<FinishItem> Items);

/// <summary>The end of one attempt. The same <paramref name="FinishId"/> may be sent again.</summary>
public sealed record FinishItem(LeaseRef Lease, string FinishId, AttemptEnd End);

/// <summary>Answer: for each item whether it was accepted; false means the lease was not valid any more.</summary>
public sealed record FinishResponse(IReadOnlyList<bool> Accepted);

/// <summary><c>POST /agent/v1/log?device=…&amp;token=…&amp;offset=…</c>, the body being bytes of the log: answer.</summary>
/// <param name="Length">Length of the stored log; send what follows it. Bytes that were there already are ignored.</param>
public sealed record LogAppended(long Length);

/// <summary><c>POST /agent/v1/left-out</c>: files of an attempt that are not sent, and why. No answer.</summary>
/// <param name="Lease">The attempt's lease.</param>
/// <param name="Files">At most 200 count.</param>
public sealed record LeftOutRequest(LeaseRef Lease, IReadOnlyList<LeftOutFile> Files);

/// <summary>A file that was not kept.</summary>
/// <param name="Name">Relative path with forward slashes.</param>
/// <param name="SizeBytes">Its length where it is.</param>
/// <param name="Note">Why, for people.</param>
public sealed record LeftOutFile(string Name, long SizeBytes, string Note);

/// <summary>A file that an attempt left. <c>PUT /agent/v1/artifacts/{name}?device=…&amp;token=…&amp;sha256=…</c>.</summary>
/// <param name="Name">Relative path with forward slashes.</param>
/// <param name="SizeBytes">Length.</param>
/// <param name="ContentType">Media type by the name's ending.</param>
/// <param name="Attempt">The attempt it belongs to.</param>
/// <param name="Note">Why it was not kept; null when it can be read.</param>
public sealed record ArtifactView(string Name, long SizeBytes, string ContentType, int Attempt, string? Note = null);
