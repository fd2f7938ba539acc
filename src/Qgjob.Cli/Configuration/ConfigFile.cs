using System.Text.Json;
using System.Text.Json.Serialization;

namespace Qgjob.Cli.Configuration;

/// <summary>What <c>qgjob.json</c> may hold.</summary>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
internal sealed record ConfigFile
{
    public string? Url { get; init; }
    public string? Token { get; init; }
    public string? Org { get; init; }

    /// <summary>Where it was read.</summary>
    [JsonIgnore]
    public string Path { get; init; } = "";

    /// <summary>The file's settings; null when there is no such file.</summary>
    public static ConfigFile? Read(string path)
    {
        if (!File.Exists(path)) return null;
        try
        {
            var read = JsonSerializer.Deserialize(File.ReadAllText(path), ConfigJson.Default.ConfigFile);
            return (read ?? new ConfigFile()) with { Path = path };
        }
        catch (JsonException e)
        {
            throw CliException.Usage($"{path} cannot be read: {e.Message}", "It may hold the keys url, token and org.");
        }
    }

    /// <summary><c>qgjob.json</c> in the folder or the nearest one above.</summary>
    public static ConfigFile? FindUpward(string folder)
    {
        for (var at = folder; at is not null; at = System.IO.Path.GetDirectoryName(at))
            if (Read(System.IO.Path.Combine(at, "qgjob.json")) is { } found) return found;
        return null;
    }
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    AllowTrailingCommas = true,
    ReadCommentHandling = JsonCommentHandling.Skip)]
[JsonSerializable(typeof(ConfigFile))]
internal sealed partial class ConfigJson : JsonSerializerContext;
