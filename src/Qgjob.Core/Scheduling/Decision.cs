namespace Qgjob.Core.Scheduling;

/// <summary>Why a device gets no work now.</summary>
public enum IdleReason
{
    /// <summary>No group has jobs waiting.</summary>
    NothingWaits,
    /// <summary>Jobs wait, and none of them may run on this device now.</summary>
    NothingFits,
    /// <summary>Jobs wait, and each is served sooner without another install.</summary>
    NotWorthAnInstall,
    /// <summary>The device is offline, paused, resting or leased, or its agent is draining.</summary>
    NotFree,
}

/// <summary>What a free device should do.</summary>
public abstract record Decision
{
    private Decision() { }

    /// <summary>Take the group's first job.</summary>
    /// <param name="GroupId">The group.</param>
    /// <param name="NeedsInstall">The device does not have the app version yet.</param>
    public sealed record Claim(string GroupId, bool NeedsInstall) : Decision;

    /// <summary>Wait.</summary>
    public sealed record Idle(IdleReason Reason) : Decision;
}
