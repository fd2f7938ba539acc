using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using Qgjob.Client.Wire;

namespace Qgjob.Server.Http;

/// <summary>How requests are read and answers written.</summary>
internal static class WireOptions
{
    /// <summary>For people's requests: a misspelt field must not be ignored.</summary>
    public static WireJson Strict { get; } = new(new JsonSerializerOptions(WireJson.Default.Options)
    {
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        AllowDuplicateProperties = false,
        MaxDepth = 16,
    });

    /// <summary>For agents' requests: an agent that is newer than the server may say more than the server knows.</summary>
    public static WireJson Lenient { get; } = new(new JsonSerializerOptions(WireJson.Default.Options) { MaxDepth = 32 });

    /// <summary>For answers that people read: an apostrophe stays one. They are never part of a page.</summary>
    public static WireJson Readable { get; } = new(new JsonSerializerOptions(WireJson.Default.Options) { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping });

    /// <summary>Makes ASP.NET Core's own answers and the API's document follow the wire.</summary>
    public static void Apply(JsonSerializerOptions options)
    {
        var wire = WireJson.Default.Options;
        options.PropertyNamingPolicy = wire.PropertyNamingPolicy;
        options.DefaultIgnoreCondition = wire.DefaultIgnoreCondition;
        options.NumberHandling = wire.NumberHandling;
        foreach (var converter in wire.Converters) options.Converters.Add(converter);
        options.TypeInfoResolverChain.Insert(0, WireJson.Default);
    }
}
