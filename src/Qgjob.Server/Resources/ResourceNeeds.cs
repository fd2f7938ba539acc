using Qgjob.Core.Storage;
using Qgjob.Server.Http;

namespace Qgjob.Server.Resources;

/// <summary>Checks which named resources a submission asks for: a job that nobody can ever serve is refused at once.</summary>
internal sealed class ResourceNeeds(IJobStore store)
{
    private const int MostNeeds = 20;
    private const int MostShown = 20;

    /// <summary>The names, sorted.</summary>
    /// <param name="orgId">The org, whose resources count.</param>
    /// <param name="needs">What was asked for.</param>
    /// <param name="env">The tests' environment: what a unit is handed over in must not be set there.</param>
    /// <param name="cancel">Ends it.</param>
    /// <exception cref="RefusedException">They are not defined, or cannot be told apart.</exception>
    public async Task<IReadOnlyList<string>> CheckAsync(
        string orgId, IReadOnlyList<string>? needs, IReadOnlyDictionary<string, string> env, CancellationToken cancel)
    {
        if (needs is null or []) return [];
        if (needs.Count > MostNeeds) throw RefusedException.Invalid("needs", $"may name at most {MostNeeds} resources");
        var named = new Dictionary<string, string>(StringComparer.Ordinal);
        for (var i = 0; i < needs.Count; i++)
        {
            var name = Check.Id($"needs[{i}]", needs[i]);
            var variable = ResourceEnvironment.VariableOf(name);
            if (named.TryGetValue(variable, out var other))
                throw RefusedException.Invalid("needs", other == name
                    ? $"'{name}' is listed twice; a job takes one unit of a resource"
                    : $"'{other}' and '{name}' would both be handed over as {variable}; rename one of them");
            if (env.ContainsKey(variable))
                throw RefusedException.Invalid($"env.{variable}", $"is what the unit of '{name}' is handed over in and cannot be set");
            named[variable] = name;
        }
        var defined = (await store.ResourcesAsync(orgId, cancel)).Where(r => r.Units.Any(u => !u.Leaving)).Select(r => r.Name).ToHashSet(StringComparer.Ordinal);
        if (named.Values.FirstOrDefault(n => !defined.Contains(n)) is { } unknown)
            throw RefusedException.Invalid("needs",
                $"{orgId} has no resource '{unknown}'; {Shown(defined)}. Define it: qgjob resources set {unknown} --org-id {orgId} --unit VALUE");
        return [.. named.Values.Order(StringComparer.Ordinal)];
    }

    private static string Shown(HashSet<string> defined) =>
        defined.Count == 0 ? "it has none yet"
        : $"it has {string.Join(", ", defined.Order(StringComparer.Ordinal).Take(MostShown))}{(defined.Count > MostShown ? $" and {defined.Count - MostShown} more" : "")}";
}
