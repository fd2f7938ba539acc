namespace Qgjob.Client.Projects;

/// <summary>Works out which folders and files a project needs, before any is listed.</summary>
/// <remarks>
/// Of a workspace: the project's package and the packages of the workspace that it depends on, whole; of all other packages
/// only package.json, because a lock file speaks of them and package managers check it; from the root what they read.
/// </remarks>
internal sealed class ProjectNeeds
{
    private const string IncludeFile = ".qgjobinclude";

    private static readonly string[] RootFiles =
    [
        "package.json", "package-lock.json", "npm-shrinkwrap.json", "pnpm-lock.yaml", "yarn.lock", "pnpm-workspace.yaml",
        ".npmrc", ".yarnrc", ".yarnrc.yml", ".pnpmfile.cjs", "bun.lock", "bun.lockb",
    ];

    private static readonly string[] RootFolders = ["patches", ".yarn/cache", ".yarn/patches", ".yarn/plugins", ".yarn/releases"];

    private readonly string? repository;
    private readonly SortedSet<string> folders = new(StringComparer.Ordinal);
    private readonly HashSet<string> files = new(StringComparer.Ordinal);
    private readonly HashSet<string> manifests = new(StringComparer.Ordinal);
    private readonly List<(string Folder, string Pattern)> includes = [];

    private ProjectNeeds(string folder)
    {
        repository = Upward(folder).FirstOrDefault(f => Path.Exists(Path.Combine(f, ".git")));
        Root = Install = folder;
    }

    public string Root { get; private set; }
    public string Install { get; private set; }
    public FileSelection Selection { get; private set; } = FileSelection.Everything([]);

    /// <summary>Bundle paths of the package.json files whose packages are not in the bundle.</summary>
    public HashSet<string> ManifestsOnly { get; private set; } = [];

    public static ProjectNeeds Of(string folder, IEnumerable<string> includes)
    {
        var needs = new ProjectNeeds(folder);
        needs.Collect(folder, includes);
        return needs;
    }

    private void Collect(string project, IEnumerable<string> given)
    {
        var package = PackageOf(project);
        var workspace = PackageWorkspace.Find(package, repository);
        Install = workspace?.Root ?? package;
        // A workspace's root holds everything; a project below it that has no package.json of its own is all that is meant.
        folders.Add(package == workspace?.Root ? project : package);
        AddPackages(package, workspace);
        if (workspace is not null)
        {
            files.UnionWith(RootFiles.Select(f => Path.Combine(workspace.Root, f)));
            folders.UnionWith(RootFolders.Select(f => Path.Combine(workspace.Root, f)));
            foreach (var member in workspace.Members.Where(m => !folders.Contains(m))) manifests.Add(Path.Combine(member, "package.json"));
        }

        // Where a folder has no tsconfig.json, Playwright takes the nearest one above.
        foreach (var folder in Upward(project).TakeWhile(f => FileSelection.IsInside(f, Install)).Concat([.. folders]))
        {
            TypeScriptConfigs.Add(folder, files);
            files.Add(Path.Combine(folder, "package.json"));
        }

        foreach (var pattern in given) Include(project, pattern, "--include");
        foreach (var folder in new[] { project, package, Install }.Distinct()) IncludeFrom(folder);
        Finish(project);
    }

    /// <summary>The folder itself or the nearest one above it, in the same repository, with a package.json.</summary>
    private string PackageOf(string project)
    {
        if (File.Exists(Path.Combine(project, "package.json")) || repository is null) return project;
        return Upward(project).TakeWhile(f => FileSelection.IsInside(f, repository)).FirstOrDefault(f => File.Exists(Path.Combine(f, "package.json"))) ?? project;
    }

    /// <summary>Adds the local packages that a package needs, and those that they need.</summary>
    private void AddPackages(string package, PackageWorkspace? workspace)
    {
        var byName = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var member in workspace?.Members ?? [])
            if (PackageManifest.Read(member)?.Name is { } name) byName.TryAdd(name, member);
        var open = new Queue<string>([package]);
        if (workspace is not null && workspace.Root != package) open.Enqueue(workspace.Root);
        var seen = new HashSet<string>(open);
        while (open.TryDequeue(out var at))
            foreach (var (name, version) in PackageManifest.Read(at)?.Dependencies ?? [])
            {
                var local = LocalPath(version) is { } path ? Path.TrimEndingDirectorySeparator(Path.GetFullPath(path, at)) : byName.GetValueOrDefault(name);
                if (local is null || !seen.Add(local)) continue;
                if (Directory.Exists(local))
                {
                    folders.Add(local);
                    open.Enqueue(local);
                }
                else
                {
                    files.Add(local); // A packed package, such as file:./vendor/x.tgz.
                }
            }
    }

    private static string? LocalPath(string version)
    {
        foreach (var prefix in (string[])["file:", "link:", "portal:", "workspace:"])
            if (version.StartsWith(prefix, StringComparison.Ordinal))
                return prefix != "workspace:" || version.AsSpan(prefix.Length).StartsWith(".") ? version[prefix.Length..] : null;
        return version.StartsWith("./", StringComparison.Ordinal) || version.StartsWith("../", StringComparison.Ordinal) ? version : null;
    }

    private void IncludeFrom(string folder)
    {
        var file = Path.Combine(folder, IncludeFile);
        if (!File.Exists(file)) return;
        foreach (var line in File.ReadAllLines(file).Select(l => l.Trim()).Where(l => l.Length > 0 && l[0] != '#'))
            Include(folder, line.TrimStart('/'), IncludeFile);
    }

    private void Include(string folder, string pattern, string source)
    {
        pattern = pattern.Replace('\\', '/').TrimEnd('/');
        while (pattern.StartsWith("./", StringComparison.Ordinal)) pattern = pattern[2..];
        while (pattern == ".." || pattern.StartsWith("../", StringComparison.Ordinal))
        {
            pattern = pattern.Length == 2 ? "" : pattern[3..];
            folder = Path.GetDirectoryName(folder) ?? folder;
        }
        if (pattern.Split('/').Contains("..") || Path.IsPathRooted(pattern))
            throw new BundleException($"{source}: '{pattern}' has to be relative, with .. at its start only.");
        includes.Add((folder, pattern.Length == 0 ? "**" : pattern));
    }

    /// <summary>The folder's name in a pattern. A brace cannot stand for itself there, so any character does for it.</summary>
    private static string Literal(string path) =>
        string.Concat(path.Select(c => c is '{' or '}' ? "?" : "*?[]".Contains(c, StringComparison.Ordinal) ? $"\\{c}" : c.ToString()));

    private void Finish(string project)
    {
        files.RemoveWhere(f => !File.Exists(f));
        folders.RemoveWhere(f => !Directory.Exists(f));
        var top = Install;
        foreach (var path in folders.Concat(files).Concat(includes.Select(i => i.Folder)).Append(project))
        {
            var common = Upward(top).First(f => FileSelection.IsInside(path, f));
            if (repository is null ? Path.GetDirectoryName(common) is null : common != top && !FileSelection.IsInside(common, repository))
                throw new BundleException($"The project {project} needs {path}, which is too far away{(repository is null ? "" : $": outside the repository {repository}")}. Copy it into the project.");
            top = common;
        }
        Root = top;
        manifests.RemoveWhere(m => folders.Any(f => FileSelection.IsInside(m, f)));
        files.UnionWith(manifests);
        Selection = new FileSelection(
            [.. folders.Select(f => ProjectSources.Relative(top, f))],
            files.Select(f => ProjectSources.Relative(top, f)).ToHashSet(StringComparer.Ordinal),
            [.. includes.Select(i => ProjectSources.Relative(top, i.Folder) is { Length: > 0 } below ? $"{Literal(below)}/{i.Pattern}" : i.Pattern)]);
        ManifestsOnly = manifests.Select(m => ProjectSources.Relative(top, m)).ToHashSet(StringComparer.Ordinal);
    }

    private static IEnumerable<string> Upward(string folder)
    {
        for (var at = folder; at is not null; at = Path.GetDirectoryName(at)) yield return at;
    }
}
