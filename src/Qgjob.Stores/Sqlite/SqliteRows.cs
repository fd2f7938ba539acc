using Qgjob.Core.Events;
using Qgjob.Core.Groups;
using Qgjob.Core.Runs;
using Qgjob.Core.Storage;
using Qgjob.Core.Storage.Engine;

namespace Qgjob.Stores.Sqlite;

/// <summary>
/// The engine's rows over the one writing connection. Rows are remembered from batch to batch; runs, groups, app
/// versions, orgs, resources, agents and estimates, which a batch changes many times, are written once, at its end.
/// </summary>
/// <remarks>What is remembered is dropped when another process has written the file, and after a rollback.</remarks>
internal sealed partial class SqliteRows(SqliteSession session) : IStoreRows
{
    private const int MostRemembered = 50_000;

    private readonly Remembered<string, Run> runs = new();
    private readonly Remembered<string, Group> groups = new();
    private readonly Remembered<(string Org, string Id), AppVersion> versions = new();
    private readonly Remembered<string, object> estimates = new();
    private long dataVersion = -1;
    private (long Revision, long Event) counters;
    private (long Revision, long Event) writtenCounters;

    /// <summary>Call first in every transaction.</summary>
    public void Begin()
    {
        // Rises when another connection has committed, and only then.
        var version = session.Sql("PRAGMA data_version").One(static r => r.Long(0));
        if (version == dataVersion && runs.Count + jobs.Count + attempts.Count + estimates.Count < MostRemembered) return;
        Forget();
        dataVersion = version;
        counters = writtenCounters = session.Sql("SELECT revision, event FROM counters").One(static r => (r.Long(0), r.Long(1)));
    }

    /// <summary>Writes what waits. Call last in every transaction.</summary>
    public void Flush()
    {
        runs.Flush(Update);
        groups.Flush(Write);
        versions.Flush(Write);
        orgs.Flush(Write);
        resources.Flush(Write);
        agents.Flush(Write);
        estimates.Flush((key, seconds) => session
            .Sql("INSERT INTO estimates VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET seconds = excluded.seconds")
            .Bind(key).Bind((double)seconds).Run());
        if (counters == writtenCounters) return;
        session.Sql("UPDATE counters SET revision = ?, event = ?").Bind(counters.Revision).Bind(counters.Event).Run();
        writtenCounters = counters;
    }

    /// <summary>Drops everything remembered: after a rollback it is not true any more.</summary>
    public void Forget()
    {
        dataVersion = -1;
        runs.Clear();
        groups.Clear();
        versions.Clear();
        ForgetOrgs();
        agents.Clear();
        estimates.Clear();
        devices.Clear();
        jobs.Clear();
        specs.Clear();
        heads.Clear();
        attempts.Clear();
    }

    public Run? FindRun(string runId) => runs.Find(runId, () => session
        .Sql($"SELECT {Records.RunColumns} FROM runs WHERE id = ?").Bind(runId).One(Records.Run));

    public Run? FindRunByKey(string orgId, string idempotencyKey) =>
        session.Sql("SELECT id FROM runs WHERE org_id = ? AND idempotency_key = ?")
            .Bind(orgId).Bind(idempotencyKey).One(static r => r.Text(0)) is { } id ? FindRun(id) : null;

    public IReadOnlyList<Run> UnfinishedRunsBySupersedeKey(string orgId, string supersedeKey)
    {
        runs.Flush(Update);
        return [.. session.Sql("SELECT id FROM runs WHERE org_id = ? AND supersede_key = ? AND finished_at IS NULL ORDER BY id")
            .Bind(orgId).Bind(supersedeKey).All(static r => r.Text(0)).Select(id => FindRun(id)!)];
    }

    public void Save(Run run)
    {
        if (runs.Replace(run.Id, run)) return;
        session.Sql($"INSERT INTO runs ({Records.RunColumns}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")
            .Bind(run.Id).Bind(run.OrgId).Bind(run.Pool).Bind(run.CreatedAt).Bind(run.FinishedAt)
            .Bind(run.IdempotencyKey).Bind(run.BodyHash).Bind(run.Total).Bind(run.Queued).Bind(run.Active)
            .BindJson(run.Verdicts, StoreJson.Default.IReadOnlyListInt32).Bind(run.Flaky).Bind(run.Installs)
            .Bind(run.Tests.Passed).Bind(run.Tests.Failed).Bind(run.Tests.Flaky).Bind(run.Tests.Skipped)
            .BindJson(run.Meta, StoreJson.Default.IReadOnlyDictionaryStringString)
            .Bind(run.SupersedeKey).Bind(run.SupersededBy).Bind(run.FailFast).Run();
        runs.Remember(run.Id, run);
    }

    private void Update(string id, Run run) => session
        .Sql("""
            UPDATE runs SET finished_at = ?, queued = ?, active = ?, verdicts = ?, flaky = ?, installs = ?,
                tests_passed = ?, tests_failed = ?, tests_flaky = ?, tests_skipped = ?, superseded_by = ?
            WHERE id = ?
            """)
        .Bind(run.FinishedAt).Bind(run.Queued).Bind(run.Active).BindJson(run.Verdicts, StoreJson.Default.IReadOnlyListInt32)
        .Bind(run.Flaky).Bind(run.Installs).Bind(run.Tests.Passed).Bind(run.Tests.Failed).Bind(run.Tests.Flaky)
        .Bind(run.Tests.Skipped).Bind(run.SupersededBy).Bind(id).Run();

    public Group? FindGroup(string groupId) => groups.Find(groupId, () => session
        .Sql($"SELECT {Records.GroupColumns} FROM groups WHERE id = ?").Bind(groupId).One(Records.Group));

    public void Save(Group group) => groups.Put(group.Id, group);

    private void Write(string id, Group group) => session
        .Sql($"""
            INSERT INTO groups ({Records.GroupColumns}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            ON CONFLICT (id) DO UPDATE SET queued = excluded.queued, queued_seconds = excluded.queued_seconds,
                active = excluded.active, head_tier = excluded.head_tier, head_ready_at = excluded.head_ready_at,
                installs = excluded.installs, revision = excluded.revision
            """)
        .Bind(id).Bind(group.Key.OrgId).Bind(group.Key.AppVersionId).Bind((int)group.Key.Target).Bind(group.Key.Needs)
        .Bind(group.Key.Barred).Bind(group.Pool).Bind(group.Queued).Bind(group.QueuedSeconds).Bind(group.Active)
        .Bind(group.HeadTier).Bind(group.HeadSubmittedAt).Bind(group.Installs).Bind(group.Revision)
        .Bind(group.Key.Resources).Run();

    public AppVersion? FindAppVersion(string orgId, string appVersionId) => versions.Find((orgId, appVersionId), () => session
        .Sql($"SELECT {Records.VersionColumns} FROM app_versions WHERE org_id = ? AND id = ?")
        .Bind(orgId).Bind(appVersionId).One(Records.Version));

    public void Save(AppVersion version) => versions.Put((version.OrgId, version.Id), version);

    private void Write((string Org, string Id) key, AppVersion version) => session
        .Sql($"""
            INSERT INTO app_versions ({Records.VersionColumns}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
            ON CONFLICT (org_id, id) DO UPDATE SET builds = excluded.builds, serving = excluded.serving,
                open_version = excluded.open_version, revision = excluded.revision,
                install_seconds = excluded.install_seconds, proven = excluded.proven
            """)
        .Bind(key.Org).Bind(key.Id).Bind(version.CreatedAt).BindJson(version.Builds, StoreJson.Default.IReadOnlyListBuild)
        .Bind(version.Serving).Bind(version.OpenVersion).Bind(version.Revision)
        .Bind(version.InstallSeconds).Bind(version.Proven).Run();

    public double? FindEstimate(string key) => (double?)estimates.Find(key, () => session
        .Sql("SELECT seconds FROM estimates WHERE key = ?").Bind(key).One<object>(static r => r.Double(0)));

    public void SaveEstimate(string key, double seconds) => estimates.Put(key, seconds);

    public void Append(JobEvent happened)
    {
        counters.Event++;
        session.Sql($"INSERT INTO events ({Records.EventColumns}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")
            .Bind(counters.Event).Bind(happened.RunId).Bind(happened.JobId).Bind(happened.At).Bind(happened.Kind)
            .Bind(happened.Attempt).Bind(happened.DeviceId).Bind(happened.Status).Bind(happened.Message)
            .Bind(happened.Seconds).Run();
    }

    public Term? FindTerm(string name) => throw new NotImplementedException();

    public void Save(Term term) => throw new NotImplementedException();

    public long NextRevision() => ++counters.Revision;
}
