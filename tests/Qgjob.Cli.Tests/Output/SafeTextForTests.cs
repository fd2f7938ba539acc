using System.Text.RegularExpressions;

namespace Qgjob.Cli.Tests.Output;

internal static partial class SafeTextForTests
{
    public static string WithoutColours(string text) => Colours().Replace(text, "");

    [GeneratedRegex("\u001b\\[[0-9;]*m")]
    private static partial Regex Colours();
}
