using System.IO.Compression;
using System.Text.Json.Nodes;
using Qgjob.Agent.Reports;
using Qgjob.Client.Wire;
using Qgjob.Core.Jobs;
using Qgjob.Core.Results;
using TestResult = Qgjob.Core.Results.TestResult;

namespace Qgjob.Agent.Tests.Reports;

public sealed class JobBlobTests : IDisposable
{
    private const string Path1 = "tests/a.spec.ts";
    private static readonly ReportFrame Frame = new("/here/project", new DateTimeOffset(2030, 1, 1, 8, 0, 0, TimeSpan.Zero), TimeSpan.FromMinutes(2));
    private readonly string folder = Directory.CreateTempSubdirectory("qgjob-blob-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public void A_recorded_test_keeps_what_it_did_with_places_in_the_project_and_its_attachments()
    {
        var recorded = Record("one", Test("t1", "passes", [("passed", "passed")], attachment: "resources/abc.png"));
        var told = Write(Job(Result("passes", TestStatus.Passed)), [recorded]);
        Assert.Equal(["onBlobReportMetadata", "onConfigure", "onProject", "onBegin", "onTestBegin", "onStepBegin", "onStepEnd", "onTestEnd", "onEnd"], told.Select(Method));
        Assert.Equal("/here/project", told[1]["params"]!["config"]!["rootDir"]!.GetValue<string>());
        var test = told[2]["params"]!["project"]!["suites"]![0]!["entries"]![0]!;
        Assert.Equal((Path1, "passes"), (test["location"]!["file"]!.GetValue<string>(), test["title"]!.GetValue<string>()));
        Assert.Equal(Path1, told[5]["params"]!["step"]!["location"]!["file"]!.GetValue<string>());
        Assert.All(told.Skip(4).SkipLast(2), e => Assert.Equal("q0-0", e["params"]!["testId"]!.GetValue<string>()));
        Assert.Equal("device: lab/phone-1", Notes(told[7]["params"]!["test"]!));
        var name = told[7]["params"]!["result"]!["attachments"]![0]!["path"]!.GetValue<string>();
        using var zip = ZipFile.OpenRead(System.IO.Path.Combine(folder, "out.zip"));
        Assert.Equal("picture", new StreamReader(zip.GetEntry(name)!.Open()).ReadToEnd());
    }

    [Fact]
    public void A_test_in_quarantine_stays_failed_with_a_tag_and_a_note_and_its_job_is_green()
    {
        var mark = new QuarantineMark("q-1", "flaky bank", "anna", Frame.Start);
        var recorded = Record("one", Test("t1", "pays", [("failed", "passed")]));
        foreach (var blobs in new[] { [recorded], Array.Empty<string>() })
        {
            var told = Write(Job(Result("pays", TestStatus.Failed) with { Quarantine = mark, Tags = ["@smoke"] }) with { Status = JobStatus.Passed }, blobs);
            Assert.Equal(["q0-0 0 failed"], Ends(told));
            Assert.Equal("[\"@smoke\",\"@quarantined\"]", told[2]["params"]!["project"]!["suites"]![0]!["entries"]![0]!["tags"]!.ToJsonString());
            Assert.Equal("device: lab/phone-1, quarantined: flaky bank (by anna, until 2030-01-01 08:00 UTC)", Notes(told.Single(e => Method(e) == "onTestEnd")["params"]!["test"]!));
            Assert.Equal("passed", told[^1]["params"]!["result"]!["status"]!.GetValue<string>());
        }
        var ended = Write(Job(Result("pays", TestStatus.Failed) with { Quarantine = mark with { Ended = true } }) with { Status = JobStatus.Failed }, [recorded]);
        Assert.Contains("quarantine ended: flaky bank", Notes(ended.Single(e => Method(e) == "onTestEnd")["params"]!["test"]!), StringComparison.Ordinal);
        Assert.DoesNotContain("@quarantined", string.Concat(ended.Select(e => e.ToJsonString())), StringComparison.Ordinal);
    }

    [Fact]
    public void On_each_device_the_device_is_the_project()
    {
        var recorded = Record("one", Test("t1", "passes", [("passed", "passed")]));
        var told = Write(Job(Result("passes", TestStatus.Passed)) with { OnDevice = "lab/phone-1" }, [recorded]);
        Assert.Equal("lab/phone-1", told.Single(e => Method(e) == "onProject")["params"]!["project"]!["name"]!.GetValue<string>());
    }

    [Theory]
    [InlineData("resources/../../../etc/passwd")]
    [InlineData("/etc/passwd")]
    [InlineData("../resources/abc.png")]
    [InlineData("resources/missing.png")]
    public void An_attachment_from_elsewhere_is_left_out(string path)
    {
        var recorded = Record("one", Test("t1", "passes", [("passed", "passed")], attachment: path));
        Assert.Empty((JsonArray)Write(Job(Result("passes", TestStatus.Passed)), [recorded]).Single(e => Method(e) == "onTestEnd")["params"]!["result"]!["attachments"]!);
    }

    [Fact]
    public void Attachments_that_would_make_the_report_too_large_become_a_note()
    {
        var recorded = Record("one", Test("t1", "passes", [("passed", "passed")], attachment: "resources/abc.png"));
        var kept = Write(Job(Result("passes", TestStatus.Passed)), [recorded], room: 3).Single(e => Method(e) == "onTestEnd")["params"]!["result"]!["attachments"]![0]!;
        Assert.Null(kept["path"]);
        Assert.Contains("too large", System.Text.Encoding.UTF8.GetString(Convert.FromBase64String(kept["base64"]!.GetValue<string>())), StringComparison.Ordinal);
    }

    [Fact]
    public void Attempts_become_tries_of_one_test()
    {
        var first = Record("one", Test("t1", "flaps", [("failed", "passed"), ("failed", "passed")]), Test("t2", "passes", [("passed", "passed")]));
        var second = Record("two", Test("x1", "flaps", [("passed", "passed")]));
        var told = Write(Job(Result("flaps", TestStatus.Flaky), Result("passes", TestStatus.Passed)), [first, second]);
        Assert.Equal(["q0-0 0 failed", "q0-0 1 failed", "q0-1 0 passed", "q0-0 2 passed"], Ends(told));
        Assert.Equal(2, ((JsonArray)told[2]["params"]!["project"]!["suites"]![0]!["entries"]!).Count);
    }

    [Fact]
    public void Results_decide_where_a_recording_says_something_else()
    {
        var recorded = Record("one", Test("t1", "failed after all", [("passed", "passed")]), Test("t2", "not in the results", [("passed", "passed")]));
        Assert.Equal(["q0-0 0 failed"], Ends(Write(Job(Result("failed after all", TestStatus.Failed) with { Error = "no" }), [recorded])));
    }

    [Fact]
    public void An_interrupted_test_is_shown_as_failed_for_its_jobs_reason()
    {
        var recorded = Record("one", Test("t1", "hangs", [("interrupted", "passed")]));
        var job = Job(Result("hangs", TestStatus.Interrupted)) with { Status = JobStatus.TimedOut, Reason = "It ran for more than 60 s." };
        foreach (var blobs in new[] { [recorded], Array.Empty<string>() })
        {
            var told = Write(job, blobs);
            Assert.Equal(["q0-0 0 failed"], Ends(told));
            Assert.Contains("It ran for more than 60 s.", told.Single(e => Method(e) == "onTestEnd").ToJsonString(), StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData(TestStatus.Passed, "q0-0 0 passed")]
    [InlineData(TestStatus.Skipped, "q0-0 0 skipped")]
    [InlineData(TestStatus.TimedOut, "q0-0 0 timedOut")]
    [InlineData(TestStatus.Flaky, "q0-0 0 failed,q0-0 1 passed")]
    public void Without_a_recording_tries_are_made_from_the_result(TestStatus status, string expected) =>
        Assert.Equal(expected, string.Join(',', Ends(Write(Job(Result("one", status)), []))));

    [Fact]
    public void Streamed_steps_show_where_a_killed_test_was()
    {
        var steps = new TestStep[] { new("logs in", "test.step", 5, null, [new TestStep("taps", "expect", 2)]), new("waits", "test.step") };
        var job = Job(Result("hangs", TestStatus.Interrupted) with { Tries = [new TestTry(0, TestStatus.Interrupted, 0, Steps: steps)] });
        var told = Write(job, []);
        Assert.Equal(["onStepBegin logs in", "onStepBegin taps", "onStepEnd ", "onStepEnd ", "onStepBegin waits"],
            told.Where(e => Method(e).StartsWith("onStep", StringComparison.Ordinal)).Select(e => $"{Method(e)} {e["params"]!["step"]!["title"]}"));
    }

    [Fact]
    public void A_job_without_tests_is_one_failed_entry()
    {
        var told = Write(Job() with { Status = JobStatus.Failed, Reason = "SyntaxError" }, []);
        Assert.Equal(["q0-0 0 failed"], Ends(told));
        Assert.Equal(Path1, told[2]["params"]!["project"]!["suites"]![0]!["entries"]![0]!["title"]!.GetValue<string>());
    }

    [Fact]
    public void What_is_no_recording_is_none()
    {
        var bad = System.IO.Path.Combine(folder, "bad.zip");
        File.WriteAllText(bad, "not a zip");
        Assert.Null(RecordedBlob.Open(bad, Path1));
        Assert.Null(RecordedBlob.Open(Record("cut", lines => [.. lines.Take(1), lines[1][..20]], Test("t", "t", [])), Path1));
        Assert.Null(RecordedBlob.Open(Record("other", Test("t", "t", [])), "tests/b.spec.ts"));
    }

    private static JobResults Job(params TestResult[] tests) => new("j-1", Path1, JobStatus.Passed, 1, tests) { DeviceId = "lab/phone-1" };

    private static TestResult Result(string title, TestStatus status) => new([title], Path1, 3, status, 10);

    private List<JsonObject> Write(JobResults job, IReadOnlyList<string> recorded, long room = 1000)
    {
        var file = System.IO.Path.Combine(folder, "out.zip");
        File.Delete(file);
        var open = recorded.Select(f => RecordedBlob.Open(f, job.TestPath)!).ToList();
        new JobBlob(job, Frame, 0, new AttachmentRoom(room)).Write(file, open);
        open.ForEach(b => b.Dispose());
        using var zip = ZipFile.OpenRead(file);
        return [.. new StreamReader(zip.GetEntry("report.jsonl")!.Open()).ReadToEnd().TrimEnd().Split('\n').Select(l => (JsonObject)JsonNode.Parse(l)!)];
    }

    private static string Method(JsonObject told) => told["method"]!.GetValue<string>();

    private static string Notes(JsonNode test) => string.Join(", ", test["annotations"]!.AsArray().Select(a => $"{a!["type"]}: {a["description"]}"));

    /// <summary>Test, retry and status of each try, in the order of their ends.</summary>
    private static List<string> Ends(List<JsonObject> told)
    {
        var retries = told.Where(e => Method(e) == "onTestBegin").ToDictionary(e => e["params"]!["result"]!["id"]!.GetValue<string>(), e => e["params"]!["result"]!["retry"]!.GetValue<int>());
        return [.. told.Where(e => Method(e) == "onTestEnd").Select(e => e["params"]!).Select(p => $"{p["test"]!["testId"]} {retries[p["result"]!["id"]!.GetValue<string>()]} {p["result"]!["status"]}")];
    }

    private sealed record Recorded(string Id, string Title, (string Status, string Expected)[] Tries, string? Attachment);

    private static Recorded Test(string id, string title, (string, string)[] tries, string? attachment = null) => new(id, title, tries, attachment);

    private string Record(string name, params Recorded[] tests) => Record(name, lines => lines, tests);

    /// <summary>A blob report in the form of Playwright 1.49.</summary>
    private string Record(string name, Func<IReadOnlyList<string>, IEnumerable<string>> spoil, params Recorded[] tests)
    {
        var entries = string.Join(',', tests.Select(t => $$$$$"""{"testId":"{{{{{t.Id}}}}}","title":"{{{{{t.Title}}}}}","location":{"file":"a.spec.ts","line":3,"column":5},"retries":2,"tags":[],"repeatEachIndex":0,"annotations":[]}"""));
        var lines = new List<string>
        {
            """{"method":"onBlobReportMetadata","params":{"version":2,"userAgent":"Playwright/1.49.1","pathSeparator":"/"}}""",
            """{"method":"onConfigure","params":{"config":{"configFile":"../x","globalTimeout":0,"maxFailures":0,"metadata":{},"rootDir":"/there/project/tests","version":"1.49.1","workers":1}}}""",
            $$$$$"""{"method":"onProject","params":{"project":{"name":"android","suites":[{"title":"a.spec.ts","location":{"file":"a.spec.ts","line":0,"column":0},"entries":[{{{{{entries}}}}}]}]}}}""",
            """{"method":"onBegin"}""",
        };
        foreach (var test in tests)
            for (var i = 0; i < test.Tries.Length; i++)
            {
                var id = $"{name}-{test.Id}-{i}";
                var attachments = test.Attachment is null ? "" : $$$$$"""{"name":"shot","contentType":"image/png","path":"{{{{{test.Attachment}}}}}"}""";
                lines.Add($$$$$"""{"method":"onTestBegin","params":{"testId":"{{{{{test.Id}}}}}","result":{"id":"{{{{{id}}}}}","retry":{{{{{i}}}}},"workerIndex":0,"parallelIndex":0,"startTime":1}}}""");
                lines.Add($$$$$"""{"method":"onStepBegin","params":{"testId":"{{{{{test.Id}}}}}","resultId":"{{{{{id}}}}}","step":{"id":"s","title":"step","category":"expect","startTime":1,"location":{"file":"a.spec.ts","line":4,"column":1}}}}""");
                lines.Add($$$$$"""{"method":"onStepEnd","params":{"testId":"{{{{{test.Id}}}}}","resultId":"{{{{{id}}}}}","step":{"id":"s","duration":1}}}""");
                lines.Add($$$$$"""{"method":"onTestEnd","params":{"test":{"testId":"{{{{{test.Id}}}}}","expectedStatus":"{{{{{test.Tries[i].Expected}}}}}","annotations":[],"timeout":1},"result":{"id":"{{{{{id}}}}}","duration":5,"status":"{{{{{test.Tries[i].Status}}}}}","errors":[],"attachments":[{{{{{attachments}}}}}]}}}""");
            }
        lines.Add("""{"method":"onEnd","params":{"result":{"status":"passed","startTime":1,"duration":5}}}""");
        var file = System.IO.Path.Combine(folder, $"{name}.zip");
        using var zip = ZipFile.Open(file, ZipArchiveMode.Create);
        using (var writer = new StreamWriter(zip.CreateEntry("report.jsonl").Open())) writer.Write(string.Join('\n', spoil(lines)) + "\n");
        using (var writer = new StreamWriter(zip.CreateEntry("resources/abc.png").Open())) writer.Write("picture");
        return file;
    }
}
