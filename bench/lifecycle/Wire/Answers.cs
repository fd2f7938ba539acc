using System.Text.Json;

namespace Qgjob.Lifecycle.Wire;

/// <summary>The few members of the server's answers that the load needs, read without building objects of the rest.</summary>
internal static class Answers
{
    /// <param name="DeviceId">The device.</param>
    /// <param name="Token">Its lease's token.</param>
    /// <param name="JobId">The job.</param>
    /// <param name="RunId">Its run.</param>
    /// <param name="Stamp">When it was submitted, as the submission said.</param>
    public readonly record struct Lease(string DeviceId, long Token, string JobId, string RunId, long Stamp);

    /// <summary>The assignments of a poll's answer.</summary>
    public static void Leases(ReadOnlySpan<byte> json, List<Lease> leases)
    {
        leases.Clear();
        var reader = new Utf8JsonReader(json);
        string device = "", job = "", run = "";
        long token = 0, stamp = 0;
        while (reader.Read())
            switch (reader.TokenType)
            {
                // 1: the answer, 2: the list of assignments, and at its depth each assignment's end.
                case JsonTokenType.EndObject when reader.CurrentDepth == 2 && job.Length > 0:
                    leases.Add(new Lease(device, token, job, run, stamp));
                    job = "";
                    break;
                case JsonTokenType.PropertyName when reader.ValueTextEquals("device_id"u8):
                    reader.Read();
                    device = reader.GetString()!;
                    break;
                case JsonTokenType.PropertyName when reader.ValueTextEquals("token"u8):
                    reader.Read();
                    token = reader.GetInt64();
                    break;
                case JsonTokenType.PropertyName when reader.CurrentDepth == 3 && reader.ValueTextEquals("job_id"u8):
                    reader.Read();
                    job = reader.GetString()!;
                    break;
                case JsonTokenType.PropertyName when reader.CurrentDepth == 3 && reader.ValueTextEquals("run_id"u8):
                    reader.Read();
                    run = reader.GetString()!;
                    break;
                case JsonTokenType.PropertyName when reader.ValueTextEquals("grep"u8):
                    reader.Read();
                    stamp = Stamps.Read(reader.GetString()!);
                    break;
            }
    }

    /// <summary>A text member of the answer itself.</summary>
    public static string Text(ReadOnlySpan<byte> json, ReadOnlySpan<byte> name)
    {
        var reader = new Utf8JsonReader(json);
        while (reader.Read())
            if (reader.TokenType is JsonTokenType.PropertyName && reader.CurrentDepth == 1 && reader.ValueTextEquals(name))
            {
                reader.Read();
                return reader.GetString()!;
            }
        throw new InvalidOperationException("a member is missing in an answer of the server");
    }

    /// <summary>A number within an object that is a member of the answer.</summary>
    public static int Number(ReadOnlySpan<byte> json, ReadOnlySpan<byte> within, ReadOnlySpan<byte> name)
    {
        var reader = new Utf8JsonReader(json);
        var inside = false;
        while (reader.Read())
            if (reader.TokenType is JsonTokenType.PropertyName && reader.CurrentDepth == 1) inside = reader.ValueTextEquals(within);
            else if (inside && reader.TokenType is JsonTokenType.PropertyName && reader.ValueTextEquals(name))
            {
                reader.Read();
                return reader.GetInt32();
            }
        throw new InvalidOperationException("a member is missing in an answer of the server");
    }

    /// <summary>How many items of a list of booleans are true, and how many are not.</summary>
    public static (int True, int False) Booleans(ReadOnlySpan<byte> json)
    {
        var reader = new Utf8JsonReader(json);
        var (yes, no) = (0, 0);
        while (reader.Read())
            if (reader.TokenType is JsonTokenType.True) yes++;
            else if (reader.TokenType is JsonTokenType.False) no++;
        return (yes, no);
    }
}
