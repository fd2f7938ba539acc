using Qgjob.Client.Wire;
using Qgjob.Core;
using Qgjob.Core.Events;
using Qgjob.Core.Jobs;

namespace Qgjob.Cli.Watching;

/// <summary>What is known of one job while its run is watched.</summary>
internal sealed record JobRow(string JobId, string TestPath)
{
    public string Label { get; init; } = TestPath;
    public JobStatus Status { get; init; }
    public int Attempt { get; init; }
    public string? DeviceId { get; init; }
    public int? TestsTotal { get; init; }
    public int TestsDone { get; init; }
    public int TestsFailed { get; init; }
    public string? CurrentTest { get; init; }
    public string? Reason { get; init; }
    public int? Position { get; init; }
    public bool Flaky { get; init; }
    /// <summary>When the present attempt began.</summary>
    public DateTimeOffset? Since { get; init; }
    public DateTimeOffset? FinishedAt { get; init; }

    public bool IsFinal => Status is JobStatus.Passed or JobStatus.Failed or JobStatus.Error or JobStatus.TimedOut or JobStatus.Canceled;

    public bool IsActive => Status is JobStatus.Leased or JobStatus.Installing or JobStatus.Running;
}

/// <summary>A run as far as it is known: polled views are the truth, events bring it up to date between two polls.</summary>
internal sealed class RunModel(RunView run)
{
    private readonly Dictionary<string, JobRow> byId = new(StringComparer.Ordinal);
    private readonly List<string> order = [];

    public RunView Run { get; private set; } = run;

    public string? AppVersionId { get; private set; }

    /// <summary>Jobs in the order of submission.</summary>
    public IEnumerable<JobRow> Jobs => order.Select(id => byId[id]);

    public JobRow? Find(string? jobId) => jobId is not null && byId.TryGetValue(jobId, out var row) ? row : null;

    public void Refresh(RunView run) => Run = run;

    public void Refresh(IReadOnlyList<JobView> jobs)
    {
        var sameName = jobs.GroupBy(NameOf).Where(g => g.Count() > 1).Select(g => g.Key).ToHashSet(StringComparer.Ordinal);
        foreach (var job in jobs)
        {
            AppVersionId ??= job.AppVersionId;
            if (!byId.TryGetValue(job.JobId, out var row))
            {
                order.Add(job.JobId);
                var label = sameName.Contains(NameOf(job)) && job.Platform is { } platform ? $"{NameOf(job)} ({Words.Of(platform)})" : NameOf(job);
                row = new JobRow(job.JobId, job.TestPath) { Label = label };
            }
            byId[job.JobId] = row with
            {
                Status = job.Status,
                Attempt = job.Attempt,
                DeviceId = job.DeviceId,
                TestsTotal = job.TestsTotal,
                TestsDone = job.TestsDone,
                TestsFailed = job.TestsFailed,
                CurrentTest = job.Status is JobStatus.Running ? row.CurrentTest : null,
                Reason = job.Reason,
                Position = job.Position,
                Flaky = job.Flaky,
                Since = row.Attempt == job.Attempt && row.Since is { } since ? since : job.StartedAt,
                FinishedAt = job.FinishedAt,
            };
        }
    }

    private static string NameOf(JobView job) => TestSlice.NameOf(job.TestPath, job.Slice);

    public void Apply(JobEvent happened)
    {
        // History replayed after a poll must not bring a finished job back to life.
        if (Find(happened.JobId) is not { IsFinal: false } row || happened.Attempt < row.Attempt) return;
        if (happened.Attempt > row.Attempt) row = row with { Attempt = happened.Attempt, TestsDone = 0, TestsFailed = 0, Since = happened.At };
        if (happened.Status is { } word && Words.TryParse<JobStatus>(word, out var status)) row = row with { Status = status };
        row = happened.Kind switch
        {
            "leased" => row with { DeviceId = happened.DeviceId, Since = happened.At, Reason = null },
            "test_started" => row with { CurrentTest = happened.Message },
            "requeued" => row with { CurrentTest = null, Reason = happened.Message, Since = null },
            "finished" => row with { CurrentTest = null, Reason = happened.Message, FinishedAt = happened.At },
            _ => row,
        };
        byId[row.JobId] = row;
    }
}
