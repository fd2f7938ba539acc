using Qgjob.Cli.Output;
using Qgjob.Client.Projects;
using Qgjob.Core.Runs;

namespace Qgjob.Cli.Submission;

/// <summary>Turns what people give with <c>--test</c> into paths relative to the project, with forward slashes.</summary>
/// <remarks>A name is looked for below the current folder first, then below the project's.</remarks>
internal static class TestFiles
{
    private static readonly Glob Scripts = Glob.Parse("**/*.{js,ts,mjs,mts,cjs,cts,jsx,tsx}");
    private static readonly Glob Specs = Glob.Parse("**/*.{spec,test}.{js,ts,mjs,mts,cjs,cts,jsx,tsx}");
    private const int NearNamed = 3;

    /// <summary>Paths in the order given, those of one pattern sorted, none twice.</summary>
    /// <param name="given">Files, folders and patterns.</param>
    /// <param name="currentFolder">Where the person is.</param>
    /// <param name="project">The project's folder.</param>
    /// <param name="files">The files that go into the bundle.</param>
    public static IReadOnlyList<string> InProject(
        IReadOnlyList<string> given, string currentFolder, string project, IReadOnlyList<ProjectFile> files)
    {
        var packed = files.Select(f => f.Path).ToList();
        var known = packed.ToHashSet(StringComparer.Ordinal);
        var found = new List<string>();
        foreach (var name in given)
        {
            var here = Relative(project, name, currentFolder);
            var there = Relative(project, name, project);
            if (here is null && there is null)
                throw CliException.Usage($"--test: {name} is outside the project {project}.", "Name a file of the project, or another project with --project.");
            var tried = new[] { here, there }.OfType<string>().Distinct().ToList();
            if (Glob.IsPattern(name) && !tried.Any(known.Contains)) found.AddRange(Matches(name, tried, packed, project));
            else found.Add(tried.FirstOrDefault(known.Contains) ?? "");
            if (found[^1].Length > 0)
            {
                RequireScript(found[^1]);
                continue;
            }
            found.RemoveAt(found.Count - 1);
            if (tried.FirstOrDefault(path => Directory.Exists(Path.Combine(project, path))) is { } folder)
                found.AddRange(Matches(name, [folder is "." ? "**" : folder + "/**"], packed, project));
            else throw Missing(name, tried, packed, project);
        }
        return [.. found.Distinct()];
    }

    /// <summary>Without a project: files are sent as they were typed, patterns are looked up below the current folder.</summary>
    public static IReadOnlyList<string> WithoutProject(IReadOnlyList<string> given, string currentFolder)
    {
        var found = new List<string>();
        foreach (var name in given)
        {
            if (Path.IsPathRooted(name) || name.Split('/', '\\').Contains(".."))
                throw CliException.Usage($"--test: {name} cannot be looked up by an agent.", "Give a path relative to the AppWright project, or the project with --project.");
            var path = name.Replace('\\', '/');
            if (path.StartsWith("./", StringComparison.Ordinal)) path = path[2..];
            if (!Glob.IsPattern(name))
            {
                RequireScript(path);
                found.Add(path);
                continue;
            }
            var fixedPart = string.Join('/', path.Split('/').TakeWhile(part => !Glob.IsPattern(part)));
            var start = Path.Combine(currentFolder, fixedPart);
            var below = Directory.Exists(start)
                ? ProjectFiles.List(start, []).Select(f => fixedPart.Length == 0 ? f.Path : $"{fixedPart}/{f.Path}").ToList()
                : [];
            found.AddRange(Matches(name, [path], below, currentFolder));
        }
        return [.. found.Distinct()];
    }

    private static List<string> Matches(string name, IReadOnlyList<string> patterns, IReadOnlyList<string> files, string where)
    {
        foreach (var pattern in patterns)
        {
            var glob = Glob.Parse(pattern);
            var matches = files.Where(glob.IsMatch).ToList();
            var specs = matches.Where(Specs.IsMatch).ToList();
            // tests/** also covers what the specs import; where there are specs, they are meant.
            if (specs.Count > 0) return specs;
            if (matches.Count > 0 && pattern.EndsWith("/**", StringComparison.Ordinal) is false && pattern != "**") return matches;
        }
        throw new CliException(ExitCode.NoTests, $"--test: no test file matches {name} in {where}.", "Test files are named *.spec.* or *.test.*; quote the pattern so that the shell leaves it alone.");
    }

    /// <summary>Projects may name their tests as they like, but Playwright loads scripts only.</summary>
    private static void RequireScript(string path)
    {
        if (!Scripts.IsMatch(path)) throw CliException.Usage($"--test: {path} is not a test file.", "Test files are named *.spec.* or *.test.* and end in .ts, .js, .mjs, …");
    }

    private static CliException Missing(string name, IReadOnlyList<string> tried, List<string> packed, string project)
    {
        if (tried.FirstOrDefault(path => File.Exists(Path.Combine(project, path))) is { } leftOut)
            return CliException.Usage($"--test: {leftOut} is left out of the project by .gitignore.", $"Add --include '{leftOut}'.");
        var near = packed.Where(Specs.IsMatch)
            .Select(path => (Path: path, Distance: tried.Min(t => Spelling.Distance(t, path))))
            .OrderBy(n => n.Distance).ThenBy(n => n.Path, StringComparer.Ordinal).Take(NearNamed).Select(n => n.Path).ToList();
        return CliException.Usage(
            $"--test: there is no {name} in {project}.",
            near.Count > 0 ? $"Near it: {string.Join(", ", near)}." : "The project holds no *.spec.* or *.test.* file.");
    }

    private static string? Relative(string project, string name, string from)
    {
        var path = Path.GetRelativePath(project, Path.GetFullPath(name, from)).Replace('\\', '/');
        return path == ".." || path.StartsWith("../", StringComparison.Ordinal) || Path.IsPathRooted(path) ? null : path;
    }
}
