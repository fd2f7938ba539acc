namespace Qgjob.Client.Projects;

/// <summary>Which part of a tree belongs in a bundle; paths relative to the tree, forward slashes.</summary>
/// <param name="Folders">Taken whole, but for what is ignored; the empty path is everything.</param>
/// <param name="Files">Taken unless ignored.</param>
/// <param name="Includes">Taken even when ignored.</param>
internal sealed record FileSelection(IReadOnlyList<string> Folders, IReadOnlySet<string> Files, IReadOnlyList<string> Includes)
{
    private readonly List<Glob> globs = [.. Includes.Select(Glob.Parse)];
    private readonly List<string> starts = [.. Includes.Select(FixedPart)];

    public static FileSelection Everything(IReadOnlyList<string> includes) => new([""], new HashSet<string>(), includes);

    public bool Takes(string path) => Files.Contains(path) || Folders.Any(f => IsInside(path, f));

    public bool IsIncluded(string path) => globs.Any(g => g.IsMatchOrInside(path));

    /// <summary>Something of the folder may be taken.</summary>
    public bool MayHold(string folder, bool ignored) =>
        starts.Any(s => IsInside(s, folder) || IsInside(folder, s))
        || (!ignored && (Folders.Any(f => IsInside(folder, f) || IsInside(f, folder)) || Files.Any(f => IsInside(f, folder))));

    public static bool IsInside(string path, string folder) =>
        folder.Length == 0 || (path.StartsWith(folder, StringComparison.Ordinal) && (path.Length == folder.Length || path[folder.Length] is '/' or '\\'));

    /// <summary>The folders of a pattern before its first wildcard.</summary>
    private static string FixedPart(string pattern) =>
        Glob.IsPattern(pattern) ? string.Join('/', pattern.Split('/').TakeWhile(part => !Glob.IsPattern(part))) : pattern;
}
