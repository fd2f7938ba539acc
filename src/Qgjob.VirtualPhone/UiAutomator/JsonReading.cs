using System.Text.Json;
using System.Text.Json.Nodes;

namespace Qgjob.Phones.UiAutomator;

/// <summary>Values out of request bodies: what is absent or of another kind is null.</summary>
internal static class JsonReading
{
    // The same element under the names of the W3C and of the older JSON wire protocol.
    private static readonly string[] ElementKeys = ["element-6066-11e4-a52e-4f735466cecf", "ELEMENT"];

    public static string? Text(this JsonNode? node, string name) =>
        node is JsonObject o && o[name] is JsonValue v && v.GetValueKind() == JsonValueKind.String ? v.GetValue<string>() : null;

    public static double? Number(this JsonNode? node, string name) =>
        node is JsonObject o && o[name] is JsonValue v && v.GetValueKind() == JsonValueKind.Number ? v.GetValue<double>() : null;

    public static bool? Flag(this JsonNode? node, string name) =>
        node is JsonObject o && o[name] is JsonValue v && v.GetValueKind() is JsonValueKind.True or JsonValueKind.False ? (o[name] as JsonValue)!.GetValue<bool>() : null;

    public static JsonObject? Object(this JsonNode? node, string name) => (node as JsonObject)?[name] as JsonObject;

    public static JsonArray Array(this JsonNode? node, string name) => (node as JsonObject)?[name] as JsonArray ?? [];

    /// <summary>An element reference, plain or wrapped.</summary>
    public static string? ElementId(this JsonNode? node) => node switch
    {
        JsonValue v when v.GetValueKind() == JsonValueKind.String => v.GetValue<string>(),
        JsonObject o => ElementKeys.Select(k => o.Text(k)).FirstOrDefault(id => id is not null),
        _ => null,
    };

    public static JsonObject Reference(string id) => new() { ["ELEMENT"] = id, [ElementKeys[0]] = id };
}
