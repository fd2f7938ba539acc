namespace Qgjob.Cli.Output;

/// <summary>A table without lines: columns padded with spaces, so that it can be read and cut alike.</summary>
internal static class Columns
{
    public static void Write(TextWriter output, IReadOnlyList<string> headers, IEnumerable<IReadOnlyList<string?>> rows)
    {
        var all = rows.Select(row => row.Select(cell => string.IsNullOrEmpty(cell) ? "-" : SafeText.Line(cell)).ToArray()).ToList();
        all.Insert(0, [.. headers]);
        var widths = headers.Select((_, column) => all.Max(row => row[column].Length)).ToArray();
        foreach (var row in all)
            output.WriteLine(string.Join("  ", row.Select((cell, column) => column == row.Length - 1 ? cell : cell.PadRight(widths[column]))));
    }
}
