using Qgjob.Core.Jobs;
using Qgjob.Core.Results;

namespace Qgjob.Client.Wire;

/// <summary>A test as its latest runs show it.</summary>
public sealed record TestView
{
    /// <summary>The same in every run: <c>t-…</c>.</summary>
    public required string TestId { get; init; }
    /// <summary>The test file that jobs name.</summary>
    public required string TestPath { get; init; }
    /// <summary>The file in which the test stands: mostly the same.</summary>
    public required string File { get; init; }
    /// <summary>Its line in the latest run.</summary>
    public required int Line { get; init; }
    /// <summary>Name of the Playwright project; null when it has none.</summary>
    public string? Project { get; init; }
    /// <summary>Its titles, the outermost first.</summary>
    public required IReadOnlyList<string> TitlePath { get; init; }
    /// <summary>The same joined as Playwright prints it.</summary>
    public required string Title { get; init; }
    /// <summary>Over the runs that were looked at.</summary>
    public required TestRates Rates { get; init; }
    /// <summary>The latest runs, the latest first: at most 20.</summary>
    public required IReadOnlyList<TestMoment> Recent { get; init; }
}

/// <summary>One run of a test, in short.</summary>
/// <param name="EndedAt">When its attempt ended.</param>
/// <param name="Status">What became of it.</param>
/// <param name="DurationMs">How long it took.</param>
public sealed record TestMoment(DateTimeOffset EndedAt, TestStatus Status, double DurationMs);

/// <summary>A test with its latest runs.</summary>
/// <param name="Test">Which test, and its rates.</param>
/// <param name="Runs">The latest first.</param>
/// <param name="ByAppVersion">Rates by app version, the one that ran last first.</param>
/// <param name="ByDeviceModel">Rates by device model, the one that ran last first.</param>
public sealed record TestHistoryView(TestView Test, IReadOnlyList<TestRunView> Runs, IReadOnlyList<TestShare> ByAppVersion, IReadOnlyList<TestShare> ByDeviceModel);

/// <summary>One run of a test: one job, over all of its attempts.</summary>
/// <param name="RunId">The run.</param>
/// <param name="JobId">The job.</param>
/// <param name="Attempt">The attempt that decided.</param>
/// <param name="EndedAt">When that attempt ended.</param>
/// <param name="Status">What became of it.</param>
/// <param name="DurationMs">How long it took.</param>
/// <param name="AppVersionId">The app version.</param>
/// <param name="DeviceId">The device.</param>
/// <param name="Model">Its model.</param>
/// <param name="Platform">Its operating system.</param>
/// <param name="OsVersion">Of this version.</param>
/// <param name="Counts">False: an interruption, or a device or agent that failed; it is in no rate.</param>
/// <param name="Error">First line of what it failed with.</param>
public sealed record TestRunView(
    string RunId, string JobId, int Attempt, DateTimeOffset EndedAt, TestStatus Status, double DurationMs,
    string AppVersionId, string DeviceId, string Model, Platform Platform, string OsVersion, bool Counts, string? Error = null);

/// <summary>A test's rates on one app version or device model.</summary>
public sealed record TestShare(string Name, TestRates Rates);
