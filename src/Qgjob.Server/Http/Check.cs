using System.Globalization;
using System.Text;
using Qgjob.Core;

namespace Qgjob.Server.Http;

/// <summary>Checks values that clients send; every refusal names the field.</summary>
internal static class Check
{
    public const int MaxIdLength = 128;

    /// <summary>An id that the client chose: letters, digits and <c>. _ - + @ : ~</c>.</summary>
    public static string Id(string field, string? value)
    {
        if (string.IsNullOrEmpty(value)) throw RefusedException.Invalid(field, "is missing");
        if (value.Length > MaxIdLength) throw RefusedException.Invalid(field, $"is longer than {MaxIdLength} characters");
        if (!value.All(c => char.IsAsciiLetterOrDigit(c) || "._-+@:~".Contains(c, StringComparison.Ordinal)))
            throw RefusedException.Invalid(field, "may hold only letters, digits and . _ - + @ : ~");
        // Ids are parts of URLs and of file names.
        return value.All(c => c == '.') ? throw RefusedException.Invalid(field, "may not consist of dots only") : value;
    }

    public static string? OptionalId(string field, string? value) => value is null ? null : Id(field, value);

    /// <summary>Text that people wrote: no control characters.</summary>
    public static string? OptionalText(string field, string? value, int maxLength)
    {
        if (value is null) return null;
        if (value.Length > maxLength) throw RefusedException.Invalid(field, $"is longer than {maxLength} characters");
        RefuseControls(field, value, allowLines: false);
        return value;
    }

    /// <summary>A path within a project, with forward slashes.</summary>
    public static string RelativePath(string field, string? value)
    {
        if (string.IsNullOrWhiteSpace(value)) throw RefusedException.Invalid(field, "is missing");
        OptionalText(field, value, 1024);
        if (value.Contains('\\', StringComparison.Ordinal)) throw RefusedException.Invalid(field, "must be written with forward slashes");
        if (value[0] == '/' || (value.Length > 1 && value[1] == ':' && char.IsAsciiLetter(value[0])))
            throw RefusedException.Invalid(field, "must be relative to the project, not absolute");
        if (value.Split('/').Contains("..")) throw RefusedException.Invalid(field, "may not contain '..'");
        return value;
    }

    public static int Range(string field, int? value, int min, int max, int fallback) => value switch
    {
        null => fallback,
        { } v when v >= min && v <= max => v,
        _ => throw RefusedException.Invalid(field, string.Create(CultureInfo.InvariantCulture, $"must be from {min} to {max}")),
    };

    public static string Sha256(string field, string? value) =>
        value is { Length: 64 } && value.All(char.IsAsciiHexDigit)
            ? value.ToLowerInvariant()
            : throw RefusedException.Invalid(field, "must be a SHA-256 in hex: 64 digits");

    /// <summary>A whole number in a query; null when it is not given.</summary>
    public static long? Number(string field, string? value, long min, long max)
    {
        if (value is null) return null;
        return long.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= min && number <= max
            ? number
            : throw RefusedException.Invalid(field, string.Create(CultureInfo.InvariantCulture, $"must be a whole number from {min} to {max}"));
    }

    public static bool Flag(string field, string? value) => value switch
    {
        null or "false" or "0" => false,
        "true" or "1" or "" => true,
        _ => throw RefusedException.Invalid(field, "must be true or false"),
    };

    public static T? Word<T>(string field, string? value) where T : struct, Enum =>
        value is null ? null
        : Words.TryParse<T>(value, out var found) ? found
        : throw RefusedException.Invalid(field, $"must be one of {string.Join(", ", Words.All<T>())}");

    /// <summary>A cursor is whatever the list gave out; anything printable is looked up, and found or not.</summary>
    public static string? Cursor(string? value) =>
        value is null || (value.Length is > 0 and <= 300 && value.All(c => c is > ' ' and <= '~'))
            ? value
            : throw RefusedException.Invalid("cursor", "is not one that a list gave out");

    public static void RefuseControls(string field, string value, bool allowLines)
    {
        foreach (var c in value)
            if (char.IsControl(c) && !(allowLines && c is '\n' or '\r' or '\t'))
                throw RefusedException.Invalid(field, string.Create(CultureInfo.InvariantCulture, $"may not contain control characters (found U+{(int)c:X4})"));
        try
        {
            StrictUtf8.GetByteCount(value);
        }
        catch (EncoderFallbackException)
        {
            throw RefusedException.Invalid(field, "is not valid Unicode");
        }
    }

    /// <summary>An id in a path, as it was meant: the server leaves an encoded slash in a path as it is.</summary>
    public static string FromPath(string value) => value.Replace("%2F", "/", StringComparison.OrdinalIgnoreCase);

    private static readonly UTF8Encoding StrictUtf8 = new(false, throwOnInvalidBytes: true);
}
