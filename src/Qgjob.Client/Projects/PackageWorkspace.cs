namespace Qgjob.Client.Projects;

/// <summary>A workspace of npm, pnpm or yarn: a root and the packages that belong to it.</summary>
/// <param name="Root">Its folder.</param>
/// <param name="Members">Folders of its packages, without the root, sorted.</param>
internal sealed record PackageWorkspace(string Root, IReadOnlyList<string> Members)
{
    private static readonly EnumerationOptions Folders = new() { AttributesToSkip = FileAttributes.ReparsePoint };

    /// <summary>The nearest workspace, at the package or above it, that the package belongs to; null when there is none.</summary>
    public static PackageWorkspace? Find(string package, string? repository)
    {
        for (var folder = package; folder is not null; folder = Path.GetDirectoryName(folder))
        {
            if (Patterns(folder) is { } patterns)
            {
                var members = MembersOf(folder, patterns);
                if (folder == package || members.Contains(package)) return new PackageWorkspace(folder, [.. members.Where(m => m != folder).Order(StringComparer.Ordinal)]);
            }
            if (folder == repository) return null;
        }
        return null;
    }

    private static IReadOnlyList<string>? Patterns(string folder)
    {
        var pnpm = Path.Combine(folder, "pnpm-workspace.yaml");
        // pnpm 10 also keeps mere settings in this file.
        if (File.Exists(pnpm) && PnpmPackages(File.ReadAllLines(pnpm)) is { Count: > 0 } packages) return packages;
        return PackageManifest.Read(folder)?.Workspaces;
    }

    /// <summary>The list <c>packages</c> of a pnpm-workspace.yaml: one pattern per line, or all in brackets.</summary>
    internal static List<string> PnpmPackages(IEnumerable<string> lines)
    {
        var found = new List<string>();
        var inside = false;
        foreach (var raw in lines)
        {
            var line = WithoutComment(raw).TrimEnd();
            if (line.StartsWith("packages:", StringComparison.Ordinal))
            {
                inside = true;
                var rest = line["packages:".Length..].Trim();
                if (rest.StartsWith('[')) found.AddRange(rest.Trim('[', ']').Split(',').Select(Unquote).Where(p => p.Length > 0));
            }
            else if (inside && line.TrimStart().StartsWith('-')) found.Add(Unquote(line.TrimStart()[1..]));
            else if (line.Length > 0 && !char.IsWhiteSpace(line[0])) inside = false;
        }
        return found;
    }

    private static string WithoutComment(string line)
    {
        if (line.TrimStart().StartsWith('#')) return "";
        var comment = line.IndexOf(" #", StringComparison.Ordinal);
        return comment < 0 ? line : line[..comment];
    }

    private static string Unquote(string text) => text.Trim().Trim('\'', '"');

    private static HashSet<string> MembersOf(string root, IReadOnlyList<string> patterns)
    {
        var members = new HashSet<string>(StringComparer.Ordinal);
        foreach (var pattern in patterns)
        {
            var leaveOut = pattern.StartsWith('!');
            var clean = (leaveOut ? pattern[1..] : pattern).TrimEnd('/');
            if (clean.StartsWith("./", StringComparison.Ordinal)) clean = clean[2..];
            if (leaveOut)
            {
                var glob = Glob.Parse(clean);
                members.RemoveWhere(m => glob.IsMatch(Path.GetRelativePath(root, m).Replace('\\', '/')));
            }
            else
            {
                Expand(root, clean.Split('/'), 0, members);
            }
        }
        return members;
    }

    private static void Expand(string folder, string[] pattern, int at, HashSet<string> found)
    {
        if (at == pattern.Length)
        {
            if (File.Exists(Path.Combine(folder, "package.json"))) found.Add(folder);
            return;
        }
        var segment = pattern[at];
        if (segment is "" or ".") Expand(folder, pattern, at + 1, found);
        else if (segment == "**" || Glob.IsPattern(segment))
        {
            if (segment == "**") Expand(folder, pattern, at + 1, found);
            var glob = Glob.Parse(segment == "**" ? "*" : segment);
            foreach (var inner in Directory.EnumerateDirectories(folder, "*", Folders))
                if (Path.GetFileName(inner) is var name && name is not ("node_modules" or ".git") && glob.IsMatch(name))
                    Expand(inner, pattern, segment == "**" ? at : at + 1, found);
        }
        else if (segment != ".." && Directory.Exists(Path.Combine(folder, segment))) Expand(Path.Combine(folder, segment), pattern, at + 1, found);
    }
}
