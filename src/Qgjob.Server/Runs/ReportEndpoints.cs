using System.Globalization;
using System.Text;
using System.Xml;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Qgjob.Client.Wire;
using Qgjob.Core;
using Qgjob.Core.Jobs;
using Qgjob.Core.Results;

namespace Qgjob.Server.Runs;

/// <summary>A run's results in forms that other tools read.</summary>
internal static class ReportEndpoints
{
    public static void MapReports(this IEndpointRouteBuilder routes)
    {
        routes.MapGet("/runs/{run_id}/report.json", JsonAsync).WithTags("Runs").WithSummary("The run's results as JSON").ProducesProblem(404);
        routes.MapGet("/runs/{run_id}/report.junit.xml", JUnitAsync).WithTags("Runs").WithSummary("The run's results as JUnit XML")
            .Produces<string>(200, "application/xml").ProducesProblem(404);
    }

    private static async Task<Ok<RunResults>> JsonAsync([FromRoute(Name = "run_id")] string runId, RunReader runs, CancellationToken cancel) =>
        TypedResults.Ok(await runs.ResultsAsync(runId, cancel));

    private static async Task<ContentHttpResult> JUnitAsync([FromRoute(Name = "run_id")] string runId, RunReader runs, CancellationToken cancel) =>
        TypedResults.Content(JUnit(await runs.ResultsAsync(runId, cancel)), "application/xml", Encoding.UTF8);

    private static string JUnit(RunResults run)
    {
        using var text = new Utf8Writer();
        // Messages of tests may hold what XML cannot; what is invalid is left out, not fatal.
        using (var xml = XmlWriter.Create(text, new XmlWriterSettings { Indent = true, CheckCharacters = false }))
        {
            xml.WriteStartElement("testsuites");
            xml.WriteAttributeString("name", run.RunId);
            foreach (var job in run.Jobs) Suite(xml, job);
            xml.WriteEndElement();
        }
        return text.ToString();
    }

    private static void Suite(XmlWriter xml, JobResults job)
    {
        // A job that ended without results must not vanish from a report that people trust to be complete.
        var broken = job.Tests.Count == 0 && job.Status is not (JobStatus.Passed or JobStatus.Queued or JobStatus.Leased or JobStatus.Installing or JobStatus.Running);
        var counts = TestCounts.Of(job.Tests);
        xml.WriteStartElement("testsuite");
        xml.WriteAttributeString("name", Clean(job.TestPath));
        xml.WriteAttributeString("id", job.JobId);
        xml.WriteAttributeString("tests", Number(job.Tests.Count + (broken ? 1 : 0)));
        xml.WriteAttributeString("failures", Number(counts.Failed));
        xml.WriteAttributeString("errors", Number(broken ? 1 : 0));
        xml.WriteAttributeString("skipped", Number(counts.Skipped));
        xml.WriteAttributeString("time", Seconds(job.Tests.Sum(t => t.DurationMs)));
        foreach (var test in job.Tests) Case(xml, test);
        if (broken)
        {
            xml.WriteStartElement("testcase");
            xml.WriteAttributeString("name", Clean(job.TestPath));
            xml.WriteStartElement("error");
            xml.WriteAttributeString("message", $"the job ended as {Words.Of(job.Status)} without results");
            xml.WriteEndElement();
            xml.WriteEndElement();
        }
        xml.WriteEndElement();
    }

    private static void Case(XmlWriter xml, TestResult test)
    {
        xml.WriteStartElement("testcase");
        xml.WriteAttributeString("name", Clean(test.Title));
        xml.WriteAttributeString("classname", Clean(test.File));
        xml.WriteAttributeString("file", Clean(test.File));
        xml.WriteAttributeString("line", Number(test.Line));
        xml.WriteAttributeString("time", Seconds(test.DurationMs));
        if (test.Status is TestStatus.Skipped) xml.WriteElementString("skipped", null);
        else if (test.Status is TestStatus.Failed or TestStatus.TimedOut or TestStatus.Interrupted)
        {
            xml.WriteStartElement("failure");
            xml.WriteAttributeString("message", Clean((test.Error ?? Words.Of(test.Status)).Split('\n')[0]));
            xml.WriteString(Clean($"{test.Error}\n{test.Snippet}"));
            xml.WriteEndElement();
        }
        xml.WriteEndElement();
    }

    private static string Clean(string text) => string.Concat(text.EnumerateRunes()
        .Where(r => r.Value is 9 or 10 or 13 or (>= 0x20 and not 0xFFFE and not 0xFFFF)).Select(r => r.ToString()));

    private static string Number(int number) => number.ToString(CultureInfo.InvariantCulture);

    private static string Seconds(double ms) => (ms / 1000).ToString("0.000", CultureInfo.InvariantCulture);

    /// <summary>A string writer whose XML declaration says what the wire will carry.</summary>
    private sealed class Utf8Writer() : StringWriter(CultureInfo.InvariantCulture)
    {
        public override Encoding Encoding => Encoding.UTF8;
    }
}
