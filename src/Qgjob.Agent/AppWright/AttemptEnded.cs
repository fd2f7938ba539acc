using Qgjob.Client.Wire;
using Qgjob.Core.Jobs;
using Qgjob.Core.Results;

namespace Qgjob.Agent.AppWright;

/// <summary>The end of an attempt.</summary>
/// <param name="Outcome">Never None or Lost.</param>
/// <param name="Reason">A sentence for people; null when everything passed.</param>
/// <param name="Tests">All that is known, also when the attempt was cut short.</param>
/// <param name="Installs">How often the app was installed.</param>
/// <param name="RunSeconds">Of the test process; 0 when it never started.</param>
/// <param name="Files">Artifacts, as absolute paths below the attempt's out folder.</param>
/// <param name="BuildSha256">The build that was used, once known.</param>
internal sealed record AttemptEnded(
    AttemptOutcome Outcome,
    string? Reason,
    IReadOnlyList<TestResult> Tests,
    int Installs,
    double InstallSeconds,
    double RunSeconds,
    IReadOnlyList<string> Files,
    string? BuildSha256 = null,
    string? PackageId = null)
{
    /// <summary>That tests waited for their sessions; null when there was none.</summary>
    public double? SessionSeconds { get; init; }

    /// <summary>That sessions in a cloud were open; null when there was none.</summary>
    public double? CloudSeconds { get; init; }

    /// <summary>Besides tests, something outside of them failed.</summary>
    public bool ErrorOutside { get; init; }

    /// <summary>
    /// Brings what comes only after the tests into the out folder, while the device may serve somebody else already; tells
    /// what could not be had. Null when all is there.
    /// </summary>
    public Func<CancellationToken, Task<IReadOnlyList<LeftOutFile>>>? Later { get; init; }

    /// <summary>Until build and project lay here.</summary>
    public double? DownloadSeconds { get; init; }
}
