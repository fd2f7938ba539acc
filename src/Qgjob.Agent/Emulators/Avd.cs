using System.Globalization;

namespace Qgjob.Agent.Emulators;

/// <summary>What an AVD's own files say of the phone that it is, before it runs.</summary>
/// <param name="Name">The AVD's name.</param>
/// <param name="Model">For instance <c>pixel_7</c>.</param>
/// <param name="ApiLevel">Android's API level; null when its files do not say.</param>
internal sealed record Avd(string Name, string? Model, int? ApiLevel)
{
    /// <summary>Versions of Android as people say them, from API level 21 on.</summary>
    private static readonly string[] Releases = ["5.0", "5.1", "6.0", "7.0", "7.1", "8.0", "8.1", "9", "10", "11", "12", "12"];

    /// <summary>Android's version; empty when it is not known.</summary>
    public string Release => ApiLevel switch
    {
        null or < 21 => "",
        <= 32 => Releases[ApiLevel.Value - 21],
        var api => (api.Value - 20).ToString(CultureInfo.InvariantCulture),
    };

    /// <summary>Reads the AVD's files; what cannot be read is not known.</summary>
    public static Avd Read(string name, Func<string, string?> environment)
    {
        var folder = environment("ANDROID_AVD_HOME")
            ?? (environment("ANDROID_USER_HOME") is { } user ? Path.Combine(user, "avd") : null)
            ?? Path.Combine(environment("HOME") ?? environment("USERPROFILE") ?? "", ".android", "avd");
        try
        {
            var place = Values(Path.Combine(folder, name + ".ini"));
            var config = Values(Path.Combine(place.GetValueOrDefault("path") ?? Path.Combine(folder, name + ".avd"), "config.ini"));
            return new Avd(name, config.GetValueOrDefault("hw.device.name"), ApiOf(place.GetValueOrDefault("target")) ?? ApiOf(config.GetValueOrDefault("image.sysdir.1")));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            return new Avd(name, null, null);
        }
    }

    /// <summary>Out of <c>android-33</c> or <c>system-images/android-33/google_apis/x86_64/</c>.</summary>
    private static int? ApiOf(string? text)
    {
        const string Word = "android-";
        if (text?.IndexOf(Word, StringComparison.Ordinal) is not (>= 0 and var at)) return null;
        var digits = new string([.. text[(at + Word.Length)..].TakeWhile(char.IsAsciiDigit)]);
        return int.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out var api) ? api : null;
    }

    private static Dictionary<string, string> Values(string file) => File.Exists(file)
        ? File.ReadLines(file).Select(l => l.Split('=', 2)).Where(p => p.Length == 2).GroupBy(p => p[0].Trim(), p => p[1].Trim()).ToDictionary(g => g.Key, g => g.First())
        : [];
}
