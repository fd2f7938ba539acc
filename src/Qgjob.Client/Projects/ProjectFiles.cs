namespace Qgjob.Client.Projects;

/// <summary>Lists the files of a project that belong in its test bundle.</summary>
/// <remarks>
/// Rules: .gitignore files of the project, of its folders, and of the folders above it up to the repository's root.
/// A person's own git settings do not count, so that the list is the same on every machine.
/// </remarks>
public sealed class ProjectFiles
{
    /// <summary>Never part of a bundle, whatever the rules say: the agent makes its own, or they are results.</summary>
    private static readonly HashSet<string> LeftOut = new(StringComparer.Ordinal) { "node_modules", ".git", "test-results", "playwright-report" };

    private readonly string root;
    private readonly FileSelection selection;
    private readonly List<ProjectFile> files = [];

    private ProjectFiles(string root, FileSelection selection) => (this.root, this.selection) = (root, selection);

    /// <summary>Rules of one folder; <paramref name="Prefix"/> is the walked path relative to that folder, with a slash at its end.</summary>
    private sealed record Scope(IgnoreRules Rules, string Prefix);

    /// <summary>The files, sorted by path.</summary>
    /// <param name="root">The project's folder.</param>
    /// <param name="includes">Patterns, relative to the project, of ignored files that belong in it all the same.</param>
    /// <exception cref="BundleException">A symbolic link leaves the project.</exception>
    public static IReadOnlyList<ProjectFile> List(string root, IEnumerable<string> includes) => List(root, FileSelection.Everything([.. includes]));

    internal static IReadOnlyList<ProjectFile> List(string root, FileSelection selection)
    {
        root = Path.TrimEndingDirectorySeparator(Path.GetFullPath(root));
        var walk = new ProjectFiles(root, selection);
        walk.Walk(root, "", walk.RulesAbove(), ignored: false);
        walk.files.Sort((a, b) => string.CompareOrdinal(a.Path, b.Path));
        return walk.files;
    }

    private List<Scope> RulesAbove()
    {
        var scopes = new List<Scope>();
        if (IsRepository(root)) return scopes;
        var prefix = Path.GetFileName(root) + "/";
        for (var folder = Path.GetDirectoryName(root); folder is not null; folder = Path.GetDirectoryName(folder))
        {
            if (ReadRules(folder) is { } rules) scopes.Insert(0, new Scope(rules, prefix));
            if (IsRepository(folder)) return scopes;
            prefix = Path.GetFileName(folder) + "/" + prefix;
        }
        // Not in a repository: what lies above the project has nothing to say.
        return [];
    }

    private void Walk(string folder, string path, List<Scope> scopes, bool ignored)
    {
        if (ReadRules(folder) is { } own) scopes = [.. scopes, new Scope(own, "")];
        foreach (var entry in new DirectoryInfo(folder).EnumerateFileSystemInfos())
        {
            if (LeftOut.Contains(entry.Name)) continue;
            var entryPath = path + entry.Name;
            var isLink = entry.LinkTarget is not null;
            var isFolder = !isLink && entry is DirectoryInfo;
            // Git does not look into an ignored folder, so nothing inside can be kept by a later rule.
            var isIgnored = ignored || Decide(scopes, entry.Name, isFolder);
            if (isFolder)
            {
                if (selection.MayHold(entryPath, isIgnored))
                    Walk(entry.FullName, entryPath + "/", [.. scopes.Select(s => s with { Prefix = s.Prefix + entry.Name + "/" })], isIgnored);
            }
            else if ((!isIgnored && selection.Takes(entryPath)) || selection.IsIncluded(entryPath))
            {
                if (isLink) files.Add(new ProjectFile(entryPath, entry.FullName, 0, false, LinkTarget(entry, entryPath)));
                else if (entry is FileInfo { Exists: true } file && (file.Attributes & FileAttributes.Device) == 0)
                    files.Add(new ProjectFile(entryPath, file.FullName, file.Length, IsExecutable(file)));
            }
        }
    }

    private static bool Decide(List<Scope> scopes, string name, bool isFolder)
    {
        for (var i = scopes.Count - 1; i >= 0; i--)
            if (scopes[i].Rules.Decide(scopes[i].Prefix + name, isFolder) is { } decided) return decided;
        return false;
    }

    private string LinkTarget(FileSystemInfo link, string path)
    {
        var folder = Path.GetDirectoryName(link.FullName)!;
        var target = Path.GetRelativePath(root, Path.GetFullPath(link.LinkTarget!, folder));
        if (target == ".." || target.StartsWith(".." + Path.DirectorySeparatorChar, StringComparison.Ordinal) || Path.IsPathRooted(target))
            throw new BundleException(
                $"The link {path} points to {link.LinkTarget}, which is outside the project. Copy the file into the project, or name the link in .gitignore.");
        return Path.GetRelativePath(folder, Path.Combine(root, target)).Replace('\\', '/');
    }

    private static bool IsExecutable(FileInfo file) => !OperatingSystem.IsWindows() && (file.UnixFileMode & UnixFileMode.UserExecute) != 0;

    private static bool IsRepository(string folder) => Path.Exists(Path.Combine(folder, ".git"));

    private static IgnoreRules? ReadRules(string folder)
    {
        var file = Path.Combine(folder, ".gitignore");
        return File.Exists(file) ? IgnoreRules.Parse(File.ReadAllText(file)) : null;
    }
}
