using Qgjob.Core.Jobs;
using Qgjob.Core.Results;
using Qgjob.Core.Storage;

namespace Qgjob.Stores.Sqlite;

/// <summary>Jobs and attempts: written at once, since the engine asks for them in order.</summary>
internal sealed partial class SqliteRows
{
    private readonly Remembered<string, Job> jobs = new();
    private readonly Remembered<string, JobSpec> specs = new();
    private readonly Remembered<(string Job, int Number), Attempt> attempts = new();
    /// <summary>First ready job of a group, once asked for; kept right by every save.</summary>
    private readonly Dictionary<string, Job> heads = [];

    public Job? FindJob(string jobId) => jobs.Find(jobId, () => session
        .Sql($"SELECT {Records.JobColumns} FROM jobs j WHERE j.id = ?").Bind(jobId).One(Records.Job));

    public JobSpec SpecOf(string jobId) => specs.Find(jobId, () => session
        .Sql("SELECT spec FROM job_specs WHERE job_id = ?").Bind(jobId).One(static r => Records.Spec(r, 0)))
        ?? throw new KeyNotFoundException($"no specification of job {jobId}");

    public void Add(Job job, JobSpec spec)
    {
        session.Sql("""
            INSERT INTO jobs (id, run_id, org_id, app_version_id, ordinal, created_at, group_id, status, verdict, tier, estimate,
                ready_at, queue_deadline, attempt, test_failures, infra_failures, flaky, tests_done, tests_failed, installs)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0, 0, 0, 0, 0, 0, 0)
            """)
            .Bind(job.Id).Bind(job.RunId).Bind(job.OrgId).Bind(spec.AppVersionId).Bind(job.Ordinal).Bind(job.CreatedAt)
            .Bind(job.GroupId).Bind((int)job.Status).Bind((int)job.Verdict).Bind(job.Tier).Bind(job.EstimateSeconds)
            .Bind(job.ReadyAt).Bind(job.QueueDeadline).Run();
        session.Sql("INSERT INTO job_specs VALUES (?, ?)").Bind(job.Id).BindJson(spec, StoreJson.Default.JobSpec).Run();
        jobs.Remember(job.Id, job);
        specs.Remember(job.Id, spec);
        KeepHead(job);
    }

    public void Save(Job job)
    {
        session.Sql("""
            UPDATE jobs SET group_id = ?, status = ?, verdict = ?, tier = ?, estimate = ?, ready_at = ?, queue_deadline = ?,
                started_at = ?, finished_at = ?, attempt = ?, test_failures = ?, infra_failures = ?, device_id = ?, reason = ?,
                barred = ?, flaky = ?, tests_total = ?, tests_done = ?, tests_failed = ?, installs = ?,
                last_news = ?
            WHERE id = ?
            """)
            .Bind(job.GroupId).Bind((int)job.Status).Bind((int)job.Verdict).Bind(job.Tier).Bind(job.EstimateSeconds)
            .Bind(job.ReadyAt).Bind(job.QueueDeadline).Bind(job.StartedAt).Bind(job.FinishedAt).Bind(job.Attempt)
            .Bind(job.TestFailures).Bind(job.InfraFailures).Bind(job.DeviceId).Bind(job.Reason)
            .BindList(job.Barred, StoreJson.Default.IReadOnlyListString).Bind(job.Flaky).Bind((long?)job.TestsTotal).Bind(job.TestsDone).Bind(job.TestsFailed)
            .Bind(job.Installs).Bind(job.LastNews).Bind(job.Id).Run();
        jobs.Remember(job.Id, job);
        KeepHead(job);
    }

    public Job? FirstReady(string groupId)
    {
        if (heads.TryGetValue(groupId, out var head)) return head;
        // The index alone answers this; the job itself is mostly remembered.
        var id = session.Sql("SELECT id FROM jobs WHERE status = 0 AND group_id = ? ORDER BY tier, estimate DESC, id LIMIT 1")
            .Bind(groupId).One(static r => r.Text(0));
        return id is null ? null : heads[groupId] = FindJob(id)!;
    }

    /// <summary>A head that does not wait any more is asked for anew; a new job that goes before the head takes its place.</summary>
    private void KeepHead(Job job)
    {
        if (!heads.TryGetValue(job.GroupId, out var head)) return;
        if (head.Id == job.Id) heads.Remove(job.GroupId);
        else if (job.Status is JobStatus.Queued && GoesBefore(job, head)) heads[job.GroupId] = job;
    }

    private static bool GoesBefore(Job a, Job b) =>
        a.Tier != b.Tier ? a.Tier < b.Tier
        : a.EstimateSeconds != b.EstimateSeconds ? a.EstimateSeconds > b.EstimateSeconds
        : string.CompareOrdinal(a.Id, b.Id) < 0;

    public IReadOnlyList<Job> UnfinishedJobs(string runId) => session.Sql($"""
        SELECT {Records.JobColumns} FROM jobs j WHERE j.run_id = ? AND j.status < 4 ORDER BY j.ordinal
        """).Bind(runId).All(Records.Job);

    public IReadOnlyList<Job> QueuedPast(DateTimeOffset now, int max) => session.Sql($"""
        SELECT {Records.JobColumns} FROM jobs j
        WHERE j.status = 0 AND j.queue_deadline <= ? ORDER BY j.queue_deadline, j.id LIMIT ?
        """).Bind(now).Bind(max).All(Records.Job);

    public Attempt? FindAttempt(string jobId, int number) => attempts.Find((jobId, number), () => session
        .Sql($"SELECT {Records.AttemptColumns} FROM attempts WHERE job_id = ? AND number = ?")
        .Bind(jobId).Bind(number).One(Records.Attempt));

    public Attempt? FindAttempt(LeaseRef lease) => session
        .Sql($"SELECT {Records.AttemptColumns} FROM attempts WHERE device_id = ? AND token = ?")
        .Bind(lease.DeviceId).Bind(lease.Token).One(Records.Attempt);

    public void Save(Attempt attempt)
    {
        session.Sql($"""
            INSERT INTO attempts ({Records.AttemptColumns}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            ON CONFLICT (job_id, number) DO UPDATE SET running_at = excluded.running_at, ended_at = excluded.ended_at,
                outcome = excluded.outcome, reason = excluded.reason, installs = excluded.installs,
                install_seconds = excluded.install_seconds, run_seconds = excluded.run_seconds, finish_id = excluded.finish_id
            """)
            .Bind(attempt.JobId).Bind(attempt.Number).Bind(attempt.DeviceId).Bind(attempt.AgentId).Bind(attempt.Token)
            .Bind(attempt.ClaimedAt).Bind(attempt.RunningAt).Bind(attempt.EndedAt).Bind((int)attempt.Outcome)
            .Bind(attempt.Reason).Bind(attempt.Installs).Bind(attempt.InstallSeconds).Bind(attempt.RunSeconds)
            .Bind(attempt.FinishId).Run();
        attempts.Remember((attempt.JobId, attempt.Number), attempt);
    }

    public void SaveTests(string jobId, int attempt, IReadOnlyList<TestResult> tests) => session
        .Sql("INSERT OR REPLACE INTO test_results VALUES (?, ?, ?)")
        .Bind(jobId).Bind(attempt).BindJson(tests, StoreJson.Default.IReadOnlyListTestResult).Run();
}
