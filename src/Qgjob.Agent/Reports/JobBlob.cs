using System.IO.Compression;
using System.Text.Json.Nodes;
using Qgjob.Client.Reports;
using Qgjob.Client.Wire;
using Qgjob.Core.Results;

namespace Qgjob.Agent.Reports;

/// <summary>What all jobs of a report have in common.</summary>
/// <param name="ProjectFolder">Where the project lies on this machine; Playwright reads the code of steps there.</param>
/// <param name="Start">When the run began.</param>
/// <param name="Duration">How long it took.</param>
internal sealed record ReportFrame(string ProjectFolder, DateTimeOffset Start, TimeSpan Duration);

/// <summary>
/// Writes a job as the blob report that one run of Playwright with exactly these tests would have written. Which tests there
/// are and how they ended comes from the job's results alone; what they did in between comes from what their attempts
/// recorded, where that leads to the same end. So a merged report agrees with the results, and no test is in it twice.
/// </summary>
internal sealed class JobBlob(JobResults job, ReportFrame frame, int number, AttachmentRoom room)
{
    private readonly List<BlobTest> tests = [.. ReportedTest.Of(job).Select((t, i) => new BlobTest($"q{number}-{i}", t, [.. Notes(job), .. Quarantine(t.Test)], job.OnDevice))];

    /// <param name="recorded">What the attempts that the results are of have left, oldest first.</param>
    public void Write(string file, IReadOnlyList<RecordedBlob> recorded)
    {
        Match(recorded);
        using var zip = ZipFile.Open(file, ZipArchiveMode.Create);
        var files = new List<(ZipArchiveEntry From, string Name)>();
        using (var events = new StreamWriter(zip.CreateEntry(RecordedBlob.Events, CompressionLevel.Fastest).Open()))
        {
            void Tell(JsonObject happened) => events.Write(happened.ToJsonString() + "\n");
            foreach (var happened in Prologue(recorded)) Tell(happened);
            for (var i = 0; i < recorded.Count; i++)
                foreach (var happened in new RecordedTries(recorded[i], i, tests, $"{number}-{i}", room, files).Events()) Tell(happened);
            foreach (var test in tests.Where(t => !t.IsRecorded))
                foreach (var happened in MadeUpTries.Of(test, job, frame.Start)) Tell(happened);
            Tell(Event("onEnd", ("result", new JsonObject
            {
                ["status"] = tests.Any(t => t.Entry.Test.CountsAsFailure()) ? "failed" : "passed",
                ["startTime"] = frame.Start.ToUnixTimeMilliseconds(),
                ["duration"] = frame.Duration.TotalMilliseconds,
            })));
        }

        foreach (var (from, name) in files)
        {
            // Pictures, videos and traces are compressed already.
            using var target = zip.CreateEntry(name, CompressionLevel.NoCompression).Open();
            using var source = new BoundedStream(from.Open(), from.Length);
            source.CopyTo(target);
        }
    }

    internal static JsonObject Event(string method, params ReadOnlySpan<(string Name, JsonNode? Value)> told)
    {
        var values = new JsonObject();
        foreach (var (name, value) in told) values[name] = value;
        return new JsonObject { ["method"] = method, ["params"] = values };
    }

    /// <summary>Finds the recorded tries of each test, and takes them when they come to what its result says.</summary>
    private void Match(IReadOnlyList<RecordedBlob> recorded)
    {
        for (var i = 0; i < recorded.Count; i++)
        {
            // A file may have several tests of one name (repeatEach): they are told apart by their order.
            var left = recorded[i].Tests.GroupBy(t => (t.File, Title(t.TitlePath))).ToDictionary(g => g.Key, g => new Queue<RecordedTest>(g));
            foreach (var test in tests.Where(t => !t.Entry.IsJob))
            {
                // Some reports name describes without a title, others leave them out.
                if (!left.TryGetValue((test.Entry.Test.File, Title(test.Entry.Test.TitlePath)), out var same) || !same.TryDequeue(out var found)) continue;
                test.Tries.Add((i, found));
            }
        }

        foreach (var test in tests) test.IsRecorded = test.Tries.Count > 0 && Ends.Agree(test.Tries.SelectMany(t => t.Test.Tries).ToList(), test.Entry.Test.Status);
    }

    private IEnumerable<JsonObject> Prologue(IReadOnlyList<RecordedBlob> recorded)
    {
        var latest = recorded.Count > 0 ? recorded[^1] : null;
        yield return Event("onBlobReportMetadata",
            ("version", latest?.Metadata["version"]?.DeepClone() ?? 2), ("userAgent", latest?.Metadata["userAgent"]?.DeepClone()), ("pathSeparator", "/"));
        yield return Event("onConfigure", ("config", new JsonObject
        {
            ["configFile"] = "",
            ["globalTimeout"] = 0,
            ["maxFailures"] = 0,
            ["metadata"] = new JsonObject(),
            ["rootDir"] = frame.ProjectFolder,
            ["version"] = latest?.Config["version"]?.DeepClone() ?? "",
            ["workers"] = 1,
        }));
        foreach (var project in tests.GroupBy(t => t.Project)) yield return Event("onProject", ("project", BlobSuites.Project(project.Key, project)));
        yield return new JsonObject { ["method"] = "onBegin" };
    }

    private static IReadOnlyList<JsonObject> Notes(JobResults job) =>
        [.. new[] { ("device", job.DeviceId), ("app version", job.AppVersionId), ("part", job.Slice is { } s ? $"{s.Index}/{s.Of}" : null) }
            .Where(n => n.Item2 is not null).Select(n => new JsonObject { ["type"] = n.Item1, ["description"] = n.Item2 })];

    private static IEnumerable<JsonObject> Quarantine(TestResult test) => test.Quarantine is not { } mark ? []
        : [new JsonObject
        {
            ["type"] = mark.Ended ? "quarantine ended" : "quarantined",
            ["description"] = QuarantineText.Of(mark),
        }];

    private static string Title(IReadOnlyList<string> path) => string.Join('\u001f', path.Where(t => t.Length > 0));
}

/// <summary>One test on its way into a blob report.</summary>
/// <param name="id">New, and its alone in the whole report.</param>
/// <param name="notes">What its readers want to know besides: annotations.</param>
/// <param name="device">Its project, where each device has its own tests; null: the one that its attempt named.</param>
internal sealed class BlobTest(string id, ReportedTest entry, IReadOnlyList<JsonObject> notes, string? device = null)
{
    public string Id { get; } = id;
    public ReportedTest Entry { get; } = entry;
    public IReadOnlyList<JsonObject> Notes { get; } = notes;

    /// <summary>By the attempt's place: what it recorded of this test.</summary>
    public List<(int Blob, RecordedTest Test)> Tries { get; } = [];

    /// <summary>These come to the same as the result, so they are shown; else tries are made up from the result.</summary>
    public bool IsRecorded { get; set; }

    public string Project => device ?? (Tries.Count > 0 ? Tries[^1].Test.Project : Entry.Test.Project ?? "");
}
