using System.Globalization;

namespace Qgjob.Cli.Simulation;

/// <summary>What <c>--devices</c> asks for: one number, or a range such as <c>10..100:10</c>.</summary>
internal static class DeviceCounts
{
    private const int Most = 100_000;
    private const int MostCounts = 200;
    private const int UsualCounts = 10;

    /// <summary>The numbers in rising order; the range's end is always one of them.</summary>
    public static IReadOnlyList<int> Parse(string text)
    {
        var range = text.Split("..");
        if (range.Length == 1) return [Number(text, range[0])];
        if (range.Length != 2) throw Wrong(text);
        var end = range[1].Split(':');
        if (end.Length > 2) throw Wrong(text);
        var (first, last) = (Number(text, range[0]), Number(text, end[0]));
        if (last < first) throw CliException.Usage($"--devices: '{text}' ends before it begins.", $"Write it as {last}..{first}.");
        var step = end.Length == 2 ? Number(text, end[1]) : Math.Max(1, (int)Math.Round((last - first) / (UsualCounts - 1.0)));
        if ((last - first) / step >= MostCounts)
            throw CliException.Usage($"--devices: '{text}' asks for {(last - first) / step + 1} simulations; {MostCounts} are the most.", "Take a larger step, such as 10..100:10.");
        var counts = new List<int>();
        for (var count = first; count < last; count += step) counts.Add(count);
        return [.. counts, last];
    }

    private static int Number(string text, string part) =>
        int.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number is >= 1 and <= Most ? number : throw Wrong(text);

    private static CliException Wrong(string text) =>
        CliException.Usage($"--devices: '{text}' is not a number of devices.", $"Write a number from 1 to {Most}, or a range such as 10..100 or 10..100:5.");
}
