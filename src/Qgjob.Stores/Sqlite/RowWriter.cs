using Qgjob.Core.Storage.Journal;

namespace Qgjob.Stores.Sqlite;

/// <summary>Writes rows, inside a transaction of the writing connection's owner.</summary>
internal sealed partial class RowWriter(SqliteSession session)
{
    public void Write(RowChanges changes)
    {
        foreach (var run in changes.Runs) Write(run);
        foreach (var (job, spec) in changes.Jobs)
            if (spec is null) Write(job);
            else Write(job, spec);
        foreach (var attempt in changes.Attempts) Write(attempt);
        foreach (var tests in changes.Tests) Write(tests);
        foreach (var happened in changes.Events) Write(happened);
        foreach (var group in changes.Groups) Write(group);
        foreach (var version in changes.AppVersions) Write(version);
        foreach (var org in changes.Orgs) Write(org);
        foreach (var resource in changes.Resources) Write(resource);
        foreach (var device in changes.Devices) Write(device);
        foreach (var end in changes.LeaseEnds)
            session.Sql("UPDATE devices SET lease_until = ? WHERE id = ?").Bind(end.Until).Bind(end.DeviceId).Run();
        foreach (var agent in changes.Agents) Write(agent);
        foreach (var estimate in changes.Estimates)
            session.Sql("INSERT INTO estimates VALUES (?, ?, ?) ON CONFLICT (key) DO UPDATE SET seconds = excluded.seconds, learned_at = excluded.learned_at")
                .Bind(estimate.Key).Bind(estimate.Seconds).Bind(estimate.LearnedAt).Run();
        foreach (var quarantine in changes.Quarantines)
            session.Sql("INSERT OR REPLACE INTO quarantines VALUES (?, ?)").Bind(quarantine.OrgId).BindJson(quarantine, RowJson.Default.Quarantine).Run();
        foreach (var term in changes.Terms)
            session.Sql("INSERT INTO terms VALUES (?, ?, ?) ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, until = excluded.until")
                .Bind(term.Name).Bind(term.Holder).Bind(term.Until).Run();
        foreach (var row in changes.HookRows)
            session.Sql("INSERT INTO hook_rows VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET row = excluded.row").Bind(row.Key).BindJson(row, RowJson.Default.HookRow).Run();
        foreach (var gone in changes.Gone) Remove(gone);
    }

    public void Write(Head head) => session.Sql("UPDATE head SET number = ?, commit_id = ?, revision = ?, event = ?")
        .Bind(head.Commit).Bind(head.CommitId).Bind(head.Revision).Bind(head.Event).Run();

    private void Remove(GoneRow gone)
    {
        switch (gone.Kind)
        {
            case RowKind.Group: session.Sql("DELETE FROM groups WHERE id = ?").Bind(gone.Key).Run(); break;
            case RowKind.AppVersion: session.Sql("DELETE FROM app_versions WHERE org_id = ? AND id = ?").Bind(gone.OrgId).Bind(gone.Key).Run(); break;
            case RowKind.Device:
                session.Sql("DELETE FROM devices WHERE id = ?").Bind(gone.Key).Run();
                offers.Remove(gone.Key);
                break;
            case RowKind.Agent: session.Sql("DELETE FROM agents WHERE id = ?").Bind(gone.Key).Run(); break;
            case RowKind.Estimate: session.Sql("DELETE FROM estimates WHERE key = ?").Bind(gone.Key).Run(); break;
            case RowKind.HookRow: session.Sql("DELETE FROM hook_rows WHERE key = ?").Bind(gone.Key).Run(); break;
            default: throw new System.Diagnostics.UnreachableException($"no row of kind {gone.Kind}");
        }
    }

    /// <summary>Removes some thousand rows of the runs, the first of them first, and takes out those that are gone or must stay.</summary>
    public bool Purge(Queue<string> runIds)
    {
        const int Most = 500;
        for (var left = Most; left > 0 && runIds.TryPeek(out var id);)
        {
            var mayGo = session.Sql("""
                SELECT 1 FROM runs WHERE id = ? AND finished_at IS NOT NULL AND NOT EXISTS (SELECT 1 FROM devices WHERE lease_run_id = runs.id)
                """).Bind(id).One<object>(static _ => true) is not null;
            if (mayGo)
            {
                // The run itself last: one whose purge was interrupted is found again.
                var jobs = session.Sql("SELECT id FROM jobs WHERE run_id = ? LIMIT ?").Bind(id).Bind(left).All(static r => r.Text(0));
                foreach (var job in jobs) PurgeJob(job);
                if (jobs.Count == left) return true;
                left -= jobs.Count + 1;
                var events = session.Sql("SELECT sequence FROM events WHERE run_id = ? ORDER BY sequence LIMIT ?").Bind(id).Bind(10L * Most).All(static r => r.Long(0));
                if (events.Count > 0) session.Sql("DELETE FROM events WHERE run_id = ? AND sequence <= ?").Bind(id).Bind(events[^1]).Run();
                if (events.Count == 10 * Most) return true;
                session.Sql("DELETE FROM runs WHERE id = ?").Bind(id).Run();
            }
            runIds.Dequeue();
        }
        return true;
    }

    private void PurgeJob(string id)
    {
        session.Sql("DELETE FROM test_results WHERE job_id = ?").Bind(id).Run();
        session.Sql("DELETE FROM attempts WHERE job_id = ?").Bind(id).Run();
        session.Sql("DELETE FROM job_specs WHERE job_id = ?").Bind(id).Run();
        session.Sql("DELETE FROM jobs WHERE id = ?").Bind(id).Run();
    }
}
