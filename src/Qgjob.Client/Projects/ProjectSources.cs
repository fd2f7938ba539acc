using System.Text;

namespace Qgjob.Client.Projects;

/// <summary>All that a project's tests need from this machine: its own files and, from above it, what it rests on.</summary>
/// <param name="Folder">The AppWright project.</param>
/// <param name="Root">The folder that the bundle's paths are relative to: the project's own unless it is part of something larger.</param>
/// <param name="Layout">Where project and workspace root are in the bundle.</param>
/// <param name="Files">The bundle's files, sorted.</param>
/// <param name="Warnings">What the submitter should know.</param>
public sealed record ProjectSources(
    string Folder, string Root, BundleLayout Layout, IReadOnlyList<ProjectFile> Files, IReadOnlyList<string> Warnings)
{
    /// <summary>The project's own files, with paths relative to it.</summary>
    public IReadOnlyList<ProjectFile> OfProject =>
        Layout.Project.Length == 0
            ? Files
            : [.. Files.Where(f => f.Path.StartsWith(Layout.Project + "/", StringComparison.Ordinal)).Select(f => f with { Path = f.Path[(Layout.Project.Length + 1)..] })];

    /// <summary>Lists the files of an AppWright project, wherever in a repository it is.</summary>
    /// <param name="folder">The AppWright project.</param>
    /// <param name="includes">Patterns, relative to the project, of ignored files that belong in it all the same.</param>
    /// <exception cref="BundleException">The project cannot be packed.</exception>
    public static ProjectSources Read(string folder, IEnumerable<string> includes)
    {
        folder = Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder));
        var needs = ProjectNeeds.Of(folder, includes);
        var files = ProjectFiles.List(needs.Root, needs.Selection).ToList();
        var warnings = new List<string>();
        for (var i = 0; i < files.Count; i++)
        {
            var file = files[i];
            if (file.LinkTarget is not null) continue;
            if (needs.ManifestsOnly.Contains(file.Path)) files[i] = With(file, PackageManifest.WithoutScripts(file.FullPath));
            else if (RegistryCredentials.Without(file.Path, file.FullPath) is var (text, lines))
            {
                files[i] = With(file, Encoding.UTF8.GetBytes(text));
                warnings.Add($"{file.Path}: {lines} {(lines == 1 ? "line" : "lines")} with credentials left out. The agent uses those of its own user (~/.npmrc on its host).");
            }
        }
        var layout = new BundleLayout(Relative(needs.Root, folder), Relative(needs.Root, needs.Install));
        if (layout != BundleLayout.Plain)
        {
            files.RemoveAll(f => f.Path == BundleLayout.Path);
            files.Add(With(new ProjectFile(BundleLayout.Path, "", 0, false), layout.ToBytes()));
            files.Sort((a, b) => string.CompareOrdinal(a.Path, b.Path));
        }
        return new ProjectSources(folder, needs.Root, layout, files, warnings);
    }

    internal static string Relative(string root, string path) => Path.GetRelativePath(root, path).Replace('\\', '/') is var relative && relative == "." ? "" : relative;

    private static ProjectFile With(ProjectFile file, byte[] content) => file with { Content = content, SizeBytes = content.Length };
}
