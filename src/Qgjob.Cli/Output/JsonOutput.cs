using System.Buffers;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace Qgjob.Cli.Output;

/// <summary>
/// The one form of all JSON output: an object whose first two members are <c>schema</c> (a number that rises when a
/// member changes its meaning or goes) and <c>kind</c>, followed by the value's own members. On one line, so that the
/// last line of a longer output is the whole document, too.
/// </summary>
internal static class JsonOutput
{
    public const int Schema = 1;

    private static readonly JsonWriterOptions Form = new()
    {
        // It goes to a terminal or a file, never into a page: letters stay letters.
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    public static void Write<T>(TextWriter output, string kind, T value, JsonTypeInfo<T> type)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer, Form))
        {
            json.WriteStartObject();
            json.WriteNumber("schema", Schema);
            json.WriteString("kind", kind);
            foreach (var member in JsonSerializer.SerializeToElement(value, type).EnumerateObject()) member.WriteTo(json);
            json.WriteEndObject();
        }
        output.WriteLine(Encoding.UTF8.GetString(buffer.WrittenSpan));
    }
}
