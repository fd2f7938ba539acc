namespace Qgjob.Simulation.Tests.World;

/// <summary>What must hold whatever happens.</summary>
internal enum Promise
{
    /// <summary>Commits follow each other, one by one.</summary>
    OneCommitAfterTheOther,
    OneLeasePerDevice,
    OneLeasePerJob,
    TokensRise,
    OneResultPerJob,
    NothingAcknowledgedIsLost,
    OneRunPerSubmission,
    AttemptsWithinLimits,
    NothingWithAnOldToken,
    NothingAfterCancel,
    CountersEqualARecount,
    OneDriverPerDevice,
    /// <summary>A claim is made for a device as it is, and reaches the agent that has it.</summary>
    ClaimsFit,
    EveryJobEnds,
    /// <summary>A server's working copy is what the journal holds.</summary>
    CopiesEqualTheJournal,
    /// <summary>One holder of a term at a time.</summary>
    OneHolderPerTerm,
    /// <summary>Neither product nor harness throws what nobody foresaw.</summary>
    NoBugs,
}

/// <summary>A promise that was broken, and by what; <paramref name="About"/> are ids of the device, the job and the like, to find the lines that tell of them.</summary>
internal sealed record Violation(Promise Promise, string Text, IReadOnlyList<string> About);
