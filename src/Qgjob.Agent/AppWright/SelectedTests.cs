using System.Text.Json;
using System.Text.Json.Serialization;
using Qgjob.Core.Jobs;

namespace Qgjob.Agent.AppWright;

/// <summary>A selection of tests as settings.cjs reads it: a file, since an environment variable holds 128 KB at most.</summary>
internal static class SelectedTests
{
    /// <returns>The file; null when everything is to run.</returns>
    public static string? Write(TestSelection? tests, string folder)
    {
        if (tests is not ({ Only: not null } or { Except.Count: > 0 } or { Slice: not null })) return null;
        var file = Path.Combine(folder, "selection.json");
        File.WriteAllBytes(file, JsonSerializer.SerializeToUtf8Bytes(tests, SelectionJson.Default.TestSelection));
        return file;
    }

    /// <summary>In words, for messages of what was looked for; null when everything is to run.</summary>
    public static string? Describe(TestSelection? tests) => tests switch
    {
        { Only: null, Slice: { Sharded: true } shard } => $"shard {shard.Index} of {shard.Of}",
        { Only: { } only, Except.Count: > 0 and var left } => $"of {only.Count} chosen tests those that are not among {left} others",
        { Only: { } only } => $"{only.Count} chosen tests",
        { Except.Count: > 0 and var left } => $"all but {left} of its tests",
        _ => null,
    };
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(TestSelection))]
internal sealed partial class SelectionJson : JsonSerializerContext;
