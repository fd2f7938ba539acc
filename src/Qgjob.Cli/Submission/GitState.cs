namespace Qgjob.Cli.Submission;

/// <summary>Branch and commit of a folder, read from git's own files: no process, and git need not be there.</summary>
internal static class GitState
{
    /// <summary>What build servers call the branch when they check out a bare commit.</summary>
    private static readonly string[] BranchVariables = ["GITHUB_HEAD_REF", "GITHUB_REF_NAME", "CI_COMMIT_REF_NAME", "BUILDKITE_BRANCH"];

    /// <summary><c>branch</c> and <c>commit</c>, as far as they are known.</summary>
    public static Dictionary<string, string> Read(string folder, Func<string, string?> environment)
    {
        var found = new Dictionary<string, string>(StringComparer.Ordinal);
        try
        {
            if (FindGitFolder(folder) is not { } git || ReadLine(Path.Combine(git, "HEAD")) is not { } head) return found;
            var reference = head.StartsWith("ref: ", StringComparison.Ordinal) ? head[5..].Trim() : null;
            var branch = reference?.Replace("refs/heads/", "", StringComparison.Ordinal)
                ?? BranchVariables.Select(environment).FirstOrDefault(v => !string.IsNullOrEmpty(v));
            if (branch is not null) found["branch"] = branch;
            if ((reference is null ? head : Resolve(git, reference)) is { Length: >= 40 } commit) found["commit"] = commit;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // A run without these two is still a run.
        }
        return found;
    }

    private static string? FindGitFolder(string folder)
    {
        for (var at = Path.GetFullPath(folder); at is not null; at = Path.GetDirectoryName(at))
        {
            var git = Path.Combine(at, ".git");
            if (Directory.Exists(git)) return git;
            // A worktree or a submodule: the file says where the folder is.
            if (ReadLine(git) is { } line && line.StartsWith("gitdir: ", StringComparison.Ordinal)) return Path.GetFullPath(line[8..].Trim(), at);
        }
        return null;
    }

    private static string? Resolve(string git, string reference)
    {
        var common = ReadLine(Path.Combine(git, "commondir")) is { } relative ? Path.GetFullPath(relative.Trim(), git) : git;
        if ((ReadLine(Path.Combine(git, reference)) ?? ReadLine(Path.Combine(common, reference))) is { } loose) return loose.Trim();
        var packed = Path.Combine(common, "packed-refs");
        return File.Exists(packed)
            ? File.ReadLines(packed).FirstOrDefault(l => l.EndsWith(" " + reference, StringComparison.Ordinal))?.Split(' ')[0]
            : null;
    }

    private static string? ReadLine(string file) => File.Exists(file) ? File.ReadLines(file).FirstOrDefault() : null;
}
