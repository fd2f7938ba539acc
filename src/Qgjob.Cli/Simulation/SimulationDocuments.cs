using System.Text.Json.Serialization;
using Qgjob.Client.Wire;
using Qgjob.Core.Simulation;

namespace Qgjob.Cli.Simulation;

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, Converters = [typeof(SnakeCase<PolicyKind>)])]
[JsonSerializable(typeof(SimulationDocument))]
[JsonSerializable(typeof(SimulationsDocument))]
[JsonSerializable(typeof(TraceDocument))]
internal sealed partial class SimulationJson : JsonSerializerContext;

/// <summary>Kind <c>simulation</c>: one trace played on one number of devices. Times are in seconds, a decision's in microseconds.</summary>
internal sealed record SimulationDocument(
    PolicyKind Policy, int Devices, int Jobs, double MakespanS, double MakespanBoundS, int Installs, int InstallFloor,
    double MeanTurnaroundS, [property: JsonPropertyName("p95_turnaround_s")] double P95TurnaroundS,
    long Decisions, double DecisionUsMean, IReadOnlyList<OrgDocument> Orgs, int Seed, bool Fairness)
{
    public static SimulationDocument Of(SimulationResult result, SimulationOptions options, int seed) => new(
        result.Policy, result.Devices, result.Jobs, Round(result.MakespanSeconds), Round(result.MakespanBoundSeconds), result.Installs, result.InstallFloor,
        Round(result.MeanTurnaroundSeconds), Round(result.P95TurnaroundSeconds), result.Decisions, Round(result.DecisionMicrosecondsMean),
        [.. result.Orgs.Select(o => new OrgDocument(o.OrgId, Round(o.MeanTurnaroundSeconds), Round(o.MaxWaitSeconds)))], seed, options.Fairness);

    private static double Round(double value) => Math.Round(value, 3);
}

/// <summary>One org's jobs: from submission to the end on average, and the longest from submission to the start.</summary>
internal sealed record OrgDocument(string OrgId, double MeanTurnaroundS, double MaxWaitS);

/// <summary>Kind <c>simulations</c>: the same trace on several numbers of devices, in rising order.</summary>
internal sealed record SimulationsDocument(IReadOnlyList<SimulationDocument> Items);

/// <summary>Kind <c>trace</c>: a trace was written to a file.</summary>
internal sealed record TraceDocument(string File, int Jobs);
