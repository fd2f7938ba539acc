using System.Text;
using Qgjob.Client.Projects;

namespace Qgjob.Cli.Submission;

/// <summary>Whom the repository's CODEOWNERS names for the submitted tests.</summary>
internal static class OwnersOfTests
{
    private const int MostOwners = 20;
    private const int LongestOwner = 128;

    /// <summary>Owners by test file; null when none has any.</summary>
    /// <param name="project">The project's folder: the repository is the nearest one upward, else the folder itself.</param>
    /// <param name="tests">Paths relative to the project.</param>
    /// <param name="warn">Gets a line for people.</param>
    public static Dictionary<string, IReadOnlyList<string>>? Read(string project, IReadOnlyList<string> tests, Action<string> warn)
    {
        var root = RootOf(project);
        if (CodeOwners.Places.Select(p => Path.Combine(root, p)).FirstOrDefault(File.Exists) is not { } file) return null;
        try
        {
            if (new FileInfo(file).Length > CodeOwners.MaxBytes)
            {
                warn($"{file} is larger than 3 MB and is not read; notifications do not know who owns the tests.");
                return null;
            }
            var owners = CodeOwners.Parse(File.ReadAllText(file, Encoding.UTF8));
            var found = new Dictionary<string, IReadOnlyList<string>>(StringComparer.Ordinal);
            foreach (var test in tests)
                if (owners.Of(Path.GetRelativePath(root, Path.Combine(project, test)).Replace('\\', '/')) is { Count: > 0 } names)
                    found[test] = [.. names.Where(n => n.Length <= LongestOwner && !n.Any(char.IsControl)).Take(MostOwners)];
            return found.Count == 0 ? null : found;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            warn($"{file} cannot be read: {e.Message} Notifications do not know who owns the tests.");
            return null;
        }
    }

    private static string RootOf(string project)
    {
        for (var folder = Path.GetFullPath(project); folder is not null; folder = Path.GetDirectoryName(folder))
            if (Path.Exists(Path.Combine(folder, ".git"))) return folder;
        return project;
    }
}
