using System.Globalization;
using System.Text;

namespace Qgjob.Server.Artifacts;

/// <summary>
/// An artifact's name as a part of a blob's key. Names come from tests, in any script; in keys, what file systems (Windows',
/// too) or addresses give a meaning to is written as <c>%</c> and two digits, and no name leads out of its folder.
/// </summary>
internal static class ArtifactName
{
    public const string Rule = "must be a relative path, without '..', of at most 20 names, each at most 255 bytes long, 900 together";

    private const int MaxDepth = 20;
    /// <summary>What ext4, NTFS and APFS take for one name, in bytes.</summary>
    private const int MaxPartBytes = 255;
    /// <summary>Of the 1024 that a bucket takes for a key.</summary>
    private const int MaxBytes = 900;
    private static readonly HashSet<string> s_devices = new(StringComparer.OrdinalIgnoreCase)
    {
        "CON", "PRN", "AUX", "NUL", "COM1", "COM2", "COM3", "COM4", "COM5", "COM6", "COM7", "COM8", "COM9",
        "LPT1", "LPT2", "LPT3", "LPT4", "LPT5", "LPT6", "LPT7", "LPT8", "LPT9",
    };

    /// <summary>The part of a key, or null when the name cannot be one.</summary>
    public static string? ToKey(string name)
    {
        if (name.Length is 0 or > MaxBytes || name.Contains('\0') || !IsText(name) || Leaves(name) || LeavesOnceDecoded(name)) return null;
        var parts = name.Split('/').Select(Encode).ToList();
        return parts.Count <= MaxDepth && parts.All(p => Encoding.UTF8.GetByteCount(p) <= MaxPartBytes) && parts.Sum(p => Encoding.UTF8.GetByteCount(p) + 1) <= MaxBytes
            ? string.Join('/', parts)
            : null;
    }

    /// <summary>The name of a part of a key.</summary>
    public static string FromKey(string key) => key.Contains('%') ? Uri.UnescapeDataString(key) : key;

    private static string Encode(string part)
    {
        var text = new StringBuilder(part.Length);
        foreach (var c in part)
            if (char.IsControl(c) && c < 128 || "\\:*?\"<>|%".Contains(c, StringComparison.Ordinal)) text.Append(CultureInfo.InvariantCulture, $"%{(int)c:X2}");
            else text.Append(c);
        // Windows drops these, and has devices of these names whatever their ending.
        if (part[^1] is '.' or ' ') text.Remove(text.Length - 1, 1).Append(CultureInfo.InvariantCulture, $"%{(int)part[^1]:X2}");
        if (s_devices.Contains(part.Split('.')[0].TrimEnd(' '))) text.Remove(0, 1).Insert(0, string.Create(CultureInfo.InvariantCulture, $"%{(int)part[0]:X2}"));
        return text.ToString();
    }

    private static bool Leaves(string name) => name.Split('/').Any(p => p is "" or "." or "..");

    /// <summary>Nothing here decodes a name twice, and nothing that does so elsewhere shall be led astray.</summary>
    private static bool LeavesOnceDecoded(string name) => Leaves(Uri.UnescapeDataString(name).Replace('\\', '/'));

    private static bool IsText(string name)
    {
        for (var i = 0; i < name.Length; i++)
            if (char.IsSurrogate(name[i]) && !(char.IsSurrogatePair(name, i) && ++i > 0)) return false;
        return true;
    }
}
