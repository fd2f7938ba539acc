using System.IO.Compression;
using System.Text.Json.Nodes;
using Qgjob.Core.Results;

namespace Qgjob.Agent.Reports;

/// <summary>What one attempt recorded of the tests that take their tries from there, under the tests' new ids.</summary>
/// <param name="blob">The recording.</param>
/// <param name="place">Its place among the attempts.</param>
/// <param name="tests">All tests of the job.</param>
/// <param name="prefix">Makes names of attachments unique in the whole report.</param>
/// <param name="room">For attachments.</param>
/// <param name="files">Gets the attachments to copy.</param>
internal sealed class RecordedTries(
    RecordedBlob blob, int place, IReadOnlyList<BlobTest> tests, string prefix, AttachmentRoom room, List<(ZipArchiveEntry From, string Name)> files)
{
    private readonly HashSet<string> taken = [];

    public IEnumerable<JsonObject> Events()
    {
        var byId = new Dictionary<string, (BlobTest Test, int Before)>();
        foreach (var test in tests.Where(t => t.IsRecorded))
            foreach (var (_, found) in test.Tries.Where(t => t.Blob == place))
                byId[found.Id] = (test, test.Tries.Where(t => t.Blob < place).Sum(t => t.Test.Tries.Count));
        var begun = new HashSet<string>();
        foreach (var happened in blob.TestEvents())
        {
            var told = (JsonObject)happened["params"]!;
            var method = happened["method"]?.GetValue<string>();
            if ((method == "onTestEnd" ? told["test"]?["testId"] : told["testId"])?.GetValue<string>() is not { } id || !byId.TryGetValue(id, out var of)) continue;
            var result = told["result"] as JsonObject;
            switch (method)
            {
                case "onTestBegin" when result is not null:
                    begun.Add(result["id"]!.GetValue<string>());
                    result["retry"] = of.Before + result["retry"]!.GetValue<int>();
                    told["testId"] = of.Test.Id;
                    break;
                case "onTestEnd" when result is not null && begun.Contains(result["id"]!.GetValue<string>()):
                    End((JsonObject)told["test"]!, result, of.Test);
                    break;
                case "onStepBegin" or "onStepEnd" or "onStdIO" when told["resultId"]?.GetValue<string>() is { } of1 && begun.Contains(of1):
                    if (told["step"]?["error"] is JsonObject error) Unplaced(error);
                    told["testId"] = of.Test.Id;
                    break;
                default:
                    continue;
            }
            yield return happened;
        }
    }

    private void End(JsonObject test, JsonObject result, BlobTest of)
    {
        test["testId"] = of.Id;
        var notes = test["annotations"] as JsonArray;
        if (notes is null) test["annotations"] = notes = [];
        foreach (var note in of.Notes) notes.Add(note.DeepClone());
        if (result["errors"] is not JsonArray errors) result["errors"] = errors = [];
        foreach (var error in errors.OfType<JsonObject>()) Unplaced(error);
        if (of.Entry.Test.Status is TestStatus.Interrupted && result["status"]?.GetValue<string>() == "interrupted")
        {
            result["status"] = "failed";
            errors.Add((JsonNode)new JsonObject { ["message"] = of.Entry.Test.Error });
        }

        var kept = new JsonArray();
        foreach (var attachment in (result["attachments"] as JsonArray ?? []).OfType<JsonObject>())
            if (Keep(attachment)) kept.Add(attachment.DeepClone());
        result["attachments"] = kept;
    }

    /// <returns>False: it names a file that the report does not have.</returns>
    private bool Keep(JsonObject attachment)
    {
        if (attachment["path"] is not { } named) return true;
        if (blob.Resource(named.GetValue<string>()) is not { } entry) return false;
        if (!room.Take(entry.Length))
        {
            attachment.Remove("path");
            attachment["contentType"] = "text/plain";
            attachment["base64"] = Convert.ToBase64String("Left out: with it the report would be too large. It is among the job's artifacts."u8);
            return true;
        }

        var name = $"resources/{prefix}-{entry.Name}";
        if (taken.Add(name)) files.Add((entry, name));
        attachment["path"] = name;
        return true;
    }

    /// <summary>Places in errors are paths of another machine.</summary>
    private static void Unplaced(JsonObject error)
    {
        for (var at = error; at is not null; at = at["cause"] as JsonObject) at.Remove("location");
    }
}

/// <summary>How many bytes of attachments a report may still take.</summary>
internal sealed class AttachmentRoom(long bytes)
{
    private long left = bytes;

    public bool Take(long size)
    {
        if (size > left) return false;
        left -= size;
        return true;
    }
}
