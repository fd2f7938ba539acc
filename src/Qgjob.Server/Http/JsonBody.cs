using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace Qgjob.Server.Http;

/// <summary>Reads a JSON body and says what is wrong with it, naming the field.</summary>
internal static class JsonBody
{
    public const int SmallLimit = 1 << 20;
    public const int LargeLimit = 16 << 20;

    /// <summary>The body, which must be there.</summary>
    /// <exception cref="RefusedException">It is missing, too large, no JSON, or not of this shape.</exception>
    public static async Task<T> ReadAsync<T>(HttpRequest request, JsonTypeInfo<T> type, int limit, CancellationToken cancel) where T : class
    {
        RefuseOtherTypes(request);
        return Parse(await ReadBytesAsync(request, limit, cancel), type);
    }

    /// <summary>The body, or null when there is none.</summary>
    public static async Task<T?> ReadOptionalAsync<T>(HttpRequest request, JsonTypeInfo<T> type, CancellationToken cancel) where T : class
    {
        var bytes = await ReadBytesAsync(request, SmallLimit, cancel);
        if (bytes.Length == 0) return null;
        RefuseOtherTypes(request);
        return Parse(bytes, type);
    }

    public static async Task<ReadOnlyMemory<byte>> ReadBytesAsync(HttpRequest request, int limit, CancellationToken cancel)
    {
        if (request.ContentLength > limit) throw RefusedException.TooLarge(limit, "the limit of this call");
        using var bytes = new MemoryStream((int)(request.ContentLength ?? 4096));
        var buffer = new byte[16 * 1024];
        int read;
        while ((read = await request.Body.ReadAsync(buffer, cancel)) > 0)
        {
            if (bytes.Length + read > limit) throw RefusedException.TooLarge(limit, "the limit of this call");
            bytes.Write(buffer, 0, read);
        }
        return bytes.GetBuffer().AsMemory(0, (int)bytes.Length);
    }

    private static void RefuseOtherTypes(HttpRequest request)
    {
        if (!request.HasJsonContentType())
            throw new RefusedException(StatusCodes.Status415UnsupportedMediaType, "Unsupported media type", "The body must be application/json.");
    }

    private static T Parse<T>(ReadOnlyMemory<byte> bytes, JsonTypeInfo<T> type) where T : class
    {
        try
        {
            return JsonSerializer.Deserialize(bytes.Span, type) ?? throw RefusedException.Invalid("body", "must be a JSON object, not null");
        }
        catch (JsonException e)
        {
            throw Explain(e, type);
        }
    }

    private static RefusedException Explain(JsonException e, JsonTypeInfo type)
    {
        var field = FieldOf(e.Path);
        var place = $"line {(e.LineNumber ?? 0) + 1}, byte {(e.BytePositionInLine ?? 0) + 1}";
        var message = e.Message;
        if (message.Contains("could not be mapped", StringComparison.Ordinal)) return RefusedException.Invalid(field, "unknown field");
        if (message.Contains("uplicate propert", StringComparison.Ordinal)) return RefusedException.Invalid(field, "is given twice");
        if (message.Contains("could not be converted", StringComparison.Ordinal)) return RefusedException.Invalid(field, $"must be {JsonShape.At(type, e.Path)} ({place})");
        // The reader's own exceptions are about JSON itself; the others are the wire's converters speaking.
        return e.GetType() == typeof(JsonException) && !message.Contains("BytePositionInLine", StringComparison.Ordinal)
            ? RefusedException.Invalid(field, message)
            : RefusedException.Invalid(field, $"malformed JSON at {place}: {message.Split(" Path:")[0].Split(" LineNumber:")[0]}");
    }

    private static string FieldOf(string? path) => path is null or "$" or "" ? "body" : path.StartsWith("$.", StringComparison.Ordinal) ? path[2..] : path;
}
