using Qgjob.Core.Groups;

namespace Qgjob.Core.Scheduling;

/// <summary>How long things are expected to take: exponentially weighted means of what they took.</summary>
public static class Estimates
{
    /// <summary>Weight of the newest sample.</summary>
    public const double Weight = 0.3;

    /// <summary>Seconds assumed for a test of which nothing is known.</summary>
    public const double UnknownTestSeconds = 60;

    /// <summary>Seconds assumed for an install of which nothing is known.</summary>
    public const double UnknownInstallSeconds = 20;

    /// <summary>Seconds that installing the app version is expected to take.</summary>
    public static double InstallSecondsOf(AppVersion? version) => version?.InstallSeconds ?? UnknownInstallSeconds;

    /// <summary>Tier length A: a job that has waited this long counts as one priority higher.</summary>
    public static TimeSpan TierLength { get; } = TimeSpan.FromMinutes(10);

    /// <summary>The mean after one more sample.</summary>
    /// <param name="mean">The mean so far, seconds; null when there is none.</param>
    /// <param name="sampleSeconds">What it took this time.</param>
    public static double Update(double? mean, double sampleSeconds) =>
        mean is { } m ? m + (Weight * (sampleSeconds - m)) : sampleSeconds;

    /// <summary>The tier in which a job waits: lower goes first.</summary>
    public static long TierOf(DateTimeOffset readyAt, int priority) => AgeIndex(readyAt) - priority;

    /// <summary>The priority that puts a job of that age into the tier.</summary>
    public static int PriorityOf(DateTimeOffset readyAt, long tier) => (int)(AgeIndex(readyAt) - tier);

    private static long AgeIndex(DateTimeOffset readyAt) => readyAt.ToUnixTimeSeconds() / (long)TierLength.TotalSeconds;

    /// <summary>Key of a test's estimate.</summary>
    public static string TestKey(string orgId, string testPath, Jobs.Target target) => $"test\n{orgId}\n{target}\n{testPath}";

    /// <summary>Key of an org's estimate, for tests that never ran.</summary>
    public static string OrgKey(string orgId) => $"org\n{orgId}";

    /// <summary>Key of a package's install estimate, from which new app versions of the package start.</summary>
    public static string InstallKey(string orgId, string packageId) => $"install\n{orgId}\n{packageId}";
}
