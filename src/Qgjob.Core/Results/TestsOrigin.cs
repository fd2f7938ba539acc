using Qgjob.Core.Jobs;

namespace Qgjob.Core.Results;

/// <summary>What an attempt's results are results of, as it was then: devices are renamed, updated, thrown away.</summary>
/// <param name="OrgId">The tenant.</param>
/// <param name="TestPath">The job's test file.</param>
/// <param name="RunId">The run.</param>
/// <param name="AppVersionId">The app version that was tested.</param>
/// <param name="DeviceId">The device it ran on.</param>
/// <param name="Model">The device's model.</param>
/// <param name="Platform">Its operating system.</param>
/// <param name="OsVersion">The operating system's version.</param>
/// <param name="Outcome">How the attempt ended.</param>
/// <param name="EndedAt">When.</param>
public sealed record TestsOrigin(
    string OrgId,
    string TestPath,
    string RunId,
    string AppVersionId,
    string DeviceId,
    string Model,
    Platform Platform,
    string OsVersion,
    AttemptOutcome Outcome,
    DateTimeOffset EndedAt);
