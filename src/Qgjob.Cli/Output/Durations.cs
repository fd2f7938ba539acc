using System.Globalization;

namespace Qgjob.Cli.Output;

/// <summary>Durations as people write and read them: <c>90s</c>, <c>10m</c>, <c>1h30m</c>.</summary>
internal static class Durations
{
    /// <summary>Reads an option's value; anything but a positive duration with units is a usage error.</summary>
    public static TimeSpan Parse(string option, string text)
    {
        var total = TimeSpan.Zero;
        var rest = text.AsSpan().Trim();
        while (!rest.IsEmpty)
        {
            var digits = 0;
            while (digits < rest.Length && (char.IsAsciiDigit(rest[digits]) || rest[digits] == '.')) digits++;
            var unitLength = rest[digits..].StartsWith("ms") ? 2 : 1;
            if (digits == 0 || digits + unitLength > rest.Length
                || !double.TryParse(rest[..digits], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number)
                || UnitOf(rest.Slice(digits, unitLength)) is not { } unit || number * unit.TotalDays > 365) throw Wrong(option, text);
            total += number * unit;
            rest = rest[(digits + unitLength)..];
        }
        return total > TimeSpan.Zero ? total : throw Wrong(option, text);
    }

    /// <summary>The same in whole seconds, at least one; null stays null.</summary>
    public static int? ParseSeconds(string option, string? text) =>
        text is null ? null : (int)Math.Max(1, Math.Round(Parse(option, text).TotalSeconds));

    /// <summary>Short: <c>3.1 s</c>, <c>2 min 05 s</c>, <c>1 h 02 min</c>.</summary>
    public static string Show(TimeSpan time)
    {
        if (time < TimeSpan.Zero) time = TimeSpan.Zero;
        return time switch
        {
            { TotalSeconds: < 9.95 } => string.Create(CultureInfo.InvariantCulture, $"{time.TotalSeconds:0.0} s"),
            { TotalSeconds: < 59.5 } => string.Create(CultureInfo.InvariantCulture, $"{time.TotalSeconds:0} s"),
            { TotalMinutes: < 60 } => $"{(int)time.TotalMinutes} min {time.Seconds:00} s",
            { TotalHours: < 48 } => $"{(int)time.TotalHours} h {time.Minutes:00} min",
            _ => $"{(int)time.TotalDays} days",
        };
    }

    /// <summary>Time in a cloud and its limit; null when there is neither.</summary>
    public static string? Cloud(double? seconds, int? mostMinutes) => seconds is null && mostMinutes is null ? null
        : Show(seconds ?? 0) + (mostMinutes is { } most ? $" of {most} min" : "");

    public static string Show(double seconds) => Show(TimeSpan.FromSeconds(seconds));

    private static TimeSpan? UnitOf(ReadOnlySpan<char> unit) => unit switch
    {
        "ms" => TimeSpan.FromMilliseconds(1),
        "s" => TimeSpan.FromSeconds(1),
        "m" => TimeSpan.FromMinutes(1),
        "h" => TimeSpan.FromHours(1),
        "d" => TimeSpan.FromDays(1),
        _ => null,
    };

    private static CliException Wrong(string option, string text) =>
        CliException.Usage($"{option}: '{text}' is not a duration.", "Write a number with a unit, such as 90s, 10m or 1h30m.");
}
