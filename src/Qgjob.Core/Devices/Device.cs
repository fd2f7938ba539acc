using Qgjob.Core.Jobs;

namespace Qgjob.Core.Devices;

/// <summary>A build that is installed on a device.</summary>
/// <param name="PackageId">Android package or iOS bundle id; a device holds one build of each.</param>
/// <param name="Sha256">Hash of the build's file, hex.</param>
/// <param name="OrgId">Org for which it was installed.</param>
/// <param name="AppVersionId">App version for which it was installed.</param>
public sealed record ResidentBuild(string PackageId, string Sha256, string OrgId, string AppVersionId);

/// <summary>What an agent says of a device it offers.</summary>
/// <param name="Id">ro.serialno or UDID; <c>agent/name</c> for virtual phones, emulators and cloud slots.</param>
/// <param name="Target">Never <see cref="Target.Any"/>.</param>
/// <param name="Platform">Operating system.</param>
/// <param name="OsVersion">For instance <c>13</c> or <c>17.4</c>.</param>
/// <param name="Model">For instance <c>Pixel 7</c>.</param>
/// <param name="Tags">Free words that jobs can ask for.</param>
/// <param name="Residents">Builds on it now.</param>
/// <param name="Virtual">A phone in software.</param>
public sealed record DeviceOffer(
    string Id,
    Target Target,
    Platform Platform,
    string OsVersion,
    string Model,
    IReadOnlyList<string> Tags,
    IReadOnlyList<ResidentBuild> Residents,
    bool Virtual = false)
{
    /// <summary>Who made it; null: not told.</summary>
    public string? Manufacturer { get; init; }
    /// <summary>Android's API level; null: not told, or none.</summary>
    public int? ApiLevel { get; init; }
    /// <summary>Name of its agent; the server notes it.</summary>
    public string? Agent { get; init; }
    /// <summary>It does not run and is started when there is work: what that is expected to take, in seconds. Null: it runs.</summary>
    public double? StartSeconds { get; init; }
    /// <summary>A slot: what it can become, from which a job's conditions choose. Null: it is what <see cref="Model"/> and <see cref="OsVersion"/> say.</summary>
    public IReadOnlyList<DeviceModel>? Models { get; init; }
}

/// <summary>The right to drive a device for one attempt.</summary>
/// <param name="Token">Rises with every claim on the device; every write of the attempt carries it.</param>
/// <param name="JobId">The job.</param>
/// <param name="RunId">Its run.</param>
/// <param name="Attempt">Number of the attempt.</param>
/// <param name="GroupId">The group it was taken from.</param>
/// <param name="OrgId">The org whose app version it serves.</param>
/// <param name="AppVersionId">The app version that the device serves.</param>
/// <param name="ClaimId">Identifies the claim call, so that it can be repeated safely.</param>
/// <param name="ClaimedAt">When it was claimed.</param>
/// <param name="Until">When it expires unless renewed.</param>
/// <param name="CancelRequested">The job is canceled; the agent must stop and let go.</param>
/// <param name="ChargedSeconds">Device seconds that the claim charged to the org; the end of the attempt corrects them.</param>
public sealed record Lease(
    long Token,
    string JobId,
    string RunId,
    int Attempt,
    string GroupId,
    string OrgId,
    string AppVersionId,
    string ClaimId,
    DateTimeOffset ClaimedAt,
    DateTimeOffset Until,
    bool CancelRequested = false,
    double ChargedSeconds = 0)
{
    /// <summary>Units of named resources that the attempt holds.</summary>
    public IReadOnlyList<HeldUnit> Units { get; init; } = [];
}

/// <summary>A unit of a named resource that an attempt holds.</summary>
/// <param name="Resource">Name of the resource.</param>
/// <param name="Value">The unit: an account's name, an address; handed to the test as environment.</param>
public sealed record HeldUnit(string Resource, string Value);

/// <summary>How a device has fared with infrastructure lately.</summary>
/// <param name="Failures">What failed on it in a row, by group or job (see <see cref="Scheduling.Cooldown"/>); empty after a success.</param>
/// <param name="Cooldowns">Cooldowns in a row; each is twice as long as the one before.</param>
/// <param name="CoolingUntil">It gets no work before this; null when it never failed so often.</param>
public sealed record DeviceHealth(IReadOnlyList<string> Failures, int Cooldowns = 0, DateTimeOffset? CoolingUntil = null)
{
    /// <summary>Nothing failed lately.</summary>
    public static DeviceHealth Good { get; } = new([]);
}

/// <summary>A device as the store keeps it.</summary>
public sealed record Device
{
    /// <summary>What its agent says of it.</summary>
    public required DeviceOffer Offer { get; init; }
    /// <summary>The pool it works in.</summary>
    public required string Pool { get; init; }
    /// <summary>The agent that offers it.</summary>
    public required string AgentId { get; init; }
    /// <summary>Its agent is there and sees it.</summary>
    public bool Online { get; init; }
    /// <summary>Since when it is not there; null while it is, and when that is unknown (written by an earlier version).</summary>
    public DateTimeOffset? OfflineSince { get; init; }
    /// <summary>A person took it out of service.</summary>
    public bool Paused { get; init; }
    /// <summary>Why it was paused.</summary>
    public string? PauseNote { get; init; }
    /// <summary>Rises with everything that matters to a claim; renewals do not count.</summary>
    public long Version { get; init; }
    /// <summary>The latest lease's token.</summary>
    public long LastToken { get; init; }
    /// <summary>The lease, while one is valid.</summary>
    public Lease? Lease { get; init; }
    /// <summary>How it has fared lately.</summary>
    public DeviceHealth Health { get; init; } = DeviceHealth.Good;
    /// <summary>Installs since it was first seen.</summary>
    public int Installs { get; init; }
    /// <summary>Attempts since it was first seen.</summary>
    public int Attempts { get; init; }
    /// <summary>The pool's revision at its last change.</summary>
    public long Revision { get; init; }

    /// <summary>The device's id.</summary>
    public string Id => Offer.Id;
    /// <summary>It failed so often in a row that it rests.</summary>
    public bool IsCooling(DateTimeOffset now) => Health.CoolingUntil > now;
    /// <summary>It can take a job now.</summary>
    public bool IsFree(DateTimeOffset now) => Online && !Paused && Lease is null && !IsCooling(now);
}

/// <summary>The process on a device host.</summary>
public sealed record Agent
{
    /// <summary>Id, kept in a file on its host.</summary>
    public required string Id { get; init; }
    /// <summary>Changes when the process starts anew.</summary>
    public required string BootId { get; init; }
    /// <summary>Name for people.</summary>
    public required string Name { get; init; }
    /// <summary>qgjob's version there.</summary>
    public required string Version { get; init; }
    /// <summary>The pool its devices work in.</summary>
    public required string Pool { get; init; }
    /// <summary>When it was last heard of.</summary>
    public required DateTimeOffset LastSeen { get; init; }
    /// <summary>It is there.</summary>
    public bool Online { get; init; }
    /// <summary>It gets no new work.</summary>
    public bool Draining { get; init; }
}
