using Qgjob.Core.Events;
using Qgjob.Core.Jobs;
using Qgjob.Core.Runs;
using Qgjob.Core.Storage.Journal;

namespace Qgjob.Stores.Sqlite;

/// <summary>Runs and what belongs to them. A row that is there already is changed only in the columns that can change.</summary>
internal sealed partial class RowWriter
{
    private void Write(Run run) => session
        .Sql($"""
            INSERT INTO runs ({Records.RunColumns}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            ON CONFLICT (id) DO UPDATE SET finished_at = excluded.finished_at, queued = excluded.queued, active = excluded.active,
                verdicts = excluded.verdicts, flaky = excluded.flaky, installs = excluded.installs,
                tests_passed = excluded.tests_passed, tests_failed = excluded.tests_failed, tests_flaky = excluded.tests_flaky,
                tests_skipped = excluded.tests_skipped, superseded_by = excluded.superseded_by,
                test_retries = excluded.test_retries, infra_retries = excluded.infra_retries, rerun_as = excluded.rerun_as,
                tests_quarantined = excluded.tests_quarantined, cloud_seconds = excluded.cloud_seconds
            """)
        .Bind(run.Id).Bind(run.OrgId).Bind(run.Pool).Bind(run.CreatedAt).Bind(run.FinishedAt)
        .Bind(run.IdempotencyKey).Bind(run.BodyHash).Bind(run.Total).Bind(run.Queued).Bind(run.Active)
        .BindJson(run.Verdicts, RowJson.Default.IReadOnlyListInt32).Bind(run.Flaky).Bind(run.Installs)
        .Bind(run.Tests.Passed).Bind(run.Tests.Failed).Bind(run.Tests.Flaky).Bind(run.Tests.Skipped)
        .BindJson(run.Meta, RowJson.Default.IReadOnlyDictionaryStringString)
        .Bind(run.SupersedeKey).Bind(run.SupersededBy).Bind(run.FailFast)
        .Bind(run.TestRetries).Bind(run.InfraRetries).Bind(run.ParentRunId).Bind(run.RerunAs).Bind(run.Tests.Quarantined)
        .Bind(run.CloudSeconds).Bind(run.MaxCloudMinutes).Run();

    private void Write(Job job, JobSpec spec)
    {
        session.Sql("""
            INSERT OR REPLACE INTO jobs (group_id, status, verdict, tier, estimate, ready_at, queue_deadline, started_at, finished_at, attempt,
                test_failures, infra_failures, device_id, reason, barred, flaky, tests_total, tests_done, tests_failed, installs,
                last_news, so_far, id, run_id, org_id, app_version_id, ordinal, created_at)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            """)
            .BindChanging(job).Bind(job.Id).Bind(job.RunId).Bind(job.OrgId).Bind(spec.AppVersionId).Bind(job.Ordinal).Bind(job.CreatedAt).Run();
        session.Sql("INSERT OR REPLACE INTO job_specs VALUES (?, ?)").Bind(job.Id).BindJson(spec, RowJson.Default.JobSpec).Run();
    }

    private void Write(Job job) => session
        .Sql("""
            UPDATE jobs SET group_id = ?, status = ?, verdict = ?, tier = ?, estimate = ?, ready_at = ?, queue_deadline = ?,
                started_at = ?, finished_at = ?, attempt = ?, test_failures = ?, infra_failures = ?, device_id = ?, reason = ?,
                barred = ?, flaky = ?, tests_total = ?, tests_done = ?, tests_failed = ?, installs = ?,
                last_news = ?, so_far = ?
            WHERE id = ?
            """)
        .BindChanging(job).Bind(job.Id).Run();

    private void Write(Attempt attempt) => session
        .Sql($"""
            INSERT INTO attempts ({Records.AttemptColumns}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            ON CONFLICT (job_id, number) DO UPDATE SET running_at = excluded.running_at, ended_at = excluded.ended_at,
                outcome = excluded.outcome, reason = excluded.reason, installs = excluded.installs,
                install_seconds = excluded.install_seconds, run_seconds = excluded.run_seconds, finish_id = excluded.finish_id,
                download_seconds = excluded.download_seconds, session_seconds = excluded.session_seconds,
                cloud_seconds = excluded.cloud_seconds
            """)
        .Bind(attempt.JobId).Bind(attempt.Number).Bind(attempt.DeviceId).Bind(attempt.AgentId).Bind(attempt.Token)
        .Bind(attempt.ClaimedAt).Bind(attempt.RunningAt).Bind(attempt.EndedAt).Bind((int)attempt.Outcome)
        .Bind(attempt.Reason).Bind(attempt.Installs).Bind(attempt.InstallSeconds).Bind(attempt.RunSeconds)
        .Bind(attempt.FinishId).Bind(attempt.DownloadSeconds).Bind(attempt.SessionSeconds).Bind(attempt.CloudSeconds).Run();

    private void Write(TestsRow tests) => session
        .Sql($"INSERT OR REPLACE INTO test_results ({Records.TestsColumns}, org_id, test_path, ended_at) VALUES (?, ?, ?, ?, ?, ?, ?)")
        .Bind(tests.JobId).Bind(tests.Attempt).BindJson(tests.Tests, RowJson.Default.IReadOnlyListTestResult)
        .BindJsonOrNull(tests.Origin, RowJson.Default.TestsOrigin).Bind(tests.Origin?.OrgId).Bind(tests.Origin?.TestPath).Bind(tests.Origin?.EndedAt).Run();

    private void Write(JobEvent happened) => session
        .Sql($"INSERT OR REPLACE INTO events ({Records.EventColumns}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")
        .Bind(happened.Sequence).Bind(happened.RunId).Bind(happened.JobId).Bind(happened.At).Bind(happened.Kind)
        .Bind(happened.Attempt).Bind(happened.DeviceId).Bind(happened.Status).Bind(happened.Message)
        .Bind(happened.Seconds).Run();
}

/// <summary>The columns of a job that both ways to write it have, in one order.</summary>
internal static class JobColumns
{
    public static Statement BindChanging(this Statement statement, Job job) => statement
        .Bind(job.GroupId).Bind((int)job.Status).Bind((int)job.Verdict).Bind(job.Tier).Bind(job.EstimateSeconds)
        .Bind(job.ReadyAt).Bind(job.QueueDeadline).Bind(job.StartedAt).Bind(job.FinishedAt).Bind(job.Attempt)
        .Bind(job.TestFailures).Bind(job.InfraFailures).Bind(job.DeviceId).Bind(job.Reason)
        .BindList(job.Barred, RowJson.Default.IReadOnlyListString).Bind(job.Flaky).Bind((long?)job.TestsTotal)
        .Bind(job.TestsDone).Bind(job.TestsFailed).Bind(job.Installs).Bind(job.LastNews)
        .BindList(job.SoFar, RowJson.Default.IReadOnlyListTestResult);
}
