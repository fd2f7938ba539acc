namespace Qgjob.Cli.Output;

/// <summary>Numbers as bars in one line of text, from none to the largest.</summary>
internal static class Sparkline
{
    private const string Bars = "▁▂▃▄▅▆▇█";

    public static string Of(IReadOnlyList<double> values)
    {
        var most = values.Count == 0 ? 0 : values.Max();
        return string.Concat(values.Select(v => Bars[most <= 0 ? 0 : (int)Math.Min(Bars.Length - 1, Math.Max(0, v) / most * Bars.Length)]));
    }
}
