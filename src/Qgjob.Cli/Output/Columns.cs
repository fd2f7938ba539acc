namespace Qgjob.Cli.Output;

/// <summary>
/// A table without lines: columns padded with spaces, so that it can be read and cut alike. The columns are in the order
/// of their importance: a terminal that is too narrow gets the later ones cut, then left out; a pipe gets everything.
/// </summary>
internal static class Columns
{
    private const string Gap = "  ";
    private const string Indent = "    ";
    private const int LeastWidth = 12;

    /// <summary>What people copy from: shown whole or not at all.</summary>
    private static readonly string[] Whole = ["JOB", "DEVICE"];

    /// <summary>To standard output, as wide as the terminal if there is one.</summary>
    public static void Write(Call call, IReadOnlyList<string> headers, IEnumerable<IReadOnlyList<string?>> rows) =>
        Write(call.Out, headers, rows, call.World.OutWidth());

    /// <summary>
    /// The same for rows whose last cell is a sentence that must not be lost: where the terminal is too narrow for it,
    /// it stands below its row, indented, in as many lines as it needs.
    /// </summary>
    public static void WriteWithSentence(Call call, IReadOnlyList<string> headers, IEnumerable<IReadOnlyList<string?>> rows) =>
        WriteWithSentence(call.Out, headers, rows, call.World.OutWidth());

    /// <inheritdoc cref="WriteWithSentence(Call, IReadOnlyList{string}, IEnumerable{IReadOnlyList{string}})"/>
    public static void WriteWithSentence(TextWriter output, IReadOnlyList<string> headers, IEnumerable<IReadOnlyList<string?>> rows, int? width)
    {
        var all = rows.ToList();
        using var plain = new StringWriter { NewLine = "\n" };
        Write(plain, headers, all);
        if (width is not { } most || plain.ToString().Split('\n').All(line => line.Length <= most))
        {
            output.Write(plain);
            return;
        }
        using var narrow = new StringWriter { NewLine = "\n" };
        Write(narrow, [.. headers.SkipLast(1)], all.Select(row => row.SkipLast(1).ToList()), most);
        var lines = narrow.ToString().Split('\n');
        output.WriteLine(lines[0]);
        for (var i = 0; i < all.Count; i++)
        {
            output.WriteLine(lines[i + 1]);
            if (all[i][^1] is not { Length: > 0 } sentence) continue;
            foreach (var line in SafeText.Wrap(sentence, most - Indent.Length)) output.WriteLine(Indent + line);
        }
    }

    /// <param name="output">Gets one line for each row.</param>
    /// <param name="headers">One for each column.</param>
    /// <param name="rows">Cells; of those with several lines only the first is shown.</param>
    /// <param name="width">Columns of the terminal; null for no limit.</param>
    public static void Write(TextWriter output, IReadOnlyList<string> headers, IEnumerable<IReadOnlyList<string?>> rows, int? width = null)
    {
        var all = rows.Select(row => row.Select(cell => string.IsNullOrEmpty(cell) ? "-" : SafeText.FirstLine(cell)).ToArray()).ToList();
        all.Insert(0, [.. headers]);
        var natural = headers.Select((_, column) => all.Max(row => row[column].Length)).ToArray();
        var widths = width is { } most ? Fit(natural, headers, most) : natural;
        foreach (var row in all)
            output.WriteLine(string.Join(Gap, widths.Select((room, column) => SafeText.Cut(row[column], room).PadRight(column == widths.Length - 1 ? 0 : room))));
    }

    /// <summary>The widths of the columns that are shown. The first one holds the ids and is cut last.</summary>
    private static int[] Fit(int[] natural, IReadOnlyList<string> headers, int most)
    {
        var widths = natural.Select((n, column) => column == 0 ? Math.Min(n, most) : Whole.Contains(headers[column]) ? n : Math.Min(n, Math.Max(headers[column].Length, LeastWidth))).ToArray();
        while (widths.Length > 1 && Total(widths) > most) widths = widths[..^1];
        // What is left over goes to the columns in the order of their importance.
        for (var column = 0; column < widths.Length; column++)
            widths[column] = Math.Min(natural[column], widths[column] + most - Total(widths));
        return widths;
    }

    private static int Total(int[] widths) => widths.Sum() + (widths.Length - 1) * Gap.Length;
}
