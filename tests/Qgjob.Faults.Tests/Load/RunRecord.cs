using System.Collections.Concurrent;
using Qgjob.Core.Events;
using Qgjob.Core.Jobs;

namespace Qgjob.Faults.Tests.Load;

/// <summary>What a submitter was told of one of its runs: none of it may turn out untrue later.</summary>
internal sealed class RunRecord(string key, string runId, IReadOnlyList<string> jobIds, DateTimeOffset acknowledgedAt)
{
    public string Key => key;

    public string RunId => runId;

    public IReadOnlyList<string> JobIds => jobIds;

    public DateTimeOffset AcknowledgedAt => acknowledgedAt;

    /// <summary>Final states that were seen.</summary>
    public ConcurrentDictionary<string, JobStatus> Final { get; } = new();

    /// <summary>A cancel of the run was answered.</summary>
    public bool CancelAcknowledged { get; set; }

    /// <summary>Events as one follower got them, over broken connections; null when nobody followed.</summary>
    public List<JobEvent>? Followed { get; set; }

    /// <summary>The server said that there is no such run.</summary>
    public bool Vanished { get; set; }

    /// <summary>The wait for its end was given up.</summary>
    public bool NeverEnded { get; set; }
}
