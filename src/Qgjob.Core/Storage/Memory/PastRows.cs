using Qgjob.Core.Jobs;
using Qgjob.Core.Runs;
using Qgjob.Core.Storage.Journal;

namespace Qgjob.Core.Storage.Memory;

/// <summary>Rows of what is over that the commands of a batch ask for, fetched before it is applied.</summary>
internal sealed class PastRows(IReadOnlyList<Run> runs, IReadOnlyList<AttemptAndJob> attempts)
{
    public static PastRows None { get; } = new([], []);

    public Run? RunByKey(string orgId, string key) => runs.FirstOrDefault(r => r.OrgId == orgId && r.IdempotencyKey == key);

    public Run? Run(string runId) => runs.FirstOrDefault(r => r.Id == runId);

    public Attempt? Attempt(LeaseRef lease) =>
        attempts.FirstOrDefault(a => a.Attempt.Token == lease.Token && a.Attempt.DeviceId == lease.DeviceId)?.Attempt;

    public Job? Job(string jobId) => attempts.FirstOrDefault(a => a.Attempt.JobId == jobId)?.Job.Job;
}
