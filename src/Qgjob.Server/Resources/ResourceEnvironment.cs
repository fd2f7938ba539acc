using Qgjob.Core.Devices;
using Qgjob.Core.Jobs;

namespace Qgjob.Server.Resources;

/// <summary>How a test learns which unit of a named resource is its own. Pure.</summary>
internal static class ResourceEnvironment
{
    private const string Prefix = "QGJOB_RESOURCE_";

    /// <summary>The variable of a resource: its name in capitals, with <c>_</c> for everything but letters and digits.</summary>
    public static string VariableOf(string resource) =>
        Prefix + string.Concat(resource.Select(c => char.IsAsciiLetterOrDigit(c) ? char.ToUpperInvariant(c) : '_'));

    /// <summary>The specification with the units in its environment; they count before what the submitter set.</summary>
    public static JobSpec With(JobSpec spec, IReadOnlyList<HeldUnit> units)
    {
        if (units.Count == 0) return spec;
        var env = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var (name, value) in spec.Env) env[name] = value;
        foreach (var unit in units) env[VariableOf(unit.Resource)] = unit.Value;
        return spec with { Env = env };
    }
}
