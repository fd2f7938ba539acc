using System.Text.Json.Serialization;

namespace Qgjob.Agent.AppWright;

/// <summary>A Playwright project as the user's config has it.</summary>
/// <param name="Platform">AppWright's word: android or ios.</param>
/// <param name="Provider">AppWright's word: local-device, emulator or browserstack.</param>
/// <param name="BuildPath">As written; relative to the project folder.</param>
/// <param name="DeviceName">The cloud phone that it names, as BrowserStack calls it.</param>
/// <param name="DeviceOs">The version of its system.</param>
internal sealed record ConfiguredProject(
    string Name, string? Platform, string? Provider, string? BuildPath, IReadOnlyList<string> Dependencies, string? DeviceName = null, string? DeviceOs = null);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(List<ConfiguredProject>))]
internal sealed partial class ConfigJson : JsonSerializerContext;

internal abstract record ProjectChoice
{
    /// <summary>
    /// The named project; else the one for the device's platform; else, of several, the one for its kind.
    /// </summary>
    /// <param name="provider">AppWright's word for that kind.</param>
    public static ProjectChoice Choose(IReadOnlyList<ConfiguredProject> projects, string? named, string platform, string provider)
    {
        if (named is not null)
        {
            return projects.FirstOrDefault(p => p.Name == named) is { } exact
                ? new Chosen(exact)
                : new NotChosen($"The config has no project '{named}'. It has: {List(projects)}.");
        }

        var fitting = projects.Where(p => string.Equals(p.Platform, platform, StringComparison.OrdinalIgnoreCase)).ToList();
        if (fitting.Count == 0) return new NotChosen($"The config has no project for {platform}. It has: {List(projects)}.");
        if (fitting.Count == 1) return new Chosen(fitting[0]);
        var exactly = fitting.Where(p => p.Provider == provider).ToList();
        return exactly.Count == 1
            ? new Chosen(exactly[0])
            : new NotChosen($"Several projects of the config fit ({List(exactly.Count > 0 ? exactly : fitting)}); name one with --aw-project.");
    }

    private static string List(IReadOnlyList<ConfiguredProject> projects) =>
        projects.Count == 0 ? "none" : string.Join(", ", projects.Select(p => p.Name.Length == 0 ? "(unnamed)" : p.Name));
}

internal sealed record Chosen(ConfiguredProject Project) : ProjectChoice;

internal sealed record NotChosen(string Reason) : ProjectChoice;
