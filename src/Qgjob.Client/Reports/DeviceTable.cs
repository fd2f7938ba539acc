using Qgjob.Client.Wire;
using Qgjob.Core;
using Qgjob.Core.Jobs;
using Qgjob.Core.Results;

namespace Qgjob.Client.Reports;

/// <summary>The results of a run that ran each test once on every matching device: a row for each test, a column for each device.</summary>
/// <param name="Devices">The columns.</param>
/// <param name="Rows">In the order of the results.</param>
public sealed record DeviceTable(IReadOnlyList<string> Devices, IReadOnlyList<DeviceTableRow> Rows)
{
    /// <summary>The table; null of a run that was not submitted so.</summary>
    public static DeviceTable? Of(IReadOnlyList<JobResults> jobs)
    {
        ArgumentNullException.ThrowIfNull(jobs);
        var devices = jobs.Select(j => j.OnDevice).OfType<string>().Distinct().Order(StringComparer.Ordinal).ToList();
        if (devices.Count == 0) return null;
        var rows = new List<DeviceTableRow>();
        foreach (var file in jobs.Where(j => j.OnDevice is not null).GroupBy(j => j.TestPath))
        {
            var entries = file.Select(job => (Job: job, Tests: Numbered(job))).ToList();
            var keys = entries.SelectMany(e => e.Tests.Keys).Distinct().ToList();
            // A file of which nothing is known yet has a row all the same.
            if (keys.Count == 0) keys.Add((file.Key, file.Key, 0));
            foreach (var key in keys)
                rows.Add(new DeviceTableRow(key.File, key.Title, [.. devices.Select(device =>
                    entries.LastOrDefault(e => e.Job.OnDevice == device) is not { Job: { } job, Tests: { } tests } ? "-"
                    : tests.TryGetValue(key, out var status) ? status
                    // The test is not in the file on this platform, say; or the job has not come to it.
                    : job.Status is JobStatus.Passed ? "-" : Words.Of(job.Status))]));
        }
        return new DeviceTable(devices, rows);
    }

    /// <summary>With repeatEach a file has several tests of one title: they are told apart by their order.</summary>
    private static Dictionary<(string File, string Title, int Number), string> Numbered(JobResults job)
    {
        var tests = new Dictionary<(string File, string Title, int Number), string>();
        foreach (var entry in ReportedTest.Of(job).Where(e => !e.IsJob || job.Tests.Count == 0))
        {
            var number = 0;
            var word = entry.IsJob ? Words.Of(job.Status) : entry.Test.Status.IsFailure() && !entry.Test.CountsAsFailure() ? "quarantined" : Words.Of(entry.Test.Status);
            while (!tests.TryAdd((entry.Test.File, entry.Test.Title, number), word)) number++;
        }
        return tests;
    }
}

/// <summary>A test on all devices.</summary>
/// <param name="File">Its file.</param>
/// <param name="Title">Its titles.</param>
/// <param name="Results">By device: the test's result, <c>quarantined</c> where it failed in quarantine, the job's state where there is none, or <c>-</c> where the test does not exist.</param>
public sealed record DeviceTableRow(string File, string Title, IReadOnlyList<string> Results);
