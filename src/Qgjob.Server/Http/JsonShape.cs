using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using System.Text.RegularExpressions;

namespace Qgjob.Server.Http;

/// <summary>Says in words what a place in a JSON document must hold; the reader's own messages name .NET types, and often the wrong one.</summary>
internal static partial class JsonShape
{
    /// <param name="root">The document's type.</param>
    /// <param name="path">A path as in <see cref="JsonException.Path"/>.</param>
    public static string At(JsonTypeInfo root, string? path)
    {
        var type = root;
        foreach (Match step in Step().Matches(path ?? ""))
        {
            var inner = type.Kind is JsonTypeInfoKind.Object
                ? type.Properties.FirstOrDefault(p => p.Name == step.Groups[1].Value)?.PropertyType
                : type.ElementType;
            if (inner is null) return "something else";
            type = root.Options.GetTypeInfo(inner);
        }
        return InWords(type);
    }

    private static string InWords(JsonTypeInfo info)
    {
        var type = Nullable.GetUnderlyingType(info.Type) ?? info.Type;
        if (type.IsEnum) return "one of " + string.Join(", ", Enum.GetNames(type).Select(JsonNamingPolicy.SnakeCaseLower.ConvertName));
        return info.Kind switch
        {
            JsonTypeInfoKind.Enumerable => "a list",
            JsonTypeInfoKind.Dictionary => "an object of texts",
            JsonTypeInfoKind.Object => "an object",
            _ when type == typeof(string) => "a text",
            _ when type == typeof(int) || type == typeof(long) => "a whole number",
            _ when type == typeof(double) => "a number",
            _ when type == typeof(bool) => "true or false",
            _ => $"a {type.Name}",
        };
    }

    [GeneratedRegex(@"\.([^.\[]+)|\[(?:\d+|'[^']*')\]")]
    private static partial Regex Step();
}
