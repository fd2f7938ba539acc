using System.Text.Json.Nodes;
using Qgjob.Core.Results;

namespace Qgjob.Agent.Reports;

/// <summary>Tests as the suites of a blob report: file, describes, test.</summary>
internal static class BlobSuites
{
    /// <summary>A tag that tests in quarantine get.</summary>
    public const string Quarantined = "@quarantined";

    public static JsonObject Project(string name, IEnumerable<BlobTest> tests)
    {
        var files = new JsonArray();
        foreach (var test in tests)
        {
            var file = test.Entry.Test.File;
            var suite = Find(files, file, file);
            foreach (var title in test.Entry.Test.TitlePath.SkipLast(1)) suite = Find((JsonArray)suite["entries"]!, title, file);
            ((JsonArray)suite["entries"]!).Add((JsonNode)Test(test));
        }

        return new JsonObject
        {
            ["metadata"] = new JsonObject(),
            ["name"] = name,
            ["outputDir"] = "",
            ["repeatEach"] = 1,
            ["retries"] = 0,
            ["testDir"] = "",
            ["testIgnore"] = new JsonArray(),
            ["testMatch"] = new JsonArray(),
            ["timeout"] = 0,
            ["suites"] = files,
            ["grep"] = new JsonArray(),
            ["grepInvert"] = new JsonArray(),
            ["dependencies"] = new JsonArray(),
            ["snapshotDir"] = "",
        };
    }

    /// <summary>What the test says of itself, and what readers want to know besides.</summary>
    public static JsonArray Annotations(BlobTest test)
    {
        var own = (test.Entry.Test.Annotations ?? []).Select(a => (JsonNode?)new JsonObject { ["type"] = a.Type, ["description"] = a.Description });
        // Not a collection expression: it would add each by the method that takes any type, which native programs cannot.
        return new JsonArray([.. own, .. test.Notes.Select(n => n.DeepClone())]);
    }

    /// <summary>The page shows them beside each title: a failure that does not count looks like any other without one.</summary>
    private static JsonArray Tags(TestResult result) =>
        new([.. (result.Tags ?? []).Concat(result.IsQuarantined() ? [Quarantined] : []).Select(t => (JsonNode?)t)]);

    private static JsonObject Test(BlobTest test)
    {
        var entry = test.Tries.Count > 0 ? test.Tries[^1].Test.Entry : null;
        var result = test.Entry.Test;
        return new JsonObject
        {
            ["testId"] = test.Id,
            ["title"] = result.TitlePath[^1],
            ["location"] = Place(result.File, result.Line),
            ["retries"] = entry?["retries"]?.DeepClone() ?? 0,
            ["tags"] = Tags(result),
            ["repeatEachIndex"] = 0,
            ["annotations"] = Annotations(test),
        };
    }

    private static JsonObject Find(JsonArray among, string title, string file)
    {
        foreach (var entry in among.OfType<JsonObject>())
            if (entry.ContainsKey("entries") && entry["title"]!.GetValue<string>() == title) return entry;
        var suite = new JsonObject { ["title"] = title, ["location"] = Place(file, 0), ["entries"] = new JsonArray() };
        among.Add((JsonNode)suite);
        return suite;
    }

    private static JsonObject Place(string file, int line) => new() { ["file"] = file, ["line"] = line, ["column"] = 0 };
}
