using System.Xml;
using System.Xml.Linq;
using System.Xml.Schema;
using Qgjob.Client.Wire;
using Qgjob.Core.Jobs;
using Qgjob.Core.Results;
using Qgjob.Server.Runs;
using Xunit;
using TestResult = Qgjob.Core.Results.TestResult;

namespace Qgjob.Server.Tests.Runs;

public sealed class JUnitReportTests
{
    private const string Hostile = "]]> \u0001\u001b[31m\ud800 <b>&amp;\0 \uffff “日本” \U0001F600";

    private static TestResult Test(string title, TestStatus status, string? error = null) =>
        new(["suite", title], "tests/a.spec.ts", 3, status, 1234, Error: error, Snippet: error is null ? null : "> 7 | expect(1)", ErrorLine: error is null ? null : 7);

    private static XDocument Write(params JobResults[] jobs)
    {
        var counts = jobs.Select(j => TestCounts.Of(j.Tests)).Aggregate(TestCounts.None, (sum, c) => sum.Plus(c));
        var document = XDocument.Parse(JUnitReport.Write(new RunResults("r-1", "failed", 10, counts, jobs)));
        Validate(document);
        return document;
    }

    /// <exception cref="XmlSchemaValidationException">A reader such as Jenkins would refuse the document.</exception>
    internal static void Validate(XDocument document)
    {
        var schemas = new XmlSchemaSet();
        using var schema = typeof(JUnitReportTests).Assembly.GetManifestResourceStream("junit.xsd")!;
        using var reader = XmlReader.Create(schema);
        schemas.Add(null, reader);
        document.Validate(schemas, (_, e) => throw e.Exception);
    }

    [Fact]
    public void The_parts_of_a_file_are_one_suite()
    {
        JobResults Part(string file, int index, int of, params TestResult[] tests) =>
            new($"j-{file}-{index}", file, tests.Length == 0 ? JobStatus.Error : JobStatus.Passed, 1, tests) { Slice = new TestSlice(index, of), DeviceId = $"phone-{index}" };
        var document = Write(
            Part("tests/a.spec.ts", 1, 2, Test("one", TestStatus.Passed)), Part("tests/a.spec.ts", 2, 2, Test("two", TestStatus.Passed)),
            // The same file on another platform.
            Part("tests/a.spec.ts", 1, 2), Part("tests/a.spec.ts", 2, 2, Test("two", TestStatus.Passed)),
            new JobResults("j-9", "tests/b.spec.ts", JobStatus.Passed, 1, [Test("three", TestStatus.Passed)]));
        Assert.Equal(
            ["tests/a.spec.ts 2 0", "tests/a.spec.ts 2 1", "tests/b.spec.ts 1 0"],
            document.Descendants("testsuite").Select(s => $"{s.Attribute("name")!.Value} {s.Attribute("tests")!.Value} {s.Attribute("errors")!.Value}"));
        Assert.Equal(["phone-1", "phone-2"], document.Descendants("testsuite").First().Descendants("property").Where(p => p.Attribute("name")!.Value == "device").Select(p => p.Attribute("value")!.Value));
        Assert.Contains("tests/a.spec.ts [1/2]", document.Descendants("testcase").Select(t => t.Attribute("name")!.Value));
    }

    [Fact]
    public void Every_status_of_a_test_and_of_a_job_keeps_to_the_schema_and_adds_up()
    {
        var tests = Enum.GetValues<TestStatus>().Select(s => Test($"{s}", s, s.IsFailure() || s is TestStatus.Flaky ? "expected 1\nreceived 2" : null)).ToList();
        tests.AddRange([.. tests.Select(t => t with { Quarantine = new QuarantineMark("q-1", Hostile, "anna", DateTimeOffset.UnixEpoch) })]);
        var jobs = Enum.GetValues<JobStatus>()
            .SelectMany(s => new[] { tests, [], [tests[0]] }.Select((t, i) => new JobResults($"j-{s}-{i}", "tests/a.spec.ts", s, i, t, "why", 9)
            {
                DeviceId = "lab/phone-1",
                AppVersionId = "1.0",
                StartedAt = new DateTimeOffset(2030, 1, 1, 9, 0, 0, TimeSpan.FromHours(1)),
            })).ToArray();
        var document = Write(jobs);
        foreach (var suite in document.Descendants("testsuite"))
        {
            Assert.Equal($"{suite.Elements("testcase").Count()}", suite.Attribute("tests")!.Value);
            Assert.Equal($"{suite.Descendants("failure").Count()}", suite.Attribute("failures")!.Value);
            Assert.Equal($"{suite.Descendants("error").Count()}", suite.Attribute("errors")!.Value);
            Assert.Equal($"{suite.Descendants("skipped").Count()}", suite.Attribute("skipped")!.Value);
        }
        Assert.Equal($"{document.Descendants("testcase").Count()}", document.Root!.Attribute("tests")!.Value);
        var first = document.Descendants("testsuite").First();
        Assert.Equal(("2030-01-01T08:00:00", "lab/phone-1", "tests/a.spec.ts"), (first.Attribute("timestamp")!.Value, first.Attribute("hostname")!.Value, first.Attribute("file")!.Value));
        Assert.Contains(first.Descendants("property"), p => (p.Attribute("name")!.Value, p.Attribute("value")!.Value) == ("app_version", "1.0"));
    }

    [Fact]
    public void A_failure_says_what_and_where()
    {
        var failure = Write(new JobResults("j-1", "tests/a.spec.ts", JobStatus.Failed, 1, [Test("fails", TestStatus.TimedOut, "Test timeout\nof 5 s")])).Descendants("failure").Single();
        Assert.Equal(("Test timeout", "timed_out"), (failure.Attribute("message")!.Value, failure.Attribute("type")!.Value));
        Assert.Equal("Test timeout\nof 5 s\n> 7 | expect(1)\n    at tests/a.spec.ts:7", failure.Value);
    }

    [Fact]
    public void A_flaky_test_passes_and_keeps_what_failed_at_first()
    {
        var test = Write(new JobResults("j-1", "tests/a.spec.ts", JobStatus.Passed, 1, [Test("flaps", TestStatus.Flaky, "not yet")])).Descendants("testcase").Single();
        Assert.Equal(["flakyFailure"], test.Elements().Select(e => e.Name.LocalName));
        Assert.Equal("not yet", test.Element("flakyFailure")!.Attribute("message")!.Value);
    }

    [Fact]
    public void Whatever_tests_write_stays_text()
    {
        var result = new TestResult([Hostile], Hostile, 1, TestStatus.Failed, 1, Error: Hostile + new string('x', 10_000_000), Snippet: Hostile);
        var document = Write(new JobResults("j-1", Hostile, JobStatus.Failed, 1, [result]) { DeviceId = Hostile, AppVersionId = Hostile });
        var name = document.Descendants("testcase").Single().Attribute("name")!.Value;
        Assert.Equal("]]> [31m\ufffd <b>&amp;  “日本” \U0001F600", name);
    }
}
