using Qgjob.Core.Jobs;

namespace Qgjob.Core.Orgs;

/// <summary>An org's share of a pool: what it may use and what it used. One row per pool and org in every store.</summary>
public sealed record OrgShare
{
    /// <summary>The pool.</summary>
    public required string Pool { get; init; }
    /// <summary>The org.</summary>
    public required string OrgId { get; init; }
    /// <summary>Share relative to other orgs'; above 0.</summary>
    public double Weight { get; init; } = 1;
    /// <summary>Devices it may use at once; null: no limit.</summary>
    public int? MaxDevices { get; init; }
    /// <summary>Highest priority that its jobs get, whatever they ask for; null: no cap.</summary>
    public int? MaxPriority { get; init; }
    /// <summary>Its finished runs, with logs and artifacts, are kept so many days; null: as the server's settings say.</summary>
    public int? KeepDays { get; init; }
    /// <summary>Room for its logs and artifacts, in GB of 10^9 bytes; null: no limit of its own.</summary>
    public int? MaxDiskGb { get; init; }
    /// <summary>Minutes that its sessions in a cloud (BrowserStack) may be open in a calendar month of UTC; null: no limit.</summary>
    public int? MaxCloudMinutes { get; init; }
    /// <summary>Seconds that those of its ended attempts were open in <see cref="CloudMonth"/>.</summary>
    public double? CloudSeconds { get; init; }
    /// <summary>The month of the latest of them, as 202611.</summary>
    public int? CloudMonth { get; init; }
    /// <summary>Device seconds used, divided by the weight: who has the lowest is served first.</summary>
    public double VirtualTime { get; init; }
    /// <summary>Jobs that wait.</summary>
    public int Queued { get; init; }
    /// <summary>Devices in use.</summary>
    public int Active { get; init; }
    /// <summary>The store's revision at its last change.</summary>
    public long Revision { get; init; }

    /// <summary>It has jobs waiting or on devices.</summary>
    public bool IsPresent => Queued + Active > 0;
    /// <summary>It uses as many devices as it may.</summary>
    public bool IsAtLimit => Active >= MaxDevices;

    /// <summary>Seconds of sessions in a cloud this month.</summary>
    public double CloudSecondsIn(DateTimeOffset now) => CloudMonth == MonthOf(now) ? CloudSeconds ?? 0 : 0;
    /// <summary>Its cloud minutes of this month are used up.</summary>
    public bool IsCloudSpent(DateTimeOffset now) => MaxCloudMinutes is { } most && CloudSecondsIn(now) >= most * 60d;
    /// <summary>It takes no device of this kind now, whatever waits.</summary>
    public bool MayTake(Target target, DateTimeOffset now) => !IsAtLimit && !(target is Target.Browserstack && IsCloudSpent(now));
    /// <summary>With more seconds of sessions in a cloud.</summary>
    public OrgShare WithCloud(double seconds, DateTimeOffset now) => this with { CloudSeconds = CloudSecondsIn(now) + seconds, CloudMonth = MonthOf(now) };

    private static int MonthOf(DateTimeOffset now) => (now.UtcDateTime.Year * 100) + now.UtcDateTime.Month;
}
