using System.Text.RegularExpressions;

namespace Qgjob.Core.Jobs;

/// <summary>Where a test file says that its tests build upon one another, so that it cannot be divided.</summary>
/// <param name="Line">1-based.</param>
/// <param name="What">The words that say so.</param>
public sealed partial record DependentTests(int Line, string What)
{
    /// <summary>The first such place; null when there is none. Comments do not count; what the file imports is not looked at.</summary>
    public static DependentTests? Find(string source)
    {
        ArgumentNullException.ThrowIfNull(source);
        foreach (Match found in Tokens().Matches(source))
            // What is no comment, text or pattern is one of the places.
            if (found.Groups["place"] is { Success: true } place)
                return new DependentTests(source.AsSpan(0, place.Index).Count('\n') + 1, Blanks().Replace(place.Value, " "));
        return null;
    }

    // Comments and texts come first, so that nothing within them is taken for code. In a template's ${…} code is overlooked.
    [GeneratedRegex(
        """
        //[^\n]*|/\*.*?\*/
        |(?<place>\bdescribe\s*\.\s*(?:parallel\s*\.\s*)?serial\b|(?:\bmode|'mode'|"mode")\s*:\s*(?<quote>['"`])serial\k<quote>|\bpersistentDevice\b)
        |"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|`(?:\\.|[^`\\])*`
        """, RegexOptions.Singleline | RegexOptions.IgnorePatternWhitespace | RegexOptions.ExplicitCapture | RegexOptions.CultureInvariant)]
    private static partial Regex Tokens();

    [GeneratedRegex(@"\s+")]
    private static partial Regex Blanks();
}
