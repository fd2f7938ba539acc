using System.Text.Json.Serialization;

namespace Qgjob.Client.Wire;

/// <summary>
/// <c>PUT /api/v1/orgs/{org}</c>: an org's share and limits. Of weight, devices and priority what is left out goes back to its
/// default; what came later than those stays as it is then, for older clients do not know it, and <c>null</c> takes it back.
/// </summary>
public sealed record OrgSettings
{
    /// <summary>Share relative to other orgs', 0.01 to 1000; null: 1.</summary>
    public double? Weight { get; init; }
    /// <summary>Devices it may use at once, 0 or more; null: no limit.</summary>
    public int? MaxDevices { get; init; }
    /// <summary>Highest priority that its jobs get, whatever they ask for; a word or a number as in submissions; null: no cap.</summary>
    [JsonConverter(typeof(PriorityConverter))]
    public int? MaxPriority { get; init; }
    /// <summary>Its finished runs, with logs and artifacts, are kept so many days; null: as long as the server keeps them.</summary>
    // Settable: an init-only member is set by the reader also where the JSON lacks it.
    [JsonIgnore(Condition = JsonIgnoreCondition.Never)]
    public int? KeepDays
    {
        get;
        set => (field, SetsKeepDays) = (value, true);
    }
    /// <summary>Room for its logs and artifacts, in GB of 10^9 bytes; null: no limit of its own.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.Never)]
    public int? MaxDiskGb
    {
        get;
        set => (field, SetsMaxDiskGb) = (value, true);
    }
    /// <summary>Minutes that its BrowserStack sessions may be open in a calendar month of UTC; null: no limit.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.Never)]
    public int? MaxCloudMinutes
    {
        get;
        set => (field, SetsMaxCloudMinutes) = (value, true);
    }
    /// <summary><see cref="KeepDays"/> was given, be it null.</summary>
    [JsonIgnore]
    public bool SetsKeepDays { get; private set; }
    /// <summary><see cref="MaxDiskGb"/> was given, be it null.</summary>
    [JsonIgnore]
    public bool SetsMaxDiskGb { get; private set; }
    /// <summary><see cref="MaxCloudMinutes"/> was given, be it null.</summary>
    [JsonIgnore]
    public bool SetsMaxCloudMinutes { get; private set; }
}

/// <summary>An org as the API shows it.</summary>
public sealed record OrgView
{
    /// <summary>The org.</summary>
    public required string OrgId { get; init; }
    /// <summary>Share relative to other orgs'.</summary>
    public required double Weight { get; init; }
    /// <summary>Devices it may use at once; null: no limit.</summary>
    public int? MaxDevices { get; init; }
    /// <summary>Highest priority that its jobs get; null: no cap.</summary>
    public int? MaxPriority { get; init; }
    /// <summary>Its finished runs, with logs and artifacts, are kept so many days; null: as long as the server keeps them.</summary>
    public int? KeepDays { get; init; }
    /// <summary>Room for its logs and artifacts, in GB of 10^9 bytes; null: no limit of its own.</summary>
    public int? MaxDiskGb { get; init; }
    /// <summary>Minutes that its BrowserStack sessions may be open in a calendar month of UTC; null: no limit.</summary>
    public int? MaxCloudMinutes { get; init; }
    /// <summary>Seconds that those of its ended attempts were open this month; null: none was.</summary>
    public double? CloudSeconds { get; init; }
    /// <summary>Devices that its jobs are on.</summary>
    public required int DevicesInUse { get; init; }
    /// <summary>Its jobs that wait.</summary>
    public required int JobsWaiting { get; init; }
    /// <summary>The part of the devices, 0 to 1, that is its own when it and every org that has work now want them all.</summary>
    public required double Share { get; init; }
}

/// <summary><c>PUT /api/v1/orgs/{org}/resources/{name}</c>: the units, whole.</summary>
public sealed record ResourceUnits
{
    /// <summary>What tests get, each for one test file at a time: accounts' names, addresses, licence keys.</summary>
    public IReadOnlyList<string>? Units { get; init; }
}

/// <summary>A named resource as the API shows it.</summary>
public sealed record ResourceView
{
    /// <summary>Its name.</summary>
    public required string Name { get; init; }
    /// <summary>The environment variable in which a test finds its unit.</summary>
    public required string Variable { get; init; }
    /// <summary>Units that are defined.</summary>
    public required int Units { get; init; }
    /// <summary>Those that nobody holds.</summary>
    public required int Free { get; init; }
    /// <summary>Who holds the others.</summary>
    public required IReadOnlyList<ResourceHolder> Holders { get; init; }
    /// <summary>The defined units themselves; only when they were asked for.</summary>
    public IReadOnlyList<string>? Values { get; init; }
}

/// <summary>Who holds a unit of a named resource.</summary>
/// <param name="DeviceId">The device that the test runs on.</param>
/// <param name="JobId">The job; null when its attempt is not known any more.</param>
/// <param name="Leaving">The unit is not defined any more and goes when its holder lets go.</param>
/// <param name="Value">The unit; only when values were asked for.</param>
public sealed record ResourceHolder(string DeviceId, string? JobId, bool Leaving = false, string? Value = null);
