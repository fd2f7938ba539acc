using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace Qgjob.Agent.Workspaces;

/// <summary>What a project's packages depend on.</summary>
/// <param name="Key">The same for projects whose node_modules would be the same.</param>
/// <param name="HasLock">There is a package-lock.json, so that `npm ci` works.</param>
/// <param name="IsSharable">The packages come from nothing but these files: no local packages, no scripts of the project's own.</param>
internal sealed record NpmProject(string Folder, string Key, bool HasLock, bool IsSharable)
{
    /// <summary>What npm reads besides the project's own code.</summary>
    public static readonly string[] Files = ["package.json", "package-lock.json", ".npmrc"];

    private static readonly string[] InstallScripts = ["preinstall", "install", "postinstall", "prepublish", "preprepare", "prepare", "postprepare"];
    private static readonly string[] DependencyLists = ["dependencies", "devDependencies", "optionalDependencies"];

    /// <param name="platform">Node's version and the operating system: native packages differ.</param>
    /// <returns>Null when the folder has no package.json.</returns>
    /// <exception cref="JsonException">package.json or the lock file is not valid JSON.</exception>
    public static NpmProject? Read(string folder, string platform)
    {
        var manifest = Path.Combine(folder, "package.json");
        if (!File.Exists(manifest)) return null;
        var lockFile = Path.Combine(folder, "package-lock.json");
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(Encoding.UTF8.GetBytes(platform));
        foreach (var name in Files)
        {
            var file = Path.Combine(folder, name);
            hash.AppendData(Encoding.UTF8.GetBytes($"\0{name}\0"));
            if (File.Exists(file)) hash.AppendData(File.ReadAllBytes(file));
        }

        return new NpmProject(
            folder, Convert.ToHexStringLower(hash.GetHashAndReset())[..32], File.Exists(lockFile),
            IsSharable: IsSelfContained(manifest) && (!File.Exists(lockFile) || !HasLinks(lockFile)));
    }

    private static bool IsSelfContained(string manifest)
    {
        using var json = JsonDocument.Parse(File.ReadAllBytes(manifest));
        var root = json.RootElement;
        if (root.ValueKind != JsonValueKind.Object) throw new JsonException("package.json holds no object");
        if (root.TryGetProperty("workspaces", out _)) return false;
        if (root.TryGetProperty("scripts", out var scripts) && scripts.ValueKind == JsonValueKind.Object
            && InstallScripts.Any(s => scripts.TryGetProperty(s, out _))) return false;
        return !DependencyLists.Any(list => root.TryGetProperty(list, out var dependencies)
            && dependencies.ValueKind == JsonValueKind.Object
            && dependencies.EnumerateObject().Any(d => d.Value.ValueKind == JsonValueKind.String && IsLocal(d.Value.GetString()!)));
    }

    private static bool IsLocal(string version) =>
        version.StartsWith("file:", StringComparison.Ordinal) || version.StartsWith("link:", StringComparison.Ordinal)
        || version.StartsWith('.') || version.StartsWith('/') || version.StartsWith('~') && version.StartsWith("~/", StringComparison.Ordinal);

    private static bool HasLinks(string lockFile)
    {
        using var json = JsonDocument.Parse(File.ReadAllBytes(lockFile));
        return json.RootElement.TryGetProperty("packages", out var packages) && packages.ValueKind == JsonValueKind.Object
            && packages.EnumerateObject().Any(p =>
                p.Value.ValueKind == JsonValueKind.Object && p.Value.TryGetProperty("link", out var link) && link.ValueKind == JsonValueKind.True);
    }
}
