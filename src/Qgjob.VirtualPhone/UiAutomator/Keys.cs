using System.Globalization;
using Qgjob.Phones.Ui;

namespace Qgjob.Phones.UiAutomator;

/// <summary>Android's key codes, as far as they do something here.</summary>
internal static class Keys
{
    private const int Home = 3, Back = 4, Digit0 = 7, Digit9 = 16, LetterA = 29, LetterZ = 54;

    /// <summary>Power, volume, wake-up, camera, menu and recents: accepted, without effect.</summary>
    private static readonly int[] WithoutEffect = [24, 25, 26, 27, 82, 84, 111, 187, 223, 224];

    private static readonly Dictionary<string, int> Codes = new()
    {
        ["HOME"] = Home,
        ["BACK"] = Back,
        ["SPACE"] = 62,
        ["ENTER"] = 66,
        ["DEL"] = 67,
        ["TAB"] = 61,
        ["PERIOD"] = 56,
        ["COMMA"] = 55,
        ["MINUS"] = 69,
        ["AT"] = 77,
        ["POWER"] = 26,
        ["WAKEUP"] = 224,
        ["SLEEP"] = 223,
        ["MENU"] = 82,
        ["APP_SWITCH"] = 187,
        ["VOLUME_UP"] = 24,
        ["VOLUME_DOWN"] = 25,
        ["ESCAPE"] = 111,
        ["DPAD_CENTER"] = 23,
    };

    /// <param name="screen">The screen.</param>
    /// <param name="key">A number, or a name with or without KEYCODE_.</param>
    /// <returns>False for a key that this phone does not have.</returns>
    public static bool TryPress(PhoneScreen screen, string key)
    {
        if (int.TryParse(key, CultureInfo.InvariantCulture, out var code))
            return TryPress(screen, code);
        var name = key.StartsWith("KEYCODE_", StringComparison.Ordinal) ? key["KEYCODE_".Length..] : key;
        if (name.Length == 1 && char.IsAsciiLetterOrDigit(name[0]))
            return TryPress(screen, char.IsAsciiDigit(name[0]) ? Digit0 + name[0] - '0' : LetterA + char.ToUpperInvariant(name[0]) - 'A');
        return Codes.TryGetValue(name, out code) && TryPress(screen, code);
    }

    public static bool TryPress(PhoneScreen screen, int code)
    {
        switch (code)
        {
            case Home:
                screen.Home();
                return true;
            case Back:
                screen.Back();
                return true;
            case >= Digit0 and <= Digit9:
                screen.Type(((char)('0' + code - Digit0)).ToString());
                return true;
            case >= LetterA and <= LetterZ:
                screen.Type(((char)('a' + code - LetterA)).ToString());
                return true;
            case 67:
                screen.Backspace();
                return true;
            case 55 or 56 or 62 or 69 or 77:
                screen.Type(code switch { 55 => ",", 56 => ".", 62 => " ", 69 => "-", _ => "@" });
                return true;
            default:
                return code is 23 or 61 or 66 || WithoutEffect.Contains(code);
        }
    }

    /// <summary>A key of WebDriver's actions: a letter, or one from its private range.</summary>
    public static void Type(PhoneScreen screen, string key)
    {
        if (key is "\uE003" or "\uE017")
            screen.Backspace();
        else if (key.Length > 0 && key[0] is < '\uE000' or > '\uE05D')
            screen.Type(key);
    }
}
