namespace Qgjob.Core.Simulation;

/// <summary>Who decides in a simulation.</summary>
public enum PolicyKind
{
    /// <summary>The rule that the server uses.</summary>
    Qgjob,
    /// <summary>First in, first out, whatever is installed: what a plain queue does.</summary>
    Fifo,
    /// <summary>The app version that the fewest devices serve; among equals the one that is installed.</summary>
    Sticky,
}

/// <summary>What to simulate.</summary>
public sealed record SimulationOptions
{
    /// <summary>Devices, each of which can serve every job.</summary>
    public required int Devices { get; init; }
    /// <summary>Who decides.</summary>
    public PolicyKind Policy { get; init; } = PolicyKind.Qgjob;
    /// <summary>False: all jobs are treated as one org's. For comparison.</summary>
    public bool Fairness { get; init; } = true;
}

/// <summary>What one org experienced.</summary>
/// <param name="OrgId">The org.</param>
/// <param name="MeanTurnaroundSeconds">From release to end, on average over its jobs.</param>
/// <param name="MaxWaitSeconds">Longest time from release to start.</param>
public sealed record OrgResult(string OrgId, double MeanTurnaroundSeconds, double MaxWaitSeconds);

/// <summary>What came of a simulation.</summary>
/// <param name="Policy">Who decided.</param>
/// <param name="Devices">Devices.</param>
/// <param name="Jobs">Jobs, all of them done.</param>
/// <param name="MakespanSeconds">From second 0 of the trace to the last job's end.</param>
/// <param name="MakespanBoundSeconds">No policy can be faster; see <see cref="Bounds.Makespan"/>.</param>
/// <param name="Installs">Installs made.</param>
/// <param name="InstallFloor">No policy that ends at the same time needs fewer; see <see cref="Bounds.InstallFloor"/>.</param>
/// <param name="MeanTurnaroundSeconds">From release to end, on average.</param>
/// <param name="P95TurnaroundSeconds">19 of 20 jobs took no longer.</param>
/// <param name="Decisions">Decisions made.</param>
/// <param name="DecisionMicrosecondsMean">What one took, of this machine's time.</param>
/// <param name="Orgs">By id.</param>
public sealed record SimulationResult(
    PolicyKind Policy,
    int Devices,
    int Jobs,
    double MakespanSeconds,
    double MakespanBoundSeconds,
    int Installs,
    int InstallFloor,
    double MeanTurnaroundSeconds,
    double P95TurnaroundSeconds,
    long Decisions,
    double DecisionMicrosecondsMean,
    IReadOnlyList<OrgResult> Orgs);

/// <summary>
/// Plays a trace on virtual time through the rule and the in-memory store that the server uses: there is no second
/// copy of either.
/// </summary>
public static class Simulator
{
    /// <summary>Simulates until every job is done.</summary>
    /// <param name="jobs">The trace, in any order; jobs of one moment are submitted in the order given.</param>
    /// <param name="options">What to simulate.</param>
    /// <param name="cancel">Ends the simulation early.</param>
    public static async Task<SimulationResult> RunAsync(IReadOnlyList<TraceJob> jobs, SimulationOptions options, CancellationToken cancel)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(options.Devices, 1);
        await using var lab = new SimulatedLab(jobs, options);
        await lab.RunAsync(cancel);
        return lab.Result();
    }
}
