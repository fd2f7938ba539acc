using System.Buffers;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Qgjob.Core.Storage.Journal;

namespace Qgjob.Stores;

/// <summary>A commit as text, with the places of its rows in it: every row is made text once, for the feed and for itself.</summary>
internal sealed class RowTexts
{
    private readonly ArrayBufferWriter<byte> buffer = new(64 * 1024);
    private readonly Dictionary<object, (int Start, int Length)> places = new(ReferenceEqualityComparer.Instance);

    public RowTexts(RowChanges rows)
    {
        using var json = new Utf8JsonWriter(buffer, new JsonWriterOptions { SkipValidation = true });
        json.WriteStartObject();
        json.WritePropertyName("head");
        JsonSerializer.Serialize(json, rows.Head, RowJson.Default.Head);
        if (rows.After is { } after) json.WriteString("after", after);
        All(json, "runs", rows.Runs, RowJson.Default.Run);
        json.WriteStartArray("jobs");
        foreach (var (job, spec) in rows.Jobs)
        {
            json.WriteStartObject();
            json.WritePropertyName("job");
            One(json, job, RowJson.Default.Job);
            if (spec is not null)
            {
                json.WritePropertyName("spec");
                One(json, spec, RowJson.Default.JobSpec);
            }
            json.WriteEndObject();
        }
        json.WriteEndArray();
        All(json, "attempts", rows.Attempts, RowJson.Default.Attempt);
        json.WriteStartArray("tests");
        foreach (var row in rows.Tests)
        {
            json.Flush();
            var start = buffer.WrittenCount;
            json.WriteStartObject();
            json.WriteString("job_id", row.JobId);
            json.WriteNumber("attempt", row.Attempt);
            json.WritePropertyName("tests");
            One(json, row.Tests, RowJson.Default.IReadOnlyListTestResult);
            if (row.Origin is { } origin)
            {
                json.WritePropertyName("origin");
                One(json, origin, RowJson.Default.TestsOrigin);
            }
            json.WriteEndObject();
            json.Flush();
            Note(row, start);
        }
        json.WriteEndArray();
        All(json, "events", rows.Events, RowJson.Default.JobEvent);
        All(json, "groups", rows.Groups, RowJson.Default.Group);
        All(json, "app_versions", rows.AppVersions, RowJson.Default.AppVersion);
        All(json, "orgs", rows.Orgs, RowJson.Default.OrgShare);
        All(json, "resources", rows.Resources, RowJson.Default.Resource);
        All(json, "devices", rows.Devices, RowJson.Default.Device);
        All(json, "lease_ends", rows.LeaseEnds, RowJson.Default.LeaseEnd);
        All(json, "agents", rows.Agents, RowJson.Default.Agent);
        All(json, "estimates", rows.Estimates, RowJson.Default.EstimateRow);
        All(json, "quarantines", rows.Quarantines, RowJson.Default.Quarantine);
        All(json, "terms", rows.Terms, RowJson.Default.Term);
        All(json, "hook_rows", rows.HookRows, RowJson.Default.HookRow);
        All(json, "gone", rows.Gone, RowJson.Default.GoneRow);
        json.WriteEndObject();
        json.Flush();
    }

    /// <summary>The whole commit.</summary>
    public ReadOnlyMemory<byte> Whole => buffer.WrittenMemory;

    /// <summary>One row of it.</summary>
    public ReadOnlyMemory<byte> this[object row] => buffer.WrittenMemory.Slice(places[row].Start, places[row].Length);

    private void All<T>(Utf8JsonWriter json, string name, IReadOnlyList<T> rows, JsonTypeInfo<T> type)
        where T : class
    {
        json.WriteStartArray(name);
        foreach (var row in rows) One(json, row, type);
        json.WriteEndArray();
    }

    private void One<T>(Utf8JsonWriter json, T row, JsonTypeInfo<T> type)
        where T : class
    {
        json.Flush();
        var start = buffer.WrittenCount;
        JsonSerializer.Serialize(json, row, type);
        json.Flush();
        Note(row, start);
    }

    private void Note(object row, int start)
    {
        // The comma between two items comes with the second.
        if (buffer.WrittenSpan[start] == (byte)',') start++;
        // Jobs of one submission may share a specification; any of its texts will do.
        places[row] = (start, buffer.WrittenCount - start);
    }
}
