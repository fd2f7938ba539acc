using System.Globalization;

namespace Qgjob.Core.Devices.Selectors;

/// <summary>Versions as systems write them: one to four numbers with dots between; what is not written is 0.</summary>
internal static class VersionText
{
    public static Version? Parse(string text)
    {
        Span<int> numbers = [0, 0, 0, 0];
        var count = 0;
        foreach (var part in text.AsSpan().Split('.'))
        {
            if (count == numbers.Length) return null;
            if (!int.TryParse(text.AsSpan()[part], NumberStyles.None, CultureInfo.InvariantCulture, out numbers[count++])) return null;
        }
        return new Version(numbers[0], numbers[1], numbers[2], numbers[3]);
    }
}
