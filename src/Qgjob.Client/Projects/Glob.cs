namespace Qgjob.Client.Projects;

/// <summary>A path pattern: <c>*</c>, <c>?</c> and <c>[a-z]</c> within a segment, <c>**</c> for any number of segments, <c>{a,b}</c> for choices.</summary>
/// <remarks>Paths have forward slashes; case matters. Both levels backtrack only to the last star, so that no pattern is slow.</remarks>
public sealed class Glob
{
    private const int MaxChoices = 1000;
    private readonly string[][] alternatives;

    private Glob(string[][] alternatives) => this.alternatives = alternatives;

    /// <summary>True when the text is a pattern and not just a name.</summary>
    public static bool IsPattern(string text) => text.AsSpan().IndexOfAny("*?[{") >= 0;

    /// <summary>Reads a pattern with choices in braces, as people type it.</summary>
    /// <exception cref="ArgumentException">It stands for too many patterns.</exception>
    public static Glob Parse(string pattern)
    {
        var choices = new List<string>();
        Expand(pattern, choices);
        return new Glob([.. choices.Select(Segments)]);
    }

    /// <summary>Reads a pattern in which braces mean themselves, as in .gitignore.</summary>
    internal static Glob ParseWithoutBraces(string pattern) => new([Segments(pattern)]);

    /// <summary>The whole path matches.</summary>
    public bool IsMatch(string path)
    {
        var segments = path.Split('/');
        foreach (var pattern in alternatives)
            if (IsMatch(segments, pattern)) return true;
        return false;
    }

    /// <summary>The path or a folder above it matches.</summary>
    public bool IsMatchOrInside(string path)
    {
        for (var end = path.Length; end > 0; end = path.LastIndexOf('/', end - 1))
            if (IsMatch(path[..end])) return true;
        return false;
    }

    private static string[] Segments(string pattern) => pattern.TrimStart('/').Split('/');

    private static bool IsMatch(string[] path, string[] pattern)
    {
        int t = 0, p = 0, star = -1, mark = 0;
        while (t < path.Length)
        {
            if (p < pattern.Length && pattern[p] == "**")
            {
                (star, mark) = (p++, t);
                // A star at the very end means what is inside, not the folder itself.
                if (p == pattern.Length) return t < path.Length;
            }
            else if (p < pattern.Length && IsSegmentMatch(path[t], pattern[p])) (t, p) = (t + 1, p + 1);
            else if (star >= 0) (p, t) = (star + 1, ++mark);
            else return false;
        }
        return p == pattern.Length;
    }

    internal static bool IsSegmentMatch(string text, string pattern)
    {
        int t = 0, p = 0, star = -1, mark = 0;
        while (t < text.Length)
        {
            if (p < pattern.Length && pattern[p] == '*') (star, mark) = (p++, t);
            else if (p < pattern.Length && IsCharMatch(text[t], pattern, p, out var next)) (t, p) = (t + 1, next);
            else if (star >= 0) (p, t) = (star + 1, ++mark);
            else return false;
        }
        while (p < pattern.Length && pattern[p] == '*') p++;
        return p == pattern.Length;
    }

    /// <summary>One element of the pattern at <paramref name="at"/> against one character.</summary>
    private static bool IsCharMatch(char c, string pattern, int at, out int next)
    {
        next = at + 1;
        switch (pattern[at])
        {
            case '?':
                return true;
            case '\\' when at + 1 < pattern.Length:
                next = at + 2;
                return pattern[at + 1] == c;
            case '[':
                // The first character after [ or [! is a member even if it is a ].
                var negated = at + 1 < pattern.Length && pattern[at + 1] is '!' or '^';
                var first = at + (negated ? 2 : 1);
                var end = first < pattern.Length ? pattern.IndexOf(']', first + 1) : -1;
                if (end < 0) return c == '[';
                next = end + 1;
                return Contains(pattern.AsSpan(first, end - first), c) != negated;
            default:
                return pattern[at] == c;
        }
    }

    private static bool Contains(ReadOnlySpan<char> members, char c)
    {
        for (var i = 0; i < members.Length; i++)
        {
            if (i + 2 < members.Length && members[i + 1] == '-')
            {
                if (c >= members[i] && c <= members[i + 2]) return true;
                i += 2;
            }
            else if (members[i] == c) return true;
        }
        return false;
    }

    private static void Expand(string pattern, List<string> into)
    {
        var open = pattern.IndexOf('{');
        var close = open < 0 ? -1 : ClosingBrace(pattern, open);
        if (close < 0)
        {
            if (into.Count == MaxChoices) throw new ArgumentException($"the pattern stands for more than {MaxChoices} patterns", nameof(pattern));
            into.Add(pattern);
            return;
        }
        int depth = 0, start = open + 1;
        for (var i = open + 1; i <= close; i++)
        {
            if (pattern[i] == '{') depth++;
            else if (pattern[i] == '}' && i < close) depth--;
            if (i == close || (pattern[i] == ',' && depth == 0))
            {
                Expand(pattern[..open] + pattern[start..i] + pattern[(close + 1)..], into);
                start = i + 1;
            }
        }
    }

    private static int ClosingBrace(string pattern, int open)
    {
        var depth = 0;
        for (var i = open; i < pattern.Length; i++)
        {
            if (pattern[i] == '{') depth++;
            else if (pattern[i] == '}' && --depth == 0) return i;
        }
        return -1;
    }
}
