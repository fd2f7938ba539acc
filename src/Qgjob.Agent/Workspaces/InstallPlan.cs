using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace Qgjob.Agent.Workspaces;

/// <summary>How a project gets its packages, and with whom it may share them.</summary>
/// <param name="Folder">Where they are installed: the project or the root of its workspace.</param>
/// <param name="Key">The same for projects whose node_modules would be the same.</param>
/// <param name="IsWorkspace">Several packages, each with a node_modules of its own.</param>
/// <param name="IsSharable">The packages come from nothing but <paramref name="Inputs"/>: no local packages, no scripts of the project's own.</param>
/// <param name="Inputs">What the package manager reads, relative to the folder, sorted.</param>
internal sealed record InstallPlan(string Folder, PackageManager Manager, string Key, bool IsWorkspace, bool IsSharable, IReadOnlyList<string> Inputs)
{
    private static readonly string[] Files =
    [
        "package.json", "package-lock.json", "npm-shrinkwrap.json", "pnpm-lock.yaml", "yarn.lock",
        "pnpm-workspace.yaml", ".npmrc", ".yarnrc", ".yarnrc.yml", ".pnpmfile.cjs",
    ];

    private static readonly string[] Folders = ["patches", ".yarn"];
    private static readonly string[] InstallScripts = ["preinstall", "install", "postinstall", "prepublish", "preprepare", "prepare", "postprepare"];
    private static readonly string[] DependencyLists = ["dependencies", "devDependencies", "optionalDependencies"];
    private static readonly EnumerationOptions Deep = new() { RecurseSubdirectories = true, AttributesToSkip = FileAttributes.ReparsePoint };

    /// <param name="platform">Node's version and the operating system: native packages differ.</param>
    /// <returns>Null when the folder has no package.json.</returns>
    /// <exception cref="JsonException">A package.json or the lock file is not valid JSON.</exception>
    public static InstallPlan? Read(string folder, string platform)
    {
        if (!File.Exists(Path.Combine(folder, "package.json"))) return null;
        var manager = PackageManager.Detect(folder);
        var isWorkspace = File.Exists(Path.Combine(folder, "pnpm-workspace.yaml")) || HasWorkspaces(folder);
        var inputs = Files.Where(f => File.Exists(Path.Combine(folder, f)))
            .Concat(Folders.Where(f => Directory.Exists(Path.Combine(folder, f))).SelectMany(f => Below(folder, Path.Combine(folder, f), "*")))
            .Concat(isWorkspace ? Below(folder, folder, "package.json") : Tarballs(folder))
            .Distinct().Order(StringComparer.Ordinal).ToList();
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(Encoding.UTF8.GetBytes($"{platform}\0{manager.Name}@{manager.Version}"));
        foreach (var name in inputs)
        {
            var content = File.ReadAllBytes(Path.Combine(folder, name));
            hash.AppendData(Encoding.UTF8.GetBytes($"\0{name}\0{content.Length}\0"));
            hash.AppendData(content);
        }

        return new InstallPlan(
            folder, manager, Convert.ToHexStringLower(hash.GetHashAndReset())[..32], isWorkspace,
            inputs.Where(i => Path.GetFileName(i) == "package.json").All(i => IsSelfContained(Path.Combine(folder, i), isMember: i != "package.json", inputs))
                && (isWorkspace || manager.LockFile is not "package-lock.json" || !HasLinks(Path.Combine(folder, manager.LockFile))),
            inputs);
    }

    private static IEnumerable<string> Below(string root, string folder, string pattern) =>
        Directory.EnumerateFiles(folder, pattern, Deep).Select(f => Path.GetRelativePath(root, f).Replace('\\', '/')).Where(f => !f.Split('/').Contains("node_modules"));

    private static bool HasWorkspaces(string folder)
    {
        using var json = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(folder, "package.json")));
        return json.RootElement.ValueKind == JsonValueKind.Object && json.RootElement.TryGetProperty("workspaces", out _);
    }

    /// <summary>Packed packages of the project's own, which are installed as those of a registry are.</summary>
    private static IEnumerable<string> Tarballs(string folder)
    {
        using var json = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(folder, "package.json")));
        return [.. Versions(json.RootElement).Select(Tarball).OfType<string>().Where(t => File.Exists(Path.Combine(folder, t)))];
    }

    /// <returns>The file below the project that a dependency names; null when it is none.</returns>
    private static string? Tarball(string version)
    {
        var name = version.StartsWith("file:", StringComparison.Ordinal) ? version["file:".Length..] : version;
        if (name.StartsWith("./", StringComparison.Ordinal)) name = name[2..];
        return (name.EndsWith(".tgz", StringComparison.Ordinal) || name.EndsWith(".tar.gz", StringComparison.Ordinal))
            && !name.Contains(':', StringComparison.Ordinal) && !name.StartsWith('/') && !name.StartsWith('~') && !name.Split('/').Contains("..") ? name : null;
    }

    private static IEnumerable<string> Versions(JsonElement manifest) =>
        manifest.ValueKind != JsonValueKind.Object ? [] : DependencyLists
            .Select(list => manifest.TryGetProperty(list, out var dependencies) ? dependencies : default)
            .Where(d => d.ValueKind == JsonValueKind.Object)
            .SelectMany(d => d.EnumerateObject())
            .Where(d => d.Value.ValueKind == JsonValueKind.String)
            .Select(d => d.Value.GetString()!);

    private static bool IsSelfContained(string manifest, bool isMember, IReadOnlyList<string> inputs)
    {
        using var json = JsonDocument.Parse(File.ReadAllBytes(manifest));
        var root = json.RootElement;
        if (root.ValueKind != JsonValueKind.Object) throw new JsonException("package.json holds no object");
        // A program of a workspace's package is linked only where its file is.
        if (isMember && root.TryGetProperty("bin", out _)) return false;
        if (root.TryGetProperty("dependenciesMeta", out _)) return false; // Packages copied into others ("injected").
        if (root.TryGetProperty("scripts", out var scripts) && scripts.ValueKind == JsonValueKind.Object
            && InstallScripts.Any(s => scripts.TryGetProperty(s, out var script) && !IsPatching(script))) return false;
        return !Versions(root).Any(v => IsLocal(v) && !(!isMember && Tarball(v) is { } file && inputs.Contains(file)));
    }

    // It reads patches/ and nothing else.
    private static bool IsPatching(JsonElement script) => script.ValueEquals("patch-package");

    private static bool IsLocal(string version) =>
        version.StartsWith("file:", StringComparison.Ordinal) || version.StartsWith("link:", StringComparison.Ordinal) || version.StartsWith("portal:", StringComparison.Ordinal)
        || version.StartsWith('.') || version.StartsWith('/') || version.StartsWith("~/", StringComparison.Ordinal);

    private static bool HasLinks(string lockFile)
    {
        using var json = JsonDocument.Parse(File.ReadAllBytes(lockFile));
        return json.RootElement.TryGetProperty("packages", out var packages) && packages.ValueKind == JsonValueKind.Object
            && packages.EnumerateObject().Any(p =>
                p.Value.ValueKind == JsonValueKind.Object && p.Value.TryGetProperty("link", out var link) && link.ValueKind == JsonValueKind.True);
    }
}
