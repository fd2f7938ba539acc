namespace Qgjob.Client.Projects;

/// <summary>The lines of one .gitignore file, with git's meaning.</summary>
public sealed class IgnoreRules
{
    private readonly List<Rule> rules = [];

    private sealed record Rule(Glob Pattern, bool NameOnly, bool FoldersOnly, bool Keep);

    /// <summary>Reads the file's text. Lines that mean nothing are passed over, as git does.</summary>
    public static IgnoreRules Parse(string text)
    {
        var read = new IgnoreRules();
        foreach (var line in text.TrimStart('\uFEFF').Split('\n'))
            if (Read(line.TrimEnd('\r')) is { } rule) read.rules.Add(rule);
        return read;
    }

    /// <summary>What this file says of a path relative to its own folder: true to ignore, false to keep, null nothing.</summary>
    public bool? Decide(string path, bool isFolder)
    {
        // The last rule that matches counts.
        for (var i = rules.Count - 1; i >= 0; i--)
        {
            var rule = rules[i];
            if (rule.FoldersOnly && !isFolder) continue;
            if (rule.Pattern.IsMatch(rule.NameOnly ? path[(path.LastIndexOf('/') + 1)..] : path)) return !rule.Keep;
        }
        return null;
    }

    private static Rule? Read(string line)
    {
        line = TrimEnd(line);
        if (line.Length == 0 || line[0] == '#') return null;
        var keep = line[0] == '!';
        if (keep) line = line[1..];
        var foldersOnly = line.EndsWith('/');
        if (foldersOnly) line = line[..^1];
        if (line.Length == 0) return null;
        // A slash at the start or in the middle ties the pattern to the file's own folder.
        return new Rule(Glob.ParseWithoutBraces(line), NameOnly: !line.Contains('/'), foldersOnly, keep);
    }

    /// <summary>Spaces at the end do not count unless a backslash stands before them.</summary>
    private static string TrimEnd(string line)
    {
        var end = line.Length;
        while (end > 0 && line[end - 1] == ' ' && !(end > 1 && line[end - 2] == '\\')) end--;
        return line[..end];
    }
}
