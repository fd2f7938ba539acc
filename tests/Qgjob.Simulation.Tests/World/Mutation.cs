namespace Qgjob.Simulation.Tests.World;

/// <summary>A guard that is dropped, to show that the simulation would notice.</summary>
internal enum Mutation
{
    None,
    /// <summary>A finish or renewal counts whatever its token.</summary>
    NoTokenCheck,
    /// <summary>A claim counts whatever the version of the device that it was decided on.</summary>
    NoVersionCheck,
    /// <summary>A commit is taken whichever one it follows.</summary>
    NoHeadCheck,
    /// <summary>Servers do not see other servers' leases.</summary>
    NoUniqueLease,
    /// <summary>A server does not recognise its own commit whose answer was lost.</summary>
    NoDoubtfulCommits,
    /// <summary>An agent trusts its leases for ever.</summary>
    NoFence,
    /// <summary>Idempotency keys are ignored.</summary>
    NoIdempotencyKey,
    /// <summary>A finish that is said again is a new one.</summary>
    NoFinishId,
}
