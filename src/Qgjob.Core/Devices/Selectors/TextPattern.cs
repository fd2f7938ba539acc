using System.Text;

namespace Qgjob.Core.Devices.Selectors;

/// <summary>A value with wildcards, or without.</summary>
internal sealed class TextPattern
{
    private readonly string letters;
    // Which of the letters are wildcards.
    private readonly bool[] wild;

    private TextPattern(string letters, bool[] wild) => (this.letters, this.wild) = (letters, wild);

    /// <summary>The letters, when there is no wildcard among them; else null.</summary>
    public string? Plain => wild.Contains(true) ? null : letters;

    /// <param name="letters">The value.</param>
    /// <param name="ordinary">Which letters are none of the wildcards, whatever they look like; null: nothing was escaped.</param>
    public static TextPattern Of(string letters, IReadOnlyList<bool>? ordinary = null) =>
        new(letters, [.. letters.Select((c, i) => c is '*' or '?' && ordinary?[i] is not true)]);

    /// <summary>The value and nothing else.</summary>
    public static TextPattern Exactly(string letters) => new(letters, new bool[letters.Length]);

    /// <summary>Without going back beyond the last star, so that no pattern is slow.</summary>
    public bool Matches(ReadOnlySpan<char> text)
    {
        int t = 0, p = 0, star = -1, mark = 0;
        while (t < text.Length)
        {
            if (p < letters.Length && wild[p] && letters[p] == '*') (star, mark) = (p++, t);
            else if (p < letters.Length && (wild[p] || char.ToLowerInvariant(letters[p]) == char.ToLowerInvariant(text[t]))) (p, t) = (p + 1, t + 1);
            else if (star >= 0) (p, t) = (star + 1, ++mark);
            else return false;
        }
        while (p < letters.Length && wild[p] && letters[p] == '*') p++;
        return p == letters.Length;
    }

    /// <summary>As it is written in a selector.</summary>
    public override string ToString()
    {
        if (!NeedsQuotes()) return letters;
        var quoted = new StringBuilder(letters.Length + 2).Append('"');
        for (var i = 0; i < letters.Length; i++)
        {
            if (letters[i] is '"' or '\\' || (letters[i] is '*' or '?' && !wild[i])) quoted.Append('\\');
            quoted.Append(letters[i]);
        }
        return quoted.Append('"').ToString();
    }

    private bool NeedsQuotes()
    {
        if (letters.Length == 0 || letters[0] is '"' or '\'' or '=' or '!' or '<' or '>' || char.IsWhiteSpace(letters[0]) || char.IsWhiteSpace(letters[^1])) return true;
        for (var i = 0; i < letters.Length; i++)
            if (letters[i] is ',' or '|' || (letters[i] is '*' or '?' && !wild[i])) return true;
        return false;
    }
}
