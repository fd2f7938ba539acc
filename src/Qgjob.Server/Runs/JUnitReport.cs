using System.Globalization;
using System.Text;
using System.Xml;
using Qgjob.Client.Reports;
using Qgjob.Client.Wire;
using Qgjob.Core;
using Qgjob.Core.Results;

namespace Qgjob.Server.Runs;

/// <summary>
/// A run's results as JUnit XML, a suite per file: per job, or for all jobs of a file that was divided. Only what Jenkins' schema (junit-10.xsd) knows: file and line of a test are
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
            var files = FilesOf(run.Jobs);
            xml.WriteStartElement("testsuites");
            xml.WriteAttributeString("name", run.RunId);
            Totals(xml, [.. files.SelectMany(f => f.Entries)]);
            foreach (var (jobs, entries) in files) Suite(xml, jobs, entries);
            xml.WriteEndElement();
        }
        return text.ToString();
    }

    /// <summary>The parts of a file stand one after the other, numbered from 1.</summary>
    private static List<(List<JobResults> Jobs, List<ReportedTest> Entries)> FilesOf(IReadOnlyList<JobResults> jobs)
    {
        var files = new List<(List<JobResults> Jobs, List<ReportedTest> Entries)>();
        foreach (var job in jobs)
        {
            if (job.Slice is not { Index: > 1 } slice || files is not [.., var (last, _)] || last[^1].TestPath != job.TestPath || last[^1].Slice?.Of != slice.Of)
                files.Add(([], []));
            files[^1].Jobs.Add(job);
            files[^1].Entries.AddRange(ReportedTest.Of(job));
        }
        return files;
    }

    private static void Suite(XmlWriter xml, List<JobResults> jobs, List<ReportedTest> entries)
    {
        var job = jobs[0];
        xml.WriteStartElement("testsuite");
        xml.WriteAttributeString("name", Clean(job.TestPath + On(job)));
        Totals(xml, entries);
        xml.WriteAttributeString("skipped", Number(entries.Count(e => e.Test.Status is TestStatus.Skipped || e.Test.IsExcused())));
        if (jobs.Min(j => j.StartedAt) is { } started) xml.WriteAttributeString("timestamp", started.UtcDateTime.ToString("s", CultureInfo.InvariantCulture));
        if (job.DeviceId is { } host) xml.WriteAttributeString("hostname", Clean(host));
        xml.WriteAttributeString("id", job.JobId);
        xml.WriteAttributeString("file", Clean(job.TestPath));
        xml.WriteStartElement("properties");
        foreach (var part in jobs)
        {
            Property(xml, "job", part.JobId);
            Property(xml, "attempt", Number(part.Attempt));
            if (ReferenceEquals(part, job)) Property(xml, "app_version", job.AppVersionId);
            Property(xml, "device", part.DeviceId);
        }
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

    private static void Totals(XmlWriter xml, List<ReportedTest> entries)
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
