using Qgjob.Core.Devices;
using Qgjob.Core.Groups;
using Qgjob.Core.Jobs;

namespace Qgjob.Core.Scheduling;

/// <summary>When a device that keeps failing rests, so that it does not eat one job after the other.</summary>
public static class Cooldown
{
    /// <summary>Infrastructure failures in a row that send a device to rest.</summary>
    public const int Failures = 3;

    /// <summary>A job that failed for infrastructure reasons on so many other devices says nothing against the next one.</summary>
    public const int OwnFaultDevices = 2;

    /// <summary>First rest; every further one in a row is twice as long.</summary>
    public static TimeSpan Shortest { get; } = TimeSpan.FromMinutes(1);

    /// <summary>Longest rest.</summary>
    public static TimeSpan Longest { get; } = TimeSpan.FromHours(1);

    /// <summary>A device's health after an attempt.</summary>
    /// <param name="health">Before it.</param>
    /// <param name="outcome">How the attempt ended.</param>
    /// <param name="subject">What failed, if it failed: the same one counts once; see <see cref="SubjectOf"/>.</param>
    /// <param name="failedElsewhere">Other devices on which the job failed for infrastructure reasons.</param>
    /// <param name="now">UTC.</param>
    public static DeviceHealth After(DeviceHealth health, AttemptOutcome outcome, string subject, int failedElsewhere, DateTimeOffset now)
    {
        if (JobLifecycle.IsTestVerdict(outcome)) return DeviceHealth.Good;
        // A lost agent and a canceled job say nothing of the phone.
        if (outcome is not (AttemptOutcome.Infra or AttemptOutcome.InstallLimit)) return health;
        if (failedElsewhere >= OwnFaultDevices) return health;
        IReadOnlyList<string> failures = health.Failures.Contains(subject) ? health.Failures : [.. health.Failures, subject];
        if (failures.Count < Failures) return health with { Failures = failures };
        return new DeviceHealth([], health.Cooldowns + 1, now + Rest(health.Cooldowns));
    }

    /// <summary>
    /// What a failure counts as. The jobs of an app version that ran somewhere count each; before, they all count as
    /// one, for the fault may be the build's own: a broken build must not send every phone of a lab to rest.
    /// </summary>
    public static string SubjectOf(string jobId, AppVersion version) => version.Proven ? jobId : $"{version.OrgId}/{version.Id}";

    private static TimeSpan Rest(int before) =>
        before >= 6 ? Longest : Shortest * (1 << before);
}
