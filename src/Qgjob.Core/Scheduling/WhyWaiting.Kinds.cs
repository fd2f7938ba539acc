using Qgjob.Core.Devices;

namespace Qgjob.Core.Scheduling;

/// <summary>Why a job waits, in the order in which it is looked for.</summary>
public enum WaitKind
{
    /// <summary>No device of the kind was ever seen.</summary>
    NoDevice,
    /// <summary>No build was uploaded for the platform of the devices.</summary>
    NoBuild,
    /// <summary>Every device that fits is paused.</summary>
    Paused,
    /// <summary>Every device that fits is offline.</summary>
    Offline,
    /// <summary>Every device that fits rests after failures.</summary>
    Resting,
    /// <summary>The agent of every device that fits drains.</summary>
    Draining,
    /// <summary>Every device that fits is paused, offline, resting or draining.</summary>
    OutOfService,
    /// <summary>The job failed for infrastructure reasons on every device that fits.</summary>
    FailedEverywhere,
    /// <summary>The org uses as many devices as it may.</summary>
    OrgLimit,
    /// <summary>A named resource has no free unit.</summary>
    Resource,
    /// <summary>Other jobs of its group go first.</summary>
    BehindGroup,
    /// <summary>Orgs that used less go first.</summary>
    OrgShare,
    /// <summary>Every device that fits works, or goes for work that comes before.</summary>
    Busy,
    /// <summary>A device that fits is free and starts as soon as its agent asks.</summary>
    Starting,
    /// <summary>The devices that have the app serve it sooner than one more install would.</summary>
    InstallNotWorthIt,
}

/// <summary>Why a job waits.</summary>
/// <param name="Kind">For programs.</param>
/// <param name="Text">A sentence for people, without a full stop.</param>
public sealed record WaitReason(WaitKind Kind, string Text);

/// <summary>What a device is up to.</summary>
public enum DeviceState
{
    /// <summary>It can take a job.</summary>
    Free,
    /// <summary>It is leased to a job.</summary>
    Busy,
    /// <summary>It failed so often in a row that it rests.</summary>
    Resting,
    /// <summary>Its agent gets no new work.</summary>
    Draining,
    /// <summary>A person took it out of service.</summary>
    Paused,
    /// <summary>Its agent is not there, or does not see it.</summary>
    Offline,
}

/// <summary>Tells what a device is up to.</summary>
public static class DeviceStates
{
    /// <summary>The state that people are shown: what hinders most comes first.</summary>
    /// <param name="pool">The pool it works in.</param>
    /// <param name="device">The device.</param>
    /// <param name="now">UTC, from the caller.</param>
    public static DeviceState Of(PoolView pool, Device device, DateTimeOffset now) => device switch
    {
        { Online: false } => DeviceState.Offline,
        { Paused: true } => DeviceState.Paused,
        { Lease: not null } => DeviceState.Busy,
        _ when pool.IsDraining(device.AgentId) => DeviceState.Draining,
        _ when device.IsCooling(now) => DeviceState.Resting,
        _ => DeviceState.Free,
    };
}
