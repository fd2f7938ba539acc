using System.Text;

namespace Qgjob.Cli.Output;

/// <summary>Makes text that others wrote (test titles, messages) safe to print: no control characters reach the terminal.</summary>
internal static class SafeText
{
    /// <summary>One line: line breaks and tabs become spaces.</summary>
    public static string Line(string text) => Clean(text, keepLines: false);

    /// <summary>The first line with something on it; an ellipsis stands for more lines and for what is over the limit.</summary>
    public static string FirstLine(string text, int most = int.MaxValue)
    {
        var lines = Lines(text).Where(l => !string.IsNullOrWhiteSpace(l)).Take(2).ToList();
        return lines.Count == 0 ? "" : Cut(lines[0].TrimEnd() + (lines.Count > 1 ? " …" : ""), most);
    }

    /// <summary>At most so many characters; a cut is marked.</summary>
    public static string Cut(string text, int most)
    {
        if (text.Length <= most) return text;
        // Half a surrogate pair is no character.
        var end = char.IsHighSurrogate(text[Math.Max(0, most - 2)]) ? most - 2 : most - 1;
        return text[..Math.Max(0, end)].TrimEnd(' ', '…') + "…";
    }

    /// <summary>Several lines, each with the indentation in front.</summary>
    public static IEnumerable<string> Lines(string text) => Clean(text, keepLines: true).TrimEnd('\n').Split('\n');

    /// <summary>The text in lines of at most so many columns, broken between words where that can be.</summary>
    public static IEnumerable<string> Wrap(string text, int width)
    {
        var rest = Line(text).Trim();
        width = Math.Max(1, width);
        while (rest.Length > width)
        {
            var space = rest.LastIndexOf(' ', width);
            // Half a surrogate pair is no character.
            var end = space > 0 ? space : width > 1 && char.IsHighSurrogate(rest[width - 1]) ? width - 1 : width;
            yield return rest[..end].TrimEnd();
            rest = rest[end..].TrimStart();
        }
        yield return rest;
    }

    private static string Clean(string text, bool keepLines)
    {
        var clean = new StringBuilder(text.Length);
        for (var i = 0; i < text.Length; i++)
        {
            var c = text[i];
            if (c == '\u001b' && i + 1 < text.Length && text[i + 1] == '[')
            {
                // A whole colour sequence goes, not just its first character.
                for (i += 2; i < text.Length && text[i] is not (>= '@' and <= '~'); i++) { }
                continue;
            }
            if (c == '\n' && keepLines) clean.Append('\n');
            else if (c is '\n' or '\t') clean.Append(' ');
            else if (!char.IsControl(c)) clean.Append(c);
        }
        return clean.ToString();
    }
}
