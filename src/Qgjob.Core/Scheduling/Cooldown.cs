using Qgjob.Core.Devices;
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
    /// <param name="job">The job, with the devices that were barred for it before.</param>
    /// <param name="proven">
    /// The app version ran somewhere. A failure then counts by job. Before, all its failures count once, for they may
    /// be its own: a broken build must not send every phone of a lab to rest.
    /// </param>
    /// <param name="now">UTC.</param>
    public static DeviceHealth After(DeviceHealth health, AttemptOutcome outcome, Job job, bool proven, DateTimeOffset now)
    {
        if (JobLifecycle.IsTestVerdict(outcome)) return DeviceHealth.Good;
        // A lost agent and a canceled job say nothing of the phone.
        if (outcome is not (AttemptOutcome.Infra or AttemptOutcome.InstallLimit)) return health;
        if (job.Barred.Count >= OwnFaultDevices) return health;
        var what = proven ? job.Id : job.GroupId;
        IReadOnlyList<string> failures = health.Failures.Contains(what) ? health.Failures : [.. health.Failures, what];
        if (failures.Count < Failures) return health with { Failures = failures };
        return new DeviceHealth([], health.Cooldowns + 1, now + Rest(health.Cooldowns));
    }

    private static TimeSpan Rest(int before) =>
        before >= 6 ? Longest : Shortest * (1 << before);
}
