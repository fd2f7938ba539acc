using System.Globalization;

namespace Qgjob.Server.Hosting;

/// <summary>Durations (<c>500ms</c>, <c>60</c>, <c>60s</c>, <c>10m</c>, <c>1h</c>, <c>30d</c>) and sizes (<c>1024</c>, <c>512MiB</c>, <c>4GiB</c>) as people write them.</summary>
internal static class Quantities
{
    private static readonly (string Unit, double Seconds)[] Times = [("ms", 0.001), ("s", 1), ("m", 60), ("h", 3600), ("d", 86400), ("", 1)];
    private static readonly (string Unit, double Bytes)[] Sizes =
        [("GiB", 1L << 30), ("MiB", 1 << 20), ("KiB", 1 << 10), ("GB", 1e9), ("MB", 1e6), ("KB", 1e3), ("B", 1), ("", 1)];

    public static bool TryDuration(string text, out TimeSpan time)
    {
        time = default;
        if (!TryRead(text, Times, out var seconds) || seconds > 1e9) return false;
        time = TimeSpan.FromSeconds(seconds);
        return true;
    }

    public static bool TryBytes(string text, out long bytes)
    {
        bytes = 0;
        if (!TryRead(text, Sizes, out var number) || number > 1L << 50) return false;
        bytes = (long)number;
        return true;
    }

    private static bool TryRead(string text, (string Unit, double Factor)[] units, out double value)
    {
        value = 0;
        var (unit, factor) = units.First(u => text.EndsWith(u.Unit, StringComparison.OrdinalIgnoreCase));
        if (!double.TryParse(text.AsSpan(0, text.Length - unit.Length).Trim(), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number)) return false;
        value = number * factor;
        return true;
    }
}
