using System.IO.Compression;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Qgjob.Agent.Reports;

/// <summary>
/// A blob report as Playwright wrote it: a zip with the reporter's events as JSON lines and the attachments. It comes from
/// tests, so nothing in it is believed: sizes are counted, and names and paths lead nowhere else.
/// </summary>
internal sealed class RecordedBlob : IDisposable
{
    public const string Events = "report.jsonl";
    private const long MostEventBytes = 512L << 20;
    private readonly ZipArchive zip;
    private readonly string projectRoot;

    private RecordedBlob(ZipArchive zip, JsonObject metadata, JsonObject config, string projectRoot, IReadOnlyList<RecordedTest> tests) =>
        (this.zip, Metadata, Config, this.projectRoot, Tests) = (zip, metadata, config, projectRoot, tests);

    public JsonObject Metadata { get; }
    public JsonObject Config { get; }
    public IReadOnlyList<RecordedTest> Tests { get; }

    /// <param name="testPath">The job's test file, relative to the project: it tells where the project lay.</param>
    /// <returns>Null when it is no blob report, is cut off, or has nothing of the file.</returns>
    public static RecordedBlob? Open(string file, string testPath)
    {
        ZipArchive? zip = null;
        try
        {
            zip = ZipFile.OpenRead(file);
            if (Read(zip, testPath) is { } blob) return blob;
        }
        catch (Exception e) when (e is InvalidDataException or IOException or JsonException or InvalidOperationException or FormatException or KeyNotFoundException)
        {
            // Not what it says it is.
        }
        zip?.Dispose();
        return null;
    }

    /// <summary>The events of tests, in order, with places relative to the project.</summary>
    public IEnumerable<JsonObject> TestEvents()
    {
        foreach (var line in Lines(zip))
        {
            if (Parse(Relative(line)) is not { } happened) continue;
            if (happened["params"] is not JsonObject told) continue;
            if (told["step"] is JsonObject step) Place(step);
            yield return happened;
        }
    }

    /// <summary>A file of the report, by the path that its events name; null when there is none of that name.</summary>
    public ZipArchiveEntry? Resource(string path) =>
        path.StartsWith("resources/", StringComparison.Ordinal) && path.LastIndexOf('/') == "resources".Length
        && path.All(c => char.IsAsciiLetterOrDigit(c) || c is '/' or '.' or '-' or '_') ? zip.GetEntry(path) : null;

    public void Dispose() => zip.Dispose();

    private static RecordedBlob? Read(ZipArchive zip, string testPath)
    {
        JsonObject? metadata = null, config = null;
        var projects = new List<JsonObject>();
        var tries = new Dictionary<string, List<RecordedTry>>();
        foreach (var line in Lines(zip))
        {
            // Steps and output, most of a report, need not be parsed for this.
            if (line.StartsWith("{\"method\":\"onStep", StringComparison.Ordinal) || line.StartsWith("{\"method\":\"onStdIO", StringComparison.Ordinal)) continue;
            if (Parse(line) is not { } happened || happened["params"] is not JsonObject told) continue;
            switch (happened["method"]?.GetValue<string>())
            {
                case "onBlobReportMetadata":
                    metadata = told;
                    break;
                case "onConfigure":
                    config = told["config"] as JsonObject;
                    break;
                case "onProject" when told["project"] is JsonObject project:
                    projects.Add(project);
                    break;
                case "onTestEnd":
                    var test = told["test"]!;
                    var id = test["testId"]!.GetValue<string>();
                    if (!tries.TryGetValue(id, out var of)) tries[id] = of = [];
                    of.Add(new RecordedTry(told["result"]!["status"]!.GetValue<string>(), test["expectedStatus"]!.GetValue<string>()));
                    break;
                default:
                    break;
            }
        }

        var rootDir = config?["rootDir"]?.GetValue<string>();
        if (metadata is null || rootDir is null) return null;
        // Older forms (Playwright before 1.42) have other suites.
        if (metadata["version"]?.GetValue<int>() is not >= 2) return null;
        var files = projects.SelectMany(p => Suites(p, "suites").Select(s => (Project: p["name"]?.GetValue<string>() ?? "", Suite: s, File: FileOf(s, rootDir)))).ToList();
        var end = "/" + testPath;
        if (files.Select(f => f.File).FirstOrDefault(f => f?.EndsWith(end, StringComparison.Ordinal) is true) is not { } place) return null;
        var root = place[..^end.Length];
        var tests = new List<RecordedTest>();
        foreach (var (project, suite, _) in files) Collect(suite, [], project, rootDir, root, tries, tests);
        return new RecordedBlob(zip, metadata, config!, root, tests);
    }

    private static void Collect(
        JsonObject suite, IReadOnlyList<string> titles, string project, string rootDir, string root,
        Dictionary<string, List<RecordedTry>> tries, List<RecordedTest> tests)
    {
        foreach (var entry in Suites(suite, "entries"))
        {
            var title = entry["title"]?.GetValue<string>() ?? "";
            if (entry["testId"]?.GetValue<string>() is { } id)
            {
                tests.Add(new RecordedTest(
                    id, project, FileOf(entry, rootDir) is { } file ? Path.GetRelativePath(root, file) : "", [.. titles, title],
                    tries.GetValueOrDefault(id) ?? [], entry));
            }
            else
            {
                // An anonymous describe is no part of a title.
                Collect(entry, title.Length == 0 ? titles : [.. titles, title], project, rootDir, root, tries, tests);
            }
        }
    }

    /// <summary>Where the project lay is nobody's business, and another place on the machine that merges.</summary>
    private string Relative(string line) => line.Replace(projectRoot + "/", "", StringComparison.Ordinal);

    /// <summary>Playwright reads the code around a step where its place says: that must be within the project.</summary>
    private void Place(JsonObject step)
    {
        var file = FileOf(step, Config["rootDir"]!.GetValue<string>());
        var relative = file is null ? ".." : Path.GetRelativePath(projectRoot, file);
        if (relative.StartsWith("..", StringComparison.Ordinal) || Path.IsPathRooted(relative)) step.Remove("location");
        else step["location"]!["file"] = relative;
    }

    private static string? FileOf(JsonObject located, string rootDir) =>
        located["location"] is JsonObject place && place["file"]?.GetValue<string>() is { } file ? Path.GetFullPath(Path.Combine(rootDir, file)) : null;

    private static IEnumerable<JsonObject> Suites(JsonObject of, string name) => of[name] is JsonArray list ? list.OfType<JsonObject>() : [];

    private static JsonObject? Parse(string line) => line.Length == 0 ? null : JsonNode.Parse(line) as JsonObject;

    private static IEnumerable<string> Lines(ZipArchive zip)
    {
        var entry = zip.GetEntry(Events) ?? throw new InvalidDataException($"there is no {Events}");
        using var reader = new StreamReader(new BoundedStream(entry.Open(), MostEventBytes));
        while (reader.ReadLine() is { } line) yield return line;
    }
}

/// <param name="Id">Playwright's own.</param>
/// <param name="File">Relative to the project.</param>
/// <param name="Entry">As the report has it: tags, retries, place.</param>
internal sealed record RecordedTest(string Id, string Project, string File, IReadOnlyList<string> TitlePath, IReadOnlyList<RecordedTry> Tries, JsonObject Entry);

/// <summary>One try of a test, by Playwright's words.</summary>
internal sealed record RecordedTry(string Status, string Expected);
