using Qgjob.Core.Storage.Journal;

namespace Qgjob.Stores.Postgres;

/// <summary>Rows of which there are few, and that change often.</summary>
internal sealed partial class RowBatch
{
    private void AddFleet(RowChanges rows)
    {
        // First: a row may have gone and come again in one commit, never the other way round with the row still in it.
        AddGone(rows);
        Statement(
            $"INSERT INTO groups (id, row) SELECT * FROM unnest($2::text[], $3::text[]) {Gate} ON CONFLICT (id) DO UPDATE SET row = excluded.row",
            rows.Groups, Texts(rows.Groups, g => g.Id), Json(rows.Groups));
        Statement(
            $"INSERT INTO app_versions (org_id, id, row) SELECT * FROM unnest($2::text[], $3::text[], $4::text[]) {Gate} ON CONFLICT (org_id, id) DO UPDATE SET row = excluded.row",
            rows.AppVersions, Texts(rows.AppVersions, v => v.OrgId), Texts(rows.AppVersions, v => v.Id), Json(rows.AppVersions));
        Statement(
            $"INSERT INTO orgs (pool, org_id, row) SELECT * FROM unnest($2::text[], $3::text[], $4::text[]) {Gate} ON CONFLICT (pool, org_id) DO UPDATE SET row = excluded.row",
            rows.Orgs, Texts(rows.Orgs, o => o.Pool), Texts(rows.Orgs, o => o.OrgId), Json(rows.Orgs));
        Statement(
            $"INSERT INTO resources (org_id, name, row) SELECT * FROM unnest($2::text[], $3::text[], $4::text[]) {Gate} ON CONFLICT (org_id, name) DO UPDATE SET row = excluded.row",
            rows.Resources, Texts(rows.Resources, r => r.OrgId), Texts(rows.Resources, r => r.Name), Json(rows.Resources));
        AddDevices(rows);
        Statement(
            $"INSERT INTO agents (id, row) SELECT * FROM unnest($2::text[], $3::text[]) {Gate} ON CONFLICT (id) DO UPDATE SET row = excluded.row",
            rows.Agents, Texts(rows.Agents, a => a.Id), Json(rows.Agents));
        Statement(
            $"INSERT INTO estimates (key, row) SELECT * FROM unnest($2::text[], $3::text[]) {Gate} ON CONFLICT (key) DO UPDATE SET row = excluded.row",
            rows.Estimates, Texts(rows.Estimates, e => e.Key), Json(rows.Estimates));
        Statement(
            $"INSERT INTO quarantines (org_id, row) SELECT * FROM unnest($2::text[], $3::text[]) {Gate} ON CONFLICT (org_id) DO UPDATE SET row = excluded.row",
            rows.Quarantines, Texts(rows.Quarantines, q => q.OrgId), Json(rows.Quarantines));
        Statement(
            $"INSERT INTO terms (name, row) SELECT * FROM unnest($2::text[], $3::text[]) {Gate} ON CONFLICT (name) DO UPDATE SET row = excluded.row",
            rows.Terms, Texts(rows.Terms, t => t.Name), Json(rows.Terms));
        Statement(
            $"INSERT INTO hook_rows (key, row) SELECT * FROM unnest($2::text[], $3::text[]) {Gate} ON CONFLICT (key) DO UPDATE SET row = excluded.row",
            rows.HookRows, Texts(rows.HookRows, r => r.Key), Json(rows.HookRows));
    }

    private void AddDevices(RowChanges rows)
    {
        // Leases that end go first: a job may move from one device to another within a commit.
        var free = rows.Devices.Where(d => d.Lease is null).ToList();
        Statement(
            $"""
            INSERT INTO devices (id, row) SELECT * FROM unnest($2::text[], $3::text[]) {Gate}
            ON CONFLICT (id) DO UPDATE SET lease_job_id = NULL, lease_run_id = NULL, lease_until = NULL, row = excluded.row
            """,
            free, Texts(free, d => d.Id), Json(free));
        var leased = rows.Devices.Where(d => d.Lease is not null).ToList();
        Statement(
            $"""
            INSERT INTO devices (id, lease_job_id, lease_run_id, lease_until, row)
            SELECT * FROM unnest($2::text[], $3::text[], $4::text[], $5::bigint[], $6::text[]) {Gate}
            ON CONFLICT (id) DO UPDATE SET lease_job_id = excluded.lease_job_id, lease_run_id = excluded.lease_run_id,
                lease_until = excluded.lease_until, row = excluded.row
            """,
            leased, Texts(leased, d => d.Id), Texts(leased, d => d.Lease!.JobId), Texts(leased, d => d.Lease!.RunId),
            Longs(leased, d => d.Lease!.Until.UtcTicks), Json(leased));
        Statement(
            $"""
            UPDATE devices SET lease_until = n.lease_until FROM unnest($2::text[], $3::bigint[]) AS n (id, lease_until)
            {Gate} AND devices.id = n.id AND lease_job_id IS NOT NULL
            """,
            rows.LeaseEnds, Texts(rows.LeaseEnds, e => e.DeviceId), Longs(rows.LeaseEnds, e => e.Until.UtcTicks));
    }

    private void AddGone(RowChanges rows)
    {
        foreach (var kind in rows.Gone.GroupBy(g => g.Kind))
        {
            var gone = kind.ToList();
            if (kind.Key is RowKind.AppVersion)
            {
                Statement(
                    $"DELETE FROM app_versions v USING unnest($2::text[], $3::text[]) AS n (org_id, id) {Gate} AND v.org_id = n.org_id AND v.id = n.id",
                    gone, Texts(gone, g => g.OrgId), Texts(gone, g => g.Key));
                continue;
            }
            var (table, key) = kind.Key switch
            {
                RowKind.Group => ("groups", "id"),
                RowKind.Device => ("devices", "id"),
                RowKind.Agent => ("agents", "id"),
                RowKind.Estimate => ("estimates", "key"),
                RowKind.HookRow => ("hook_rows", "key"),
                _ => throw new InvalidOperationException($"Rows of kind {kind.Key} cannot be removed here."),
            };
            Statement($"DELETE FROM {table} {Gate} AND {key} = ANY ($2::text[])", gone, Texts(gone, g => g.Key));
        }
    }
}
