using System.Globalization;

namespace Qgjob.Agent.Downloads;

/// <summary>A number of bytes for people.</summary>
internal static class ByteSize
{
    /// <summary>For instance <c>512 B</c>, <c>7.3 kB</c>, <c>48 MB</c>.</summary>
    public static string Text(long bytes) => bytes switch
    {
        < 1_000 => $"{bytes} B",
        < 1_000_000 => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1e3:0.#} kB"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1e6:0.#} MB"),
    };
}
