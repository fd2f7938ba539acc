using Qgjob.Core.Jobs;

namespace Qgjob.Core.Simulation;

/// <summary>One row of a trace: a job that somebody submits, and how long it takes.</summary>
/// <param name="ReleaseSeconds">When it is submitted, from the trace's second 0 on.</param>
/// <param name="OrgId">The tenant.</param>
/// <param name="AppVersionId">The app version that the test needs installed.</param>
/// <param name="Target">Kind of device wanted.</param>
/// <param name="TestPath">The test's file.</param>
/// <param name="Priority">Tiers above (or below) normal, −10 to 10.</param>
/// <param name="DurationSeconds">What the test really takes.</param>
/// <param name="EstimateSeconds">What the scheduler believes beforehand; NaN when it knows nothing.</param>
/// <param name="InstallSeconds">What putting the app version on a device takes.</param>
public readonly record struct TraceJob(
    double ReleaseSeconds,
    string OrgId,
    string AppVersionId,
    Target Target,
    string TestPath,
    int Priority,
    double DurationSeconds,
    double EstimateSeconds,
    double InstallSeconds);
