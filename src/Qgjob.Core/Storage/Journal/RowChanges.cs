using Qgjob.Core.Devices;
using Qgjob.Core.Events;
using Qgjob.Core.Groups;
using Qgjob.Core.Jobs;
using Qgjob.Core.Notifications;
using Qgjob.Core.Orgs;
using Qgjob.Core.Results;
using Qgjob.Core.Runs;

namespace Qgjob.Core.Storage.Journal;

/// <summary>Rows as they are after a commit: those that it changed, or, of a whole store, all.</summary>
/// <remarks>
/// One form for everything that leaves the process: what a commit writes, what other servers read of it, what a backup
/// holds. Read by later and earlier versions: add members, never rename them or change what they mean.
/// What an earlier version wrote lacks the lists that came later, and the reader sets them to null, whatever they begin with: so each says [] for that.
/// </remarks>
public sealed record RowChanges
{
    /// <summary>The commit, its position and its counters.</summary>
    public required Head Head { get; init; }
    /// <summary>Id of the commit that this one followed, where the journal keeps it: numbers come again after a restore, ids do not.</summary>
    public string? After { get; init; }
    /// <summary>Runs, inserted or replaced.</summary>
    public IReadOnlyList<Run> Runs { get => field ?? []; init; }
    /// <summary>Jobs, inserted (with their specification) or replaced (without).</summary>
    public IReadOnlyList<JobRow> Jobs { get => field ?? []; init; }
    /// <summary>Attempts, inserted or replaced.</summary>
    public IReadOnlyList<Attempt> Attempts { get => field ?? []; init; }
    /// <summary>Per-test results of attempts, inserted or replaced.</summary>
    public IReadOnlyList<TestsRow> Tests { get => field ?? []; init; }
    /// <summary>Events, numbered, oldest first; only ever inserted.</summary>
    public IReadOnlyList<JobEvent> Events { get => field ?? []; init; }
    /// <summary>Groups, inserted or replaced.</summary>
    public IReadOnlyList<Group> Groups { get => field ?? []; init; }
    /// <summary>App versions, inserted or replaced.</summary>
    public IReadOnlyList<AppVersion> AppVersions { get => field ?? []; init; }
    /// <summary>Orgs' shares, inserted or replaced.</summary>
    public IReadOnlyList<OrgShare> Orgs { get => field ?? []; init; }
    /// <summary>Named resources, inserted or replaced.</summary>
    public IReadOnlyList<Resource> Resources { get => field ?? []; init; }
    /// <summary>Devices, inserted or replaced.</summary>
    public IReadOnlyList<Device> Devices { get => field ?? []; init; }
    /// <summary>Heartbeats: devices of which nothing but the lease's end changed.</summary>
    public IReadOnlyList<LeaseEnd> LeaseEnds { get => field ?? []; init; }
    /// <summary>Agents, inserted or replaced.</summary>
    public IReadOnlyList<Agent> Agents { get => field ?? []; init; }
    /// <summary>Estimates, inserted or replaced.</summary>
    public IReadOnlyList<EstimateRow> Estimates { get => field ?? []; init; }
    /// <summary>Orgs' tests in quarantine, inserted or replaced.</summary>
    public IReadOnlyList<Quarantine> Quarantines { get => field ?? []; init; }
    /// <summary>Terms, inserted or replaced.</summary>
    public IReadOnlyList<Term> Terms { get => field ?? []; init; }
    /// <summary>Rows of notifications, inserted or replaced.</summary>
    public IReadOnlyList<HookRow> HookRows { get => field ?? []; init; }
    /// <summary>Rows that are removed; nothing unfinished refers to them.</summary>
    public IReadOnlyList<GoneRow> Gone { get => field ?? []; init; }

    /// <summary>Rows of all kinds.</summary>
    public int Count =>
        Runs.Count + Jobs.Count + Attempts.Count + Tests.Count + Events.Count + Groups.Count + AppVersions.Count + Orgs.Count
        + Resources.Count + Devices.Count + LeaseEnds.Count + Agents.Count + Estimates.Count + Quarantines.Count + Terms.Count + HookRows.Count + Gone.Count;

    /// <summary>Nothing was written.</summary>
    public bool IsEmpty => Count == 0;
}

/// <summary>Where a store stands.</summary>
/// <param name="Commit">Number of its latest commit; every commit rises it by one, so two commits never follow the same one.</param>
/// <param name="CommitId">Id of its latest commit, chosen by whoever made it.</param>
/// <param name="Revision">Latest revision stamped on a row that the policy reads.</param>
/// <param name="Event">Number of the latest event.</param>
public sealed record Head(long Commit, string CommitId, long Revision, long Event)
{
    /// <summary>Of a store in which nothing was ever written.</summary>
    public static Head Empty { get; } = new(0, "", 0, 0);
}

/// <summary>A job; <paramref name="Spec"/> is null when only its changing part is meant.</summary>
public sealed record JobRow(Job Job, JobSpec? Spec);

/// <summary>An attempt's per-test results.</summary>
public sealed record TestsRow(string JobId, int Attempt, IReadOnlyList<TestResult> Tests)
{
    /// <summary>What they are results of, for the history of a test file; null in rows from before there was one.</summary>
    public TestsOrigin? Origin { get; init; }
}

/// <summary>A heartbeat: the device's lease now ends at <paramref name="Until"/>.</summary>
public sealed record LeaseEnd(string DeviceId, DateTimeOffset Until);

/// <summary>A learned duration.</summary>
/// <param name="Key">What it is of.</param>
/// <param name="Seconds">The mean.</param>
/// <param name="LearnedAt">When it was last learned; default: unknown.</param>
public sealed record EstimateRow(string Key, double Seconds, DateTimeOffset LearnedAt = default);

/// <summary>Kinds of rows that can be removed by a commit. Runs with all that belongs to them are purged instead.</summary>
public enum RowKind
{
    /// <summary>A group without jobs; key: its id.</summary>
    Group,
    /// <summary>An app version; key: org and id.</summary>
    AppVersion,
    /// <summary>A device; key: its id.</summary>
    Device,
    /// <summary>An agent; key: its id.</summary>
    Agent,
    /// <summary>An estimate; key: its key.</summary>
    Estimate,
    /// <summary>A row of notifications; key: its key.</summary>
    HookRow,
}

/// <summary>A row that is removed.</summary>
/// <param name="Kind">Which kind.</param>
/// <param name="Key">Its key within the org, or at all.</param>
/// <param name="OrgId">The org, for kinds whose key needs one.</param>
/// <param name="Revision">The store's revision at its removal, for kinds that the policy reads; those who follow hear of it under this one.</param>
public sealed record GoneRow(RowKind Kind, string Key, string? OrgId = null, long Revision = 0);
