using System.Globalization;
using System.Text;
using System.Xml;
using Qgjob.Client.Reports;
using Qgjob.Client.Wire;
using Qgjob.Core;
using Qgjob.Core.Results;

namespace Qgjob.Server.Runs;

/// <summary>
/// A run's results as JUnit XML, a suite per job. Only what Jenkins' schema (junit-10.xsd) knows: file and line of a test are
/// in its suite, its class name and the text of its failure.
/// </summary>
internal static class JUnitReport
{
    public static string Write(RunResults run)
    {
        using var text = new Utf8Writer();
        // Messages of tests may hold what XML cannot; what is invalid is left out, not fatal.
        using (var xml = XmlWriter.Create(text, new XmlWriterSettings { Indent = true, CheckCharacters = false }))
        {
            var jobs = run.Jobs.Select(j => (Job: j, Entries: ReportedTest.Of(j))).ToList();
            xml.WriteStartElement("testsuites");
            xml.WriteAttributeString("name", run.RunId);
            Totals(xml, [.. jobs.SelectMany(j => j.Entries)]);
            foreach (var (job, entries) in jobs) Suite(xml, job, entries);
            xml.WriteEndElement();
        }
        return text.ToString();
    }

    private static void Suite(XmlWriter xml, JobResults job, IReadOnlyList<ReportedTest> entries)
    {
        xml.WriteStartElement("testsuite");
        xml.WriteAttributeString("name", Clean(job.TestPath + On(job)));
        Totals(xml, entries);
        xml.WriteAttributeString("skipped", Number(entries.Count(e => e.Test.Status is TestStatus.Skipped || e.Test.IsExcused())));
        if (job.StartedAt is { } started) xml.WriteAttributeString("timestamp", started.UtcDateTime.ToString("s", CultureInfo.InvariantCulture));
        if (job.DeviceId is { } host) xml.WriteAttributeString("hostname", Clean(host));
        xml.WriteAttributeString("id", job.JobId);
        xml.WriteAttributeString("file", Clean(job.TestPath));
        xml.WriteStartElement("properties");
        Property(xml, "job", job.JobId);
        Property(xml, "attempt", Number(job.Attempt));
        Property(xml, "app_version", job.AppVersionId);
        Property(xml, "device", job.DeviceId);
        xml.WriteEndElement();
        foreach (var entry in entries) Case(xml, entry, On(job));
        xml.WriteEndElement();
    }

    /// <summary>Viewers take tests of one class and name for the same: on each device it is another.</summary>
    private static string On(JobResults job) => job.OnDevice is { } device ? $" on {device}" : "";

    private static void Property(XmlWriter xml, string name, string? value)
    {
        if (value is null) return;
        xml.WriteStartElement("property");
        xml.WriteAttributeString("name", name);
        xml.WriteAttributeString("value", Clean(value));
        xml.WriteEndElement();
    }

    private static void Totals(XmlWriter xml, IReadOnlyList<ReportedTest> entries)
    {
        xml.WriteAttributeString("tests", Number(entries.Count));
        xml.WriteAttributeString("failures", Number(entries.Count(e => !e.IsJob && e.Test.CountsAsFailure())));
        xml.WriteAttributeString("errors", Number(entries.Count(e => e.IsJob)));
        xml.WriteAttributeString("time", Seconds(entries.Sum(e => e.Test.DurationMs)));
    }

    private static void Case(XmlWriter xml, ReportedTest entry, string on)
    {
        var test = entry.Test;
        xml.WriteStartElement("testcase");
        xml.WriteAttributeString("name", Clean(test.Title));
        xml.WriteAttributeString("classname", Clean(test.File + on));
        xml.WriteAttributeString("time", Seconds(test.DurationMs));
        switch (test.Status)
        {
            case TestStatus.Skipped:
                xml.WriteStartElement("skipped");
                if (test.SkipReason is { } reason) xml.WriteAttributeString("message", Clean(reason));
                xml.WriteEndElement();
                break;
            // There is no word for a failure that does not count: readers that know only these must not turn red by it.
            case var failed when failed.IsFailure() && test.IsExcused():
                Trouble(xml, "skipped", "quarantined", $"quarantined: {QuarantineText.Of(test.Quarantine!)}\n{Words.Of(failed)}: {test.Error}", test);
                break;
            case TestStatus.Flaky:
                foreach (var failed in FailedTries(test)) Trouble(xml, "flakyFailure", Words.Of(failed.Status), failed.Error!, failed);
                break;
            case var status when status.IsFailure():
                Trouble(xml, entry.IsJob ? "error" : "failure", Words.Of(status), test.Error!, entry.IsJob ? null : test);
                break;
            default:
                break;
        }
        xml.WriteEndElement();
    }

    /// <summary>What a flaky test met before it passed; an older agent tells only the last.</summary>
    private static IEnumerable<TestResult> FailedTries(TestResult test)
    {
        const string Unknown = "failed at first, passed on a retry";
        var tries = test.Tries?.Where(t => t.Status.IsFailure()).ToList() ?? [];
        return tries.Count == 0
            ? [test with { Status = TestStatus.Failed, Error = test.Error ?? Unknown }]
            : tries.Select(t => test with { Status = t.Status, Error = t.Error ?? Unknown, Snippet = t.Snippet, ErrorLine = t.ErrorLine });
    }

    /// <summary>The first line as the message that viewers list, everything as the text that they open.</summary>
    private static void Trouble(XmlWriter xml, string element, string type, string why, TestResult? test)
    {
        xml.WriteStartElement(element);
        xml.WriteAttributeString("message", Clean(why.Trim().Split('\n')[0].TrimEnd()));
        xml.WriteAttributeString("type", type);
        xml.WriteString(Clean(string.Join('\n', new[]
        {
            why, test?.Snippet, test is null ? null : string.Create(CultureInfo.InvariantCulture, $"    at {test.File}:{test.ErrorLine ?? test.Line}"),
        }.OfType<string>())));
        xml.WriteEndElement();
    }

    private static string Clean(string text)
    {
        var clean = new StringBuilder(text.Length);
        Span<char> letters = stackalloc char[2];
        foreach (var rune in text.EnumerateRunes())
            if (rune.Value is 9 or 10 or 13 or (>= 0x20 and not 0xFFFE and not 0xFFFF)) clean.Append(letters[..rune.EncodeToUtf16(letters)]);
        return clean.ToString();
    }

    private static string Number(int number) => number.ToString(CultureInfo.InvariantCulture);

    private static string Seconds(double ms) => (ms / 1000).ToString("0.000", CultureInfo.InvariantCulture);

    /// <summary>A string writer whose XML declaration says what the wire will carry.</summary>
    private sealed class Utf8Writer() : StringWriter(CultureInfo.InvariantCulture)
    {
        public override Encoding Encoding => Encoding.UTF8;
    }
}
