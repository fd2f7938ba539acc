namespace Qgjob.Client.Projects;

/// <summary>A CODEOWNERS file, with GitHub's meaning: patterns as in .gitignore, the last one that matches counts.</summary>
public sealed class CodeOwners
{
    /// <summary>Larger files GitHub does not read either.</summary>
    public const int MaxBytes = 3 * 1024 * 1024;

    /// <summary>Where it may lie, from the repository's root; the first that is there counts.</summary>
    public static IReadOnlyList<string> Places { get; } = [".github/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS", ".gitlab/CODEOWNERS"];

    private readonly List<Rule> rules = [];

    private sealed record Rule(Glob Pattern, bool FoldersOnly, bool DirectOnly, IReadOnlyList<string> Owners);

    /// <summary>Reads the file's text. Lines that mean nothing are passed over, as GitHub does.</summary>
    public static CodeOwners Parse(string text)
    {
        var read = new CodeOwners();
        foreach (var line in text.TrimStart('\uFEFF').Split('\n'))
            if (Read(Words(line)) is { } rule) read.rules.Add(rule);
        return read;
    }

    /// <summary>Owners of a path relative to the repository's root, with forward slashes; empty when it has none.</summary>
    public IReadOnlyList<string> Of(string path)
    {
        for (var i = rules.Count - 1; i >= 0; i--)
            if (IsMatch(rules[i], path)) return rules[i].Owners;
        return [];
    }

    private static bool IsMatch(Rule rule, string path)
    {
        if (rule.DirectOnly) return rule.Pattern.IsMatch(path);
        if (!rule.FoldersOnly) return rule.Pattern.IsMatchOrInside(path);
        var folder = path.LastIndexOf('/');
        return folder > 0 && rule.Pattern.IsMatchOrInside(path[..folder]);
    }

    private static Rule? Read(List<string> words)
    {
        // "!" has no meaning here; "[" and "^[" begin GitLab's sections.
        if (words.Count == 0 || words[0][0] is '!' or '[' || words[0].StartsWith("^[", StringComparison.Ordinal)) return null;
        var owners = words[1..];
        // One that cannot be an owner makes the line mean nothing.
        if (owners.Exists(o => !o.Contains('@'))) return null;
        var pattern = words[0];
        var foldersOnly = pattern.EndsWith('/');
        var bare = pattern.Trim('/');
        if (bare.Length == 0) return null;
        // A slash at the start or in the middle ties it to the root.
        var anchored = pattern.StartsWith('/') || bare.Contains('/');
        // Ranges of characters have no meaning here.
        var glob = Glob.ParseWithoutBraces((anchored ? "" : "**/") + bare.Replace("[", "\\[", StringComparison.Ordinal));
        return new Rule(glob, foldersOnly, DirectOnly: !foldersOnly && bare.EndsWith("/*", StringComparison.Ordinal), owners);
    }

    /// <summary>A line's words up to a comment; a backslash keeps a space within a word.</summary>
    private static List<string> Words(string line)
    {
        var words = new List<string>();
        var word = new System.Text.StringBuilder();
        for (var i = 0; i <= line.Length; i++)
        {
            if (i == line.Length || char.IsWhiteSpace(line[i]))
            {
                if (word.Length > 0) words.Add(word.ToString());
                word.Clear();
            }
            else if (line[i] == '#' && word.Length == 0) break;
            else if (line[i] == '\\' && i + 1 < line.Length && line[i + 1] is ' ') word.Append(line[++i]);
            else word.Append(line[i]);
        }
        return words;
    }
}
