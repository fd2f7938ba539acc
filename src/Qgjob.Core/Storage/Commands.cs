using Qgjob.Core.Devices;
using Qgjob.Core.Groups;
using Qgjob.Core.Jobs;
using Qgjob.Core.Notifications;
using Qgjob.Core.Orgs;
using Qgjob.Core.Results;
using Qgjob.Core.Runs;

namespace Qgjob.Core.Storage;

/// <summary>A write. Stores apply a batch of them in one commit, each all or nothing, with an answer per command.</summary>
public abstract record StoreCommand;

/// <summary>A write that answers <typeparamref name="TAnswer"/>.</summary>
public abstract record StoreCommand<TAnswer> : StoreCommand where TAnswer : class;

/// <summary>One job of a submission.</summary>
/// <param name="Id">The job's id, chosen by the caller.</param>
/// <param name="Spec">What was asked for.</param>
/// <param name="EstimateSeconds">Expected run seconds, from somebody who knows better than history; null: taken from history.</param>
/// <param name="SoFar">How tests of it stand already, without details, when it goes on where a job of an earlier run ended; null: it starts afresh.</param>
public sealed record NewJob(string Id, JobSpec Spec, double? EstimateSeconds = null, IReadOnlyList<TestResult>? SoFar = null);

/// <summary>Accepts a run. With an idempotency key the same body gives the same run again; another body is refused.</summary>
public sealed record Enqueue(Run Run, IReadOnlyList<NewJob> Jobs, DateTimeOffset Now) : StoreCommand<EnqueueAnswer>
{
    /// <summary>Where its submitter wants to be told of its end; null: nowhere.</summary>
    public Hook? Notify { get; init; }
}

/// <summary>Answer to <see cref="Enqueue"/>.</summary>
public abstract record EnqueueAnswer
{
    private EnqueueAnswer() { }
    /// <summary>Stored.</summary>
    public sealed record Accepted(Run Run) : EnqueueAnswer;
    /// <summary>The key was used with the same body: this is the run it made.</summary>
    public sealed record Repeated(Run Run) : EnqueueAnswer;
    /// <summary>The key was used with another body.</summary>
    public sealed record KeyTaken(string RunId) : EnqueueAnswer;
}

/// <summary>Leases a device to the first job of a group.</summary>
/// <param name="DeviceId">The device.</param>
/// <param name="DeviceVersion">The device's version that the decision saw.</param>
/// <param name="GroupId">The group.</param>
/// <param name="OpenVersion">The app version's <see cref="AppVersion.OpenVersion"/> that the decision saw; null when no install is implied.</param>
/// <param name="ClaimId">The same id again gives the same lease again.</param>
/// <param name="Ttl">How long the lease lasts without renewal.</param>
/// <param name="Now">UTC.</param>
public sealed record Claim(
    string DeviceId, long DeviceVersion, string GroupId, long? OpenVersion, string ClaimId, TimeSpan Ttl, DateTimeOffset Now)
    : StoreCommand<ClaimAnswer>;

/// <summary>Answer to <see cref="Claim"/>.</summary>
public abstract record ClaimAnswer
{
    private ClaimAnswer() { }
    /// <summary>The device is leased to the job, to test these builds; none: the project brings its own.</summary>
    public sealed record Claimed(Device Device, Job Job, JobSpec Spec, IReadOnlyList<Build> Builds) : ClaimAnswer;
    /// <summary>The decision rested on old news; read again and decide again.</summary>
    public sealed record Conflict : ClaimAnswer;
    /// <summary>The group has nothing left.</summary>
    public sealed record Empty : ClaimAnswer;
}

/// <summary>A lease as its agent names it.</summary>
public sealed record LeaseRef(string DeviceId, long Token);

/// <summary>Prolongs leases and shows that the agent lives.</summary>
public sealed record Renew(string AgentId, IReadOnlyList<LeaseRef> Leases, TimeSpan Ttl, DateTimeOffset Now) : StoreCommand<RenewAnswer>;

/// <summary>What a renewal says of one lease.</summary>
public enum LeaseState
{
    /// <summary>Valid for another ttl.</summary>
    Ok,
    /// <summary>Not yours any more: stop at once, results will be refused.</summary>
    Lost,
    /// <summary>Yours, and the job is canceled: stop, then finish.</summary>
    Cancel,
}

/// <summary>Answer to <see cref="Renew"/>: one state per lease, in order; null when the agent must register first.</summary>
public sealed record RenewAnswer(IReadOnlyList<LeaseState>? States);

/// <summary>News of a running attempt.</summary>
/// <param name="Lease">Device and token; stale tokens are refused.</param>
/// <param name="Status">New state, if it changed: installing or running.</param>
/// <param name="Message">A line for people.</param>
/// <param name="Installed">A build that is on the device now; counted when <paramref name="InstallSeconds"/> is given.</param>
/// <param name="InstallSeconds">What installing it took.</param>
/// <param name="TestsTotal">Tests in the file.</param>
/// <param name="Test">A test that ended.</param>
/// <param name="TestStarted">Title of a test that began.</param>
/// <param name="Now">UTC.</param>
/// <param name="Sequence">Rises with every piece of news of a lease, so that one that is told again is not counted again; null counts always.</param>
public sealed record Progress(
    LeaseRef Lease,
    DateTimeOffset Now,
    JobStatus? Status = null,
    string? Message = null,
    ResidentBuild? Installed = null,
    double? InstallSeconds = null,
    int? TestsTotal = null,
    string? TestStarted = null,
    TestResult? Test = null,
    long? Sequence = null) : StoreCommand<ProgressAnswer>;

/// <summary>Answer to <see cref="Progress"/>.</summary>
public sealed record ProgressAnswer(LeaseState State);

/// <summary>How an attempt ended.</summary>
/// <param name="Outcome">In one word.</param>
/// <param name="Reason">A sentence for people.</param>
/// <param name="RunSeconds">Of the test process.</param>
/// <param name="Tests">Its tests.</param>
/// <param name="DownloadSeconds">Until build and project lay on the host; null: not told.</param>
/// <param name="SessionSeconds">That tests waited for their sessions, all together; null: not told, or there was none.</param>
/// <param name="CloudSeconds">That its sessions in a cloud were open; null: not told, or there was none.</param>
/// <param name="ErrorOutside">Besides tests, something outside of them failed, which no test's quarantine excuses; null: no, or not told.</param>
public sealed record AttemptEnd(
    AttemptOutcome Outcome,
    string? Reason,
    double RunSeconds,
    IReadOnlyList<TestResult> Tests,
    double? DownloadSeconds = null,
    double? SessionSeconds = null,
    bool? ErrorOutside = null,
    double? CloudSeconds = null);

/// <summary>Ends an attempt and frees its device.</summary>
public sealed record Finish(LeaseRef Lease, string FinishId, AttemptEnd End, DateTimeOffset Now) : StoreCommand<FinishAnswer>;

/// <summary>Answer to <see cref="Finish"/>.</summary>
public abstract record FinishAnswer
{
    private FinishAnswer() { }
    /// <summary>Taken; repeated calls with the same finish id get this too.</summary>
    public sealed record Accepted(Job Job) : FinishAnswer;
    /// <summary>The token is not the device's valid lease any more; nothing was changed.</summary>
    public sealed record Stale : FinishAnswer;
}

/// <summary>An agent says what it offers. A new boot id ends its old leases as lost; devices left out are offline.</summary>
public sealed record Register(
    string AgentId, string BootId, string Name, string Version, string Pool, IReadOnlyList<DeviceOffer> Devices, DateTimeOffset Now)
    : StoreCommand<RegisterAnswer>;

/// <summary>Answer to <see cref="Register"/>.</summary>
/// <param name="LostLeases">Leases that a former boot of the agent held and lost.</param>
/// <param name="Taken">Set when the registration is refused, and nothing was changed: another agent of the same name is online.</param>
public sealed record RegisterAnswer(int LostLeases, TakenName? Taken = null);

/// <summary>
/// A device named after its agent ("lab/phone-1") is online with another agent. Two agents of one name would take each
/// other's devices in turn; a phone with a serial number of its own may be plugged in elsewhere.
/// </summary>
public sealed record TakenName(string DeviceId, string AgentId, string AgentName);

/// <summary>Notes that an agent lives.</summary>
public sealed record Touch(string AgentId, string BootId, DateTimeOffset Now) : StoreCommand<TouchAnswer>;

/// <summary>Answer to <see cref="Touch"/>: false when the agent must register (again).</summary>
public sealed record TouchAnswer(bool Known);

/// <summary>What a person does to a device or an agent.</summary>
public enum FleetOrder
{
    /// <summary>No new work for the device.</summary>
    Pause,
    /// <summary>Work again.</summary>
    Resume,
    /// <summary>End the device's lease now; its job goes back to the queue.</summary>
    Release,
}

/// <summary>Orders a device.</summary>
public sealed record OrderDevice(string DeviceId, FleetOrder Order, string? Note, DateTimeOffset Now) : StoreCommand<OrderAnswer>;

/// <summary>Lets an agent finish what it has and take nothing new, or ends that.</summary>
public sealed record DrainAgent(string AgentId, bool Drain, DateTimeOffset Now) : StoreCommand<OrderAnswer>;

/// <summary>Answer to an order: false when there is no such device or agent.</summary>
public sealed record OrderAnswer(bool Found);

/// <summary>Cancels jobs: one job, or all of a run that are not final.</summary>
/// <param name="RunId">The run, or the job's run.</param>
/// <param name="JobId">The job; null for the whole run.</param>
/// <param name="Reason">A sentence for people.</param>
/// <param name="Now">UTC.</param>
/// <param name="WaitingOnly">Leaves jobs alone that are on a device.</param>
/// <param name="CloudOnly">Leaves jobs alone that cannot go to a cloud.</param>
public sealed record Cancel(string RunId, string? JobId, string Reason, DateTimeOffset Now, bool WaitingOnly = false, bool CloudOnly = false) : StoreCommand<CancelAnswer>;

/// <summary>Answer to <see cref="Cancel"/>: how many jobs it ended.</summary>
public sealed record CancelAnswer(int Canceled);

/// <summary>Ends leases that nobody renewed, and marks silent agents' devices offline.</summary>
/// <param name="Max">At most so many leases, so that a batch stays short.</param>
/// <param name="SilentSince">Agents last heard of before this are offline.</param>
/// <param name="Now">UTC.</param>
public sealed record ExpireLeases(int Max, DateTimeOffset SilentSince, DateTimeOffset Now) : StoreCommand<ExpireAnswer>;

/// <summary>Ends jobs that waited longer than their queue limit.</summary>
public sealed record ExpireQueued(int Max, DateTimeOffset Now) : StoreCommand<ExpireAnswer>;

/// <summary>Answer to the expiries: how many leases or jobs ended.</summary>
public sealed record ExpireAnswer(int Ended);

/// <summary>Sets an org's share of a pool and its limits.</summary>
/// <param name="Pool">The pool.</param>
/// <param name="OrgId">The org; it need not have submitted anything yet.</param>
/// <param name="Weight">Its share relative to other orgs'; above 0.</param>
/// <param name="MaxDevices">Devices it may use at once; null: no limit.</param>
/// <param name="MaxPriority">Highest priority of its jobs, from the next submission on; null: no cap.</param>
/// <param name="KeepDays">Its finished runs are kept so many days; null: as the server's settings say.</param>
/// <param name="MaxDiskGb">Room for its logs and artifacts; null: no limit of its own.</param>
/// <param name="MaxCloudMinutes">Minutes of sessions in a cloud in a calendar month of UTC; null: no limit.</param>
public sealed record SetOrg(
    string Pool, string OrgId, double Weight, int? MaxDevices, int? MaxPriority, int? KeepDays = null, int? MaxDiskGb = null, int? MaxCloudMinutes = null) : StoreCommand<SetOrgAnswer>;

/// <summary>Answer to <see cref="SetOrg"/>.</summary>
public sealed record SetOrgAnswer(OrgShare Org);

/// <summary>Defines a named resource by its units, or removes it (no units). Units that are held and stay defined stay held.</summary>
public sealed record SetResource(string OrgId, string Name, IReadOnlyList<string> Units) : StoreCommand<SetResourceAnswer>;

/// <summary>Answer to <see cref="SetResource"/>; null when it was removed.</summary>
public sealed record SetResourceAnswer(Resource? Resource);

/// <summary>Puts tests of an org into quarantine; an entry for the same tests is replaced.</summary>
/// <param name="OrgId">The org.</param>
/// <param name="Test">The entry.</param>
/// <param name="Now">UTC.</param>
public sealed record SetQuarantine(string OrgId, QuarantinedTest Test, DateTimeOffset Now) : StoreCommand<SetQuarantineAnswer>;

/// <summary>Answer to <see cref="SetQuarantine"/>.</summary>
public abstract record SetQuarantineAnswer
{
    private SetQuarantineAnswer() { }

    /// <summary>The entry as it is now: one for the same tests kept its id and, when it had not run out, its beginning.</summary>
    public sealed record Kept(QuarantinedTest Test, bool Replaced) : SetQuarantineAnswer;

    /// <summary>The org has as many entries as it may; nothing changed.</summary>
    public sealed record Full(int Most) : SetQuarantineAnswer;
}

/// <summary>Takes an entry out of an org's quarantine.</summary>
public sealed record EndQuarantine(string OrgId, string Id, DateTimeOffset Now) : StoreCommand<EndQuarantineAnswer>;

/// <summary>Answer to <see cref="EndQuarantine"/>: there was such an entry.</summary>
public sealed record EndQuarantineAnswer(bool Found);

/// <summary>Sets an estimate from elsewhere than an attempt: an import, a simulation.</summary>
public sealed record SetEstimate(string Key, double Seconds) : StoreCommand<SetEstimateAnswer>;

/// <summary>Answer to <see cref="SetEstimate"/>.</summary>
public sealed record SetEstimateAnswer;

/// <summary>Takes a term, or prolongs it, unless another holder's still lasts.</summary>
/// <param name="Name">What only one server may do at a time.</param>
/// <param name="Holder">The server that asks.</param>
/// <param name="Length">How long the term lasts from now.</param>
/// <param name="Now">UTC.</param>
public sealed record TakeTerm(string Name, string Holder, TimeSpan Length, DateTimeOffset Now) : StoreCommand<TakeTermAnswer>;

/// <summary>Answer to <see cref="TakeTerm"/>: the term as it is now, whoever holds it.</summary>
public sealed record TakeTermAnswer(Term Term);

/// <summary>
/// Removes rows that nobody uses any more: groups without jobs; app versions, devices that are gone, agents and estimates
/// that were last used before a time. What jobs or leases refer to stays, and what people set: orgs, resources, hooks and
/// quarantines, of which only what ran out long ago goes.
/// </summary>
/// <param name="UnusedSince">What was used at this time or later stays.</param>
/// <param name="Max">At most so many rows, so that a batch stays short.</param>
/// <param name="Now">UTC.</param>
/// <param name="ByOrg">Orgs whose app versions may go when they were last used before a later time; null: none.</param>
public sealed record Forget(DateTimeOffset UnusedSince, int Max, DateTimeOffset Now, IReadOnlyDictionary<string, DateTimeOffset>? ByOrg = null) : StoreCommand<ForgetAnswer>;

/// <summary>Answer to <see cref="Forget"/>: how many rows of each kind were removed.</summary>
public sealed record ForgetAnswer(int Groups, int AppVersions, int Devices, int Agents, int Estimates)
{
    /// <summary>Old deliveries, hooks of runs that are over, tests that failed long ago.</summary>
    public int HookRows { get; init; }

    /// <summary>Rows removed in all; as many as allowed means that there may be more.</summary>
    public int Total => Groups + AppVersions + Devices + Agents + Estimates + HookRows;
}

/// <summary>Registers an uploaded build.</summary>
public sealed record PutBuild(string OrgId, string AppVersionId, Build Build, DateTimeOffset Now) : StoreCommand<PutBuildAnswer>;

/// <summary>Answer to <see cref="PutBuild"/>.</summary>
public abstract record PutBuildAnswer
{
    private PutBuildAnswer() { }
    /// <summary>Stored, or there already with the same bytes (<paramref name="Created"/> false).</summary>
    public sealed record Stored(AppVersion Version, bool Created) : PutBuildAnswer;
    /// <summary>The name is in use with other bytes.</summary>
    public sealed record Taken(Build Existing) : PutBuildAnswer;
}
