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
            Totals(xml, run.Jobs);
            foreach (var job in run.Jobs) Suite(xml, job);
            xml.WriteEndElement();
        }
        return text.ToString();
    }

    private static void Suite(XmlWriter xml, JobResults job)
    {
        xml.WriteStartElement("testsuite");
        xml.WriteAttributeString("name", Clean(job.TestPath));
        xml.WriteAttributeString("id", job.JobId);
        Totals(xml, [job]);
        foreach (var test in job.Tests) Case(xml, job, test);
        if (IsBroken(job))
        {
            xml.WriteStartElement("testcase");
            xml.WriteAttributeString("name", Clean(job.TestPath));
            xml.WriteAttributeString("classname", Clean(job.TestPath));
            xml.WriteAttributeString("file", Clean(job.TestPath));
            xml.WriteAttributeString("time", Seconds(BrokenMs(job)));
            Trouble(xml, "error", job.Reason ?? $"the job ended as {Words.Of(job.Status)} without results", null);
            xml.WriteEndElement();
        }
        xml.WriteEndElement();
    }

    /// <summary>
    /// A job that did not pass though no test failed: it must not vanish from a report that people trust to be complete,
    /// nor look green.
    /// </summary>
    private static bool IsBroken(JobResults job) =>
        job.Status is JobStatus.Failed or JobStatus.Error or JobStatus.TimedOut or JobStatus.Canceled && TestCounts.Of(job.Tests).Failed == 0;

    private static void Totals(XmlWriter xml, IReadOnlyList<JobResults> jobs)
    {
        var counts = jobs.Select(j => TestCounts.Of(j.Tests)).Aggregate(TestCounts.None, (sum, c) => sum.Plus(c));
        var broken = jobs.Count(IsBroken);
        xml.WriteAttributeString("tests", Number(jobs.Sum(j => j.Tests.Count) + broken));
        xml.WriteAttributeString("failures", Number(counts.Failed));
        xml.WriteAttributeString("errors", Number(broken));
        xml.WriteAttributeString("skipped", Number(counts.Skipped));
        xml.WriteAttributeString("time", Seconds(jobs.Sum(j => j.Tests.Sum(t => DurationMs(j, t)) + BrokenMs(j))));
    }

    /// <summary>Nobody told how long an interrupted test ran: it had what the tests that ended left of the attempt.</summary>
    private static double DurationMs(JobResults job, TestResult test) =>
        test is { Status: TestStatus.Interrupted, DurationMs: 0 } ? RestMs(job) / job.Tests.Count(t => t is { Status: TestStatus.Interrupted, DurationMs: 0 }) : test.DurationMs;

    private static double BrokenMs(JobResults job) => IsBroken(job) ? RestMs(job) : 0;

    private static double RestMs(JobResults job) => Math.Max(0, ((job.RunSeconds ?? 0) * 1000) - job.Tests.Sum(t => t.DurationMs));

    private static void Case(XmlWriter xml, JobResults job, TestResult test)
    {
        xml.WriteStartElement("testcase");
        xml.WriteAttributeString("name", Clean(test.Title));
        xml.WriteAttributeString("classname", Clean(test.File));
        xml.WriteAttributeString("file", Clean(test.File));
        xml.WriteAttributeString("line", Number(test.Line));
        xml.WriteAttributeString("time", Seconds(DurationMs(job, test)));
        if (test.Status is TestStatus.Skipped) xml.WriteElementString("skipped", null);
        else if (test.Status.IsFailure())
        {
            // A test that was interrupted knows nothing of why; its job does.
            var why = test.Error ?? (test.Status is TestStatus.Interrupted ? job.Reason : null) ?? Words.Of(test.Status);
            Trouble(xml, "failure", why, test.Snippet);
        }
        xml.WriteEndElement();
    }

    /// <summary>The first line as the message that viewers list, everything as the text that they open.</summary>
    private static void Trouble(XmlWriter xml, string element, string why, string? more)
    {
        xml.WriteStartElement(element);
        xml.WriteAttributeString("message", Clean(why.Trim().Split('\n')[0].TrimEnd()));
        xml.WriteString(Clean(more is null ? why : $"{why}\n{more}"));
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
