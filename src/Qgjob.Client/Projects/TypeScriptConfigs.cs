using System.Text.Json;

namespace Qgjob.Client.Projects;

/// <summary>The tsconfig files that a folder's own one is made of. Playwright reads them to resolve imports.</summary>
internal static class TypeScriptConfigs
{
    private static readonly JsonDocumentOptions Relaxed = new() { AllowTrailingCommas = true, CommentHandling = JsonCommentHandling.Skip };
    private static readonly string[] Names = ["tsconfig.json", "jsconfig.json"];

    /// <summary>Adds the folder's configs and, through <c>extends</c> and <c>references</c>, all that they rest on.</summary>
    /// <param name="folder">Where to look.</param>
    /// <param name="found">Full paths; packages' configs are not among them, they come with the packages.</param>
    public static void Add(string folder, HashSet<string> found)
    {
        foreach (var name in Names) Follow(Path.Combine(folder, name), found);
    }

    private static void Follow(string file, HashSet<string> found)
    {
        if (!File.Exists(file) || !found.Add(file)) return;
        var folder = Path.GetDirectoryName(file)!;
        foreach (var (path, isReference) in Named(file))
        {
            if (!isReference && !path.StartsWith('.') && !Path.IsPathRooted(path)) continue;
            var target = Path.GetFullPath(path, folder);
            if (isReference && Directory.Exists(target)) target = Path.Combine(target, "tsconfig.json");
            if (!File.Exists(target) && File.Exists(target + ".json")) target += ".json";
            Follow(target, found);
        }
    }

    private static List<(string Path, bool IsReference)> Named(string file)
    {
        try
        {
            using var json = JsonDocument.Parse(File.ReadAllBytes(file), Relaxed);
            if (json.RootElement.ValueKind != JsonValueKind.Object) return [];
            var named = new List<(string, bool)>();
            if (json.RootElement.TryGetProperty("extends", out var extends))
                foreach (var path in extends.ValueKind == JsonValueKind.Array ? extends.EnumerateArray().ToList() : [extends])
                    if (path.ValueKind == JsonValueKind.String) named.Add((path.GetString()!, false));
            if (json.RootElement.TryGetProperty("references", out var references) && references.ValueKind == JsonValueKind.Array)
                foreach (var reference in references.EnumerateArray())
                    if (reference.ValueKind == JsonValueKind.Object && reference.TryGetProperty("path", out var path) && path.ValueKind == JsonValueKind.String)
                        named.Add((path.GetString()!, true));
            return named;
        }
        catch (JsonException)
        {
            return []; // Playwright will say so, in its own words.
        }
    }
}
