using System.Text;

namespace Qgjob.Cli.Output;

/// <summary>Terminal colours, by their SGR number.</summary>
internal enum Ink
{
    Plain = 0,
    Bold = 1,
    Red = 31,
    Green = 32,
    Yellow = 33,
    Blue = 34,
    Grey = 90,
}

/// <summary>One line of text with colours. Its length is that of the text alone.</summary>
internal sealed class Styled
{
    private readonly List<(string Text, Ink Ink)> parts = [];

    public Styled(string text = "", Ink ink = Ink.Plain) => Add(text, ink);

    public int Length => parts.Sum(p => p.Text.Length);

    /// <summary>Adds text; what others wrote loses its control characters here.</summary>
    public Styled Add(string text, Ink ink = Ink.Plain)
    {
        if (text.Length > 0) parts.Add((SafeText.Line(text), ink));
        return this;
    }

    public Styled Add(Styled more)
    {
        parts.AddRange(more.parts);
        return this;
    }

    /// <summary>A bar of lines that is full up to its share.</summary>
    public static Styled Bar(double share, int width, Ink ink)
    {
        var full = (int)Math.Floor(Math.Clamp(share, 0, 1) * width);
        return new Styled(new string('━', full), ink).Add(new string('─', width - full), Ink.Grey);
    }

    /// <summary>The line, cut to a width (the cut is marked) or filled with spaces up to it.</summary>
    public string Print(int width, bool fill, bool colour)
    {
        var output = new StringBuilder();
        var cut = Length > width;
        var room = cut ? width - 1 : width;
        foreach (var (text, ink) in parts)
        {
            var shown = text.Length <= room ? text : text[..room];
            room -= shown.Length;
            if (shown.Length == 0) continue;
            if (colour && ink is not Ink.Plain) output.Append($"\u001b[{(int)ink}m{shown}\u001b[0m");
            else output.Append(shown);
        }
        if (cut) output.Append('…');
        else if (fill) output.Append(' ', room);
        return output.ToString();
    }

    private static int Gaps(int[] widths) => 2 * (widths.Length - 1);

    private const int LeastWidth = 4;
    private const int LeastLastWidth = 12;

    /// <summary>
    /// Rows in columns two spaces apart. When they do not fit, the last column (the one with details) is narrowed first,
    /// then the widest; columns that have no room even then are left out.
    /// </summary>
    public static IEnumerable<string> Table(IReadOnlyList<IReadOnlyList<Styled>> rows, int width, bool colour)
    {
        if (rows.Count == 0) yield break;
        var widths = Enumerable.Range(0, rows.Max(r => r.Count)).Select(c => rows.Max(r => c < r.Count ? r[c].Length : 0)).ToArray();
        while (widths.Length > 1 && widths.Sum(w => Math.Min(w, LeastWidth)) + Gaps(widths) > width) widths = widths[..^1];
        while (widths.Sum() + Gaps(widths) > width && widths.Max() > 1)
            widths[widths[^1] > LeastLastWidth ? widths.Length - 1 : Array.IndexOf(widths, widths.Max())]--;
        foreach (var row in rows)
            yield return string.Join("  ", row.Take(widths.Length).Select((cell, c) => cell.Print(widths[c], fill: c < widths.Length - 1, colour))).TrimEnd();
    }
}
