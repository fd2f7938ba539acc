using System.Text.Json;
using System.Text.Json.Nodes;

namespace Qgjob.Client.Projects;

/// <summary>What packing has to know of a package.json.</summary>
/// <param name="Name">As other packages name it.</param>
/// <param name="Workspaces">Patterns of the packages that belong to this one; null when it is no workspace root.</param>
/// <param name="Dependencies">Names and versions, of all kinds.</param>
internal sealed record PackageManifest(string? Name, IReadOnlyList<string>? Workspaces, IReadOnlyList<KeyValuePair<string, string>> Dependencies)
{
    private static readonly string[] Lists = ["dependencies", "devDependencies", "optionalDependencies", "peerDependencies"];

    /// <summary>Null when the folder has none.</summary>
    /// <exception cref="BundleException">It is not valid JSON.</exception>
    public static PackageManifest? Read(string folder)
    {
        var file = Path.Combine(folder, "package.json");
        if (!File.Exists(file)) return null;
        try
        {
            using var json = JsonDocument.Parse(File.ReadAllBytes(file));
            var root = json.RootElement;
            if (root.ValueKind != JsonValueKind.Object) throw new BundleException($"{file} holds no object.");
            return new PackageManifest(
                root.TryGetProperty("name", out var name) && name.ValueKind == JsonValueKind.String ? name.GetString() : null,
                root.TryGetProperty("workspaces", out var workspaces) ? Patterns(workspaces) : null,
                [.. Lists.SelectMany(list => Pairs(root, list))]);
        }
        catch (JsonException e)
        {
            throw new BundleException($"{file} is not valid JSON: {e.Message}");
        }
    }

    /// <summary>A manifest for a package whose files stay at home: its scripts could not run.</summary>
    public static byte[] WithoutScripts(string file)
    {
        try
        {
            if (JsonNode.Parse(File.ReadAllBytes(file)) is not JsonObject manifest || !manifest.Remove("scripts")) return File.ReadAllBytes(file);
            return System.Text.Encoding.UTF8.GetBytes(manifest.ToJsonString());
        }
        catch (JsonException e)
        {
            throw new BundleException($"{file} is not valid JSON: {e.Message}");
        }
    }

    // A list, or, in older yarn's way, an object with one.
    private static List<string>? Patterns(JsonElement workspaces)
    {
        if (workspaces.ValueKind == JsonValueKind.Object && workspaces.TryGetProperty("packages", out var inner)) workspaces = inner;
        return workspaces.ValueKind == JsonValueKind.Array
            ? [.. workspaces.EnumerateArray().Where(p => p.ValueKind == JsonValueKind.String).Select(p => p.GetString()!)]
            : null;
    }

    private static IEnumerable<KeyValuePair<string, string>> Pairs(JsonElement root, string list) =>
        root.TryGetProperty(list, out var pairs) && pairs.ValueKind == JsonValueKind.Object
            ? pairs.EnumerateObject().Where(p => p.Value.ValueKind == JsonValueKind.String).Select(p => KeyValuePair.Create(p.Name, p.Value.GetString()!))
            : [];
}
