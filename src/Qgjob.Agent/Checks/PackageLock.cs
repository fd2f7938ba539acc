using System.Text.Json;
using System.Text.RegularExpressions;

namespace Qgjob.Agent.Checks;

/// <summary>A lock file of npm, pnpm or yarn, read as far as its format is the same in all versions.</summary>
/// <param name="File">Its path.</param>
/// <param name="Manager">npm, pnpm or yarn.</param>
/// <param name="Missing">Dependencies of the project that it does not know, or knows with another range.</param>
/// <param name="Playwright">Versions of @playwright/test in it.</param>
/// <param name="AppWright">Versions of appwright in it.</param>
internal sealed partial record PackageLock(
    string File, string Manager, IReadOnlyList<string> Missing, IReadOnlyList<string> Playwright, IReadOnlyList<string> AppWright)
{
    private static readonly (string Name, string Manager)[] Names =
        [("package-lock.json", "npm"), ("npm-shrinkwrap.json", "npm"), ("pnpm-lock.yaml", "pnpm"), ("yarn.lock", "yarn")];

    /// <summary>The lock file in the folder, or in the nearest one above it up to the repository's root; null when there is none.</summary>
    /// <exception cref="JsonException">npm's lock file is not valid JSON.</exception>
    public static PackageLock? Find(string folder, IReadOnlyDictionary<string, string> dependencies)
    {
        for (var at = folder; at is not null; at = Path.GetDirectoryName(at))
        {
            foreach (var (name, manager) in Names)
            {
                var file = Path.Combine(at, name);
                if (!System.IO.File.Exists(file)) continue;
                var member = Path.GetRelativePath(at, folder).Replace('\\', '/');
                return manager == "npm" ? OfNpm(file, member == "." ? "" : member, dependencies) : OfText(file, manager, dependencies);
            }
            if (Directory.Exists(Path.Combine(at, ".git"))) return null;
        }
        return null;
    }

    private static PackageLock OfNpm(string file, string member, IReadOnlyDictionary<string, string> dependencies)
    {
        using var json = JsonDocument.Parse(System.IO.File.ReadAllBytes(file));
        // Before npm 7 there was no such list, and ranges were not kept: nothing to compare with.
        if (json.RootElement.ValueKind != JsonValueKind.Object || !json.RootElement.TryGetProperty("packages", out var packages) || packages.ValueKind != JsonValueKind.Object)
            return new PackageLock(file, "npm", [], [], []);
        var locked = packages.TryGetProperty(member, out var own) ? PackageJson.Dependencies(own) : new Dictionary<string, string>();
        return new PackageLock(
            file, "npm",
            [.. dependencies.Where(d => locked.GetValueOrDefault(d.Key) != d.Value).Select(d => d.Key)],
            Versions("@playwright/test"), Versions("appwright"));

        List<string> Versions(string name) =>
        [
            .. packages.EnumerateObject()
                .Where(p => p.Name.EndsWith("node_modules/" + name, StringComparison.Ordinal) && p.Value.TryGetProperty("version", out var v) && v.ValueKind == JsonValueKind.String)
                .Select(p => p.Value.GetProperty("version").GetString()!).Distinct(),
        ];
    }

    private static PackageLock OfText(string file, string manager, IReadOnlyDictionary<string, string> dependencies)
    {
        var text = System.IO.File.ReadAllText(file);
        return new PackageLock(file, manager, [.. dependencies.Where(d => !Knows(d.Key, d.Value)).Select(d => d.Key)], Versions("@playwright/test"), Versions("appwright"));

        bool Knows(string name, string range) =>
            IsElsewhere(range) || (manager == "yarn"
                // "name@range" (yarn 1), "name@npm:range" (later).
                ? text.Contains($"{name}@{range}", StringComparison.Ordinal) || text.Contains($"{name}@npm:{range}", StringComparison.Ordinal)
                // "name:" and, on the next line, "specifier: range"; before pnpm 8 "name: range".
                : Regex.IsMatch(text, $@"^\s+['""]?{Regex.Escape(name)}['""]?:(\s*\n\s+specifier:)?\s*['""]?{Regex.Escape(range)}['""]?\s*$", RegexOptions.Multiline, OneSecond));

        List<string> Versions(string name) =>
        [
            .. (manager == "yarn"
                    ? Regex.Matches(text, $@"^""?{Regex.Escape(name)}@[^\n]*:\n\s+version:? ""?([0-9][^\s""]*)", RegexOptions.Multiline, OneSecond)
                    : Regex.Matches(text, $@"^\s+['""/]*{Regex.Escape(name)}[@/]([0-9][^\s('"":]*)", RegexOptions.Multiline, OneSecond))
                .Select(m => m.Groups[1].Value).Distinct(),
        ];
    }

    /// <summary>Ranges that lock files write in forms of their own.</summary>
    private static bool IsElsewhere(string range) => Elsewhere().IsMatch(range);

    [GeneratedRegex("^(workspace|catalog|file|link|portal|patch|git|https?|npm|github):?|/", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Elsewhere();

    private static readonly TimeSpan OneSecond = TimeSpan.FromSeconds(1);
}

/// <summary>What the checks read in a package.json, or in a package of npm's lock file.</summary>
internal static class PackageJson
{
    private static readonly string[] Lists = ["dependencies", "devDependencies", "optionalDependencies"];

    /// <summary>Names and ranges of what is installed for the package.</summary>
    public static Dictionary<string, string> Dependencies(JsonElement package)
    {
        var found = new Dictionary<string, string>(StringComparer.Ordinal);
        if (package.ValueKind != JsonValueKind.Object) return found;
        foreach (var list in Lists)
            if (package.TryGetProperty(list, out var pairs) && pairs.ValueKind == JsonValueKind.Object)
                foreach (var pair in pairs.EnumerateObject().Where(p => p.Value.ValueKind == JsonValueKind.String))
                    found[pair.Name] = pair.Value.GetString()!;
        return found;
    }
}
