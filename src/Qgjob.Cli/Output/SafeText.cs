using System.Text;

namespace Qgjob.Cli.Output;

/// <summary>Makes text that others wrote (test titles, messages) safe to print: no control characters reach the terminal.</summary>
internal static class SafeText
{
    /// <summary>One line: line breaks and tabs become spaces.</summary>
    public static string Line(string text) => Clean(text, keepLines: false);

    /// <summary>Several lines, each with the indentation in front.</summary>
    public static IEnumerable<string> Lines(string text) => Clean(text, keepLines: true).TrimEnd('\n').Split('\n');

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
