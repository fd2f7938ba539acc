using System.Text.Json;

namespace Qgjob.Core;

/// <summary>Enum members as the API and the pages write them: <c>TimedOut</c> is <c>timed_out</c>.</summary>
public static class Words
{
    /// <summary>The member's name in snake case.</summary>
    public static string Of<T>(T value) where T : struct, Enum => Cache<T>.Names.TryGetValue(value, out var name) ? name : value.ToString();

    /// <summary>The member with this snake-case name; false when there is none.</summary>
    public static bool TryParse<T>(string text, out T value) where T : struct, Enum => Cache<T>.Values.TryGetValue(text, out value);

    /// <summary>All members' names, for messages that list the choices.</summary>
    public static IEnumerable<string> All<T>() where T : struct, Enum => Cache<T>.Names.Values;

    private static class Cache<T> where T : struct, Enum
    {
        public static readonly Dictionary<T, string> Names =
            Enum.GetValues<T>().ToDictionary(v => v, v => JsonNamingPolicy.SnakeCaseLower.ConvertName(v.ToString()));

        public static readonly Dictionary<string, T> Values =
            Names.ToDictionary(n => n.Value, n => n.Key, StringComparer.Ordinal);
    }
}
