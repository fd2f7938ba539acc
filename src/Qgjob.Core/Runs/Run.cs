using Qgjob.Core.Jobs;
using Qgjob.Core.Results;

namespace Qgjob.Core.Runs;

/// <summary>The jobs of one submission, with exact counters, so that asking costs one row.</summary>
public sealed record Run
{
    /// <summary>Id, <c>r-…</c>.</summary>
    public required string Id { get; init; }
    /// <summary>The tenant.</summary>
    public required string OrgId { get; init; }
    /// <summary>The pool whose devices serve it.</summary>
    public string Pool { get; init; } = DefaultPool;
    /// <summary>When it was accepted.</summary>
    public required DateTimeOffset CreatedAt { get; init; }
    /// <summary>When its last job became final.</summary>
    public DateTimeOffset? FinishedAt { get; init; }
    /// <summary>What the submitter said of it: branch, commit, …</summary>
    public IReadOnlyDictionary<string, string> Meta { get; init; } = JobSpec.EmptyMap;
    /// <summary>The submitter's idempotency key, unique within the org.</summary>
    public string? IdempotencyKey { get; init; }
    /// <summary>SHA-256 of what was submitted under the key.</summary>
    public string? BodyHash { get; init; }
    /// <summary>A newer run of the org with the same key cancels what still waits of this one; null: nothing does.</summary>
    public string? SupersedeKey { get; init; }
    /// <summary>The newer run that superseded this one; its jobs do not wait again.</summary>
    public string? SupersededBy { get; init; }
    /// <summary>The first job that is not green cancels the others.</summary>
    public bool FailFast { get; init; }
    /// <summary>The finished run whose jobs, all or those that failed, this one runs again; null: it is no rerun.</summary>
    public string? ParentRunId { get; init; }
    /// <summary>The latest run that runs jobs of this one again; null: there is none.</summary>
    public string? RerunAs { get; init; }
    /// <summary>Jobs in all.</summary>
    public required int Total { get; init; }
    /// <summary>Jobs that wait.</summary>
    public int Queued { get; init; }
    /// <summary>Jobs on a device.</summary>
    public int Active { get; init; }
    /// <summary>Finished jobs by <see cref="JobVerdict"/>, indexed by its number.</summary>
    public IReadOnlyList<int> Verdicts { get; init; } = new int[(int)JobVerdict.Passed + 1];
    /// <summary>Jobs that failed first and passed later.</summary>
    public int Flaky { get; init; }
    /// <summary>Installs that its attempts needed.</summary>
    public int Installs { get; init; }

    /// <summary>Seconds that the sessions of its ended attempts in a cloud were open.</summary>
    public double CloudSeconds { get; init; }
    /// <summary>When its attempts have used so many minutes of sessions, what waits and could go to a cloud ends; null: no limit.</summary>
    public int? MaxCloudMinutes { get; init; }

    /// <summary>Further attempts at its jobs because of tests that failed or hit a limit.</summary>
    public int TestRetries { get; init; }
    /// <summary>Further attempts at its jobs because of devices, agents or installations that failed.</summary>
    public int InfraRetries { get; init; }

    /// <summary>Tests of the finished jobs; for each the last attempt that ran it counts, see <see cref="JobTests"/>.</summary>
    public TestCounts Tests { get; init; } = TestCounts.None;

    /// <summary>The pool of everything that names none.</summary>
    public const string DefaultPool = "default";

    /// <summary>Finished jobs with this verdict.</summary>
    public int Count(JobVerdict verdict) => Verdicts[(int)verdict];

    /// <summary>Its cloud minutes are used up.</summary>
    public bool IsCloudSpent => CloudSeconds >= MaxCloudMinutes * 60d;

    /// <summary>Every job is final.</summary>
    public bool IsFinished => FinishedAt is not null;
}
