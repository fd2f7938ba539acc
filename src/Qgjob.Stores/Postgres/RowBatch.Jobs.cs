using System.Text;
using Qgjob.Core.Storage.Journal;

namespace Qgjob.Stores.Postgres;

/// <summary>Runs, jobs and what belongs to them.</summary>
internal sealed partial class RowBatch
{
    private void AddRuns(RowChanges rows) => Statement(
        $"""
        INSERT INTO runs (id, org_id, idempotency_key, finished_at, row)
        SELECT * FROM unnest($2::text[], $3::text[], $4::text[], $5::bigint[], $6::text[]) {Gate}
        ON CONFLICT (id) DO UPDATE SET finished_at = excluded.finished_at, row = excluded.row
        """,
        rows.Runs, Texts(rows.Runs, r => r.Id), Texts(rows.Runs, r => r.OrgId), Texts(rows.Runs, r => r.IdempotencyKey),
        LongsOrNull(rows.Runs, r => r.FinishedAt?.UtcTicks), Json(rows.Runs));

    private void AddJobs(RowChanges rows)
    {
        List<JobRow> added = [], changed = [];
        foreach (var row in rows.Jobs) (row.Spec is null ? changed : added).Add(row);
        Statement(
            $"""
            INSERT INTO jobs (id, run_id, org_id, app_version_id, ordinal, status, live, row, spec)
            SELECT * FROM unnest($2::text[], $3::text[], $4::text[], $5::text[], $6::integer[], $7::integer[], $8::boolean[], $9::text[], $10::text[]) {Gate}
            """,
            added, Texts(added, j => j.Job.Id), Texts(added, j => j.Job.RunId), Texts(added, j => j.Job.OrgId), Texts(added, j => j.Spec!.AppVersionId),
            Ints(added, j => j.Job.Ordinal), Ints(added, j => (int)j.Job.Status), Flags(added, j => !j.Job.IsFinal),
            Json(added, j => j.Job), Json(added, j => j.Spec!));
        Statement(
            $"""
            UPDATE jobs SET status = n.status, live = n.live, row = n.row
            FROM unnest($2::text[], $3::integer[], $4::boolean[], $5::text[]) AS n (id, status, live, row) {Gate} AND jobs.id = n.id
            """,
            changed, Texts(changed, j => j.Job.Id), Ints(changed, j => (int)j.Job.Status), Flags(changed, j => !j.Job.IsFinal),
            Json(changed, j => j.Job));
    }

    private void AddAttempts(RowChanges rows)
    {
        Statement(
            $"""
            INSERT INTO attempts (job_id, number, device_id, token, row)
            SELECT * FROM unnest($2::text[], $3::integer[], $4::text[], $5::bigint[], $6::text[]) {Gate}
            ON CONFLICT (job_id, number) DO UPDATE SET row = excluded.row
            """,
            rows.Attempts, Texts(rows.Attempts, a => a.JobId), Ints(rows.Attempts, a => a.Number), Texts(rows.Attempts, a => a.DeviceId),
            Longs(rows.Attempts, a => a.Token), Json(rows.Attempts));
        // An attempt without tests has no row, and reads as having none.
        var tests = rows.Tests.Where(t => t.Tests.Count > 0).ToList();
        Statement(
            $"""
            INSERT INTO test_results (job_id, attempt, row, org_id, test_path, ended_at, origin)
            SELECT * FROM unnest($2::text[], $3::integer[], $4::text[], $5::text[], $6::text[], $7::bigint[], $8::text[]) {Gate}
            ON CONFLICT (job_id, attempt) DO UPDATE SET row = excluded.row
            """,
            tests, Texts(tests, t => t.JobId), Ints(tests, t => t.Attempt), Json(tests, t => t.Tests),
            Texts(tests, t => t.Origin?.OrgId), Texts(tests, t => t.Origin?.TestPath), LongsOrNull(tests, t => t.Origin?.EndedAt.UtcTicks),
            Texts(tests, t => t.Origin is { } origin ? Encoding.UTF8.GetString(texts[origin].Span) : null));
    }

    private void AddEvents(RowChanges rows) => Statement(
        $"INSERT INTO events (run_id, sequence, job_id, row) SELECT * FROM unnest($2::text[], $3::bigint[], $4::text[], $5::text[]) {Gate}",
        rows.Events, Texts(rows.Events, e => e.RunId), Longs(rows.Events, e => e.Sequence), Texts(rows.Events, e => e.JobId),
        Json(rows.Events));
}
