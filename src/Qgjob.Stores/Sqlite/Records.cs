using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Qgjob.Core.Devices;
using Qgjob.Core.Events;
using Qgjob.Core.Groups;
using Qgjob.Core.Jobs;
using Qgjob.Core.Notifications;
using Qgjob.Core.Orgs;
using Qgjob.Core.Results;
using Qgjob.Core.Runs;
using Qgjob.Core.Storage;
using Qgjob.Core.Storage.Journal;

namespace Qgjob.Stores.Sqlite;

/// <summary>Column lists, and the records that their rows make. A list and its reader stand together.</summary>
internal static class Records
{
    public const string RunColumns = """
        id, org_id, pool, created_at, finished_at, idempotency_key, body_hash, total, queued, active, verdicts, flaky, installs,
        tests_passed, tests_failed, tests_flaky, tests_skipped, meta, supersede_key, superseded_by, fail_fast,
        test_retries, infra_retries, parent_run_id, rerun_as, tests_quarantined,
        cloud_seconds, max_cloud_minutes
        """;

    public static Run Run(Statement row) => new()
    {
        Id = row.Text(0),
        OrgId = row.Text(1),
        Pool = row.Text(2),
        CreatedAt = row.Time(3),
        FinishedAt = row.TimeOrNull(4),
        IdempotencyKey = row.TextOrNull(5),
        BodyHash = row.TextOrNull(6),
        Total = row.Int(7),
        Queued = row.Int(8),
        Active = row.Int(9),
        Verdicts = Json(row, 10, RowJson.Default.IReadOnlyListInt32),
        Flaky = row.Int(11),
        Installs = row.Int(12),
        Tests = new TestCounts(row.Int(13), row.Int(14), row.Int(15), row.Int(16), row.Int(25)),
        Meta = Json(row, 17, RowJson.Default.IReadOnlyDictionaryStringString),
        SupersedeKey = row.TextOrNull(18),
        SupersededBy = row.TextOrNull(19),
        FailFast = row.Flag(20),
        TestRetries = row.Int(21),
        InfraRetries = row.Int(22),
        ParentRunId = row.TextOrNull(23),
        RerunAs = row.TextOrNull(24),
        CloudSeconds = row.Double(26),
        MaxCloudMinutes = row.IntOrNull(27),
    };

    public const string JobColumns = """
        j.id, j.run_id, j.org_id, j.group_id, j.ordinal, j.status, j.verdict, j.tier, j.estimate, j.created_at, j.ready_at,
        j.queue_deadline, j.started_at, j.finished_at, j.attempt, j.test_failures, j.infra_failures, j.device_id, j.reason,
        j.barred, j.flaky, j.tests_total, j.tests_done, j.tests_failed, j.installs, j.last_news,
        j.so_far
        """;

    /// <summary>Where a column that follows <see cref="JobColumns"/> is.</summary>
    private const int AfterJob = 27;

    public const string JobsWithSpecs = $"SELECT {JobColumns}, s.spec FROM jobs j JOIN job_specs s ON s.job_id = j.id";

    public static Job Job(Statement row) => new()
    {
        Id = row.Text(0),
        RunId = row.Text(1),
        OrgId = row.Text(2),
        GroupId = row.Text(3),
        Ordinal = row.Int(4),
        Status = (JobStatus)row.Int(5),
        Verdict = (JobVerdict)row.Int(6),
        Tier = row.Long(7),
        EstimateSeconds = row.Double(8),
        CreatedAt = row.Time(9),
        ReadyAt = row.Time(10),
        QueueDeadline = row.Time(11),
        StartedAt = row.TimeOrNull(12),
        FinishedAt = row.TimeOrNull(13),
        Attempt = row.Int(14),
        TestFailures = row.Int(15),
        InfraFailures = row.Int(16),
        DeviceId = row.TextOrNull(17),
        Reason = row.TextOrNull(18),
        Barred = List(row, 19, RowJson.Default.IReadOnlyListString),
        Flaky = row.Flag(20),
        TestsTotal = row.IntOrNull(21),
        TestsDone = row.Int(22),
        TestsFailed = row.Int(23),
        Installs = row.Int(24),
        LastNews = row.Long(25),
        SoFar = row.IsNull(26) ? null : Tests(row, 26),
    };

    public static JobAndSpec JobAndSpec(Statement row) => new(Job(row), Json(row, AfterJob, RowJson.Default.JobSpec));

    public static JobRow JobRow(Statement row) => new(Job(row), Json(row, AfterJob, RowJson.Default.JobSpec));

    public const string AttemptColumns = """
        job_id, number, device_id, agent_id, token, claimed_at, running_at, ended_at, outcome, reason, installs,
        install_seconds, run_seconds, finish_id, download_seconds, session_seconds, cloud_seconds
        """;

    public static Attempt Attempt(Statement row) => new()
    {
        JobId = row.Text(0),
        Number = row.Int(1),
        DeviceId = row.Text(2),
        AgentId = row.Text(3),
        Token = row.Long(4),
        ClaimedAt = row.Time(5),
        RunningAt = row.TimeOrNull(6),
        EndedAt = row.TimeOrNull(7),
        Outcome = (AttemptOutcome)row.Int(8),
        Reason = row.TextOrNull(9),
        Installs = row.Int(10),
        InstallSeconds = row.Double(11),
        RunSeconds = row.Double(12),
        FinishId = row.TextOrNull(13),
        DownloadSeconds = row.DoubleOrNull(14),
        SessionSeconds = row.DoubleOrNull(15),
        CloudSeconds = row.DoubleOrNull(16),
    };

    public const string TestsColumns = "job_id, attempt, tests, origin";

    public static TestsRow TestsRow(Statement row) => new(row.Text(0), row.Int(1), Tests(row, 2))
    {
        Origin = row.IsNull(3) ? null : Json(row, 3, RowJson.Default.TestsOrigin),
    };

    public static IReadOnlyList<TestResult> Tests(Statement row, int column) => Json(row, column, RowJson.Default.IReadOnlyListTestResult);

    public const string EventColumns = "sequence, run_id, job_id, at, kind, attempt, device_id, status, message, seconds";

    public static JobEvent Event(Statement row) => new(
        row.Long(0), row.Text(1), row.TextOrNull(2), row.Time(3), row.Text(4), row.Int(5),
        row.TextOrNull(6), row.TextOrNull(7), row.TextOrNull(8), row.DoubleOrNull(9));

    public const string GroupColumns = """
        id, org_id, app_version_id, target, needs, barred, pool, queued, queued_seconds, active, head_tier, head_ready_at,
        installs, revision, resources, overflow
        """;

    public static Group Group(Statement row) => new()
    {
        Id = row.Text(0),
        Key = new GroupKey(row.Text(1), row.Text(2), (Target)row.Int(3), row.Text(4), row.Text(5), row.Text(14), row.Text(15)),
        Pool = row.Text(6),
        Queued = row.Int(7),
        QueuedSeconds = row.Double(8),
        Active = row.Int(9),
        HeadTier = row.Long(10),
        HeadSubmittedAt = row.Time(11),
        Installs = row.Int(12),
        Revision = row.Long(13),
    };

    public const string VersionColumns = "org_id, id, created_at, builds, serving, open_version, revision, install_seconds, proven, used_at";

    public static AppVersion Version(Statement row) => new()
    {
        OrgId = row.Text(0),
        Id = row.Text(1),
        CreatedAt = row.Time(2),
        Builds = Json(row, 3, RowJson.Default.IReadOnlyListBuild),
        Serving = row.Int(4),
        OpenVersion = row.Long(5),
        Revision = row.Long(6),
        InstallSeconds = row.DoubleOrNull(7),
        Proven = row.Flag(8),
        UsedAt = row.Time(9),
    };

    public const string OrgColumns = "pool, org_id, weight, max_devices, max_priority, virtual_time, queued, active, revision, keep_days, max_disk_gb, max_cloud_minutes, cloud_seconds, cloud_month";

    public static OrgShare Org(Statement row) => new()
    {
        Pool = row.Text(0),
        OrgId = row.Text(1),
        Weight = row.Double(2),
        MaxDevices = row.IntOrNull(3),
        MaxPriority = row.IntOrNull(4),
        VirtualTime = row.Double(5),
        Queued = row.Int(6),
        Active = row.Int(7),
        Revision = row.Long(8),
        KeepDays = row.IntOrNull(9),
        MaxDiskGb = row.IntOrNull(10),
        MaxCloudMinutes = row.IntOrNull(11),
        CloudSeconds = row.DoubleOrNull(12),
        CloudMonth = row.IntOrNull(13),
    };

    public const string ResourceColumns = "org_id, name, units, revision";

    public static Resource Resource(Statement row) => new()
    {
        OrgId = row.Text(0),
        Name = row.Text(1),
        Units = Json(row, 2, RowJson.Default.IReadOnlyListResourceUnit),
        Revision = row.Long(3),
    };

    public const string DeviceColumns = """
        id, pool, agent_id, online, paused, pause_note, version, last_token, installs, attempts, revision,
        lease_token, lease_job_id, lease_run_id, lease_attempt, lease_group_id, lease_org_id, lease_app_version_id,
        lease_claim_id, lease_claimed_at, lease_until, lease_cancel, offer, lease_charged, lease_units, failures, cooldowns, cooling_until, offline_since
        """;

    public static Device Device(Statement row) => new()
    {
        Pool = row.Text(1),
        AgentId = row.Text(2),
        Online = row.Flag(3),
        Paused = row.Flag(4),
        PauseNote = row.TextOrNull(5),
        Version = row.Long(6),
        LastToken = row.Long(7),
        Installs = row.Int(8),
        Attempts = row.Int(9),
        Revision = row.Long(10),
        Lease = row.IsNull(11) ? null : new Lease(
            row.Long(11), row.Text(12), row.Text(13), row.Int(14), row.Text(15), row.Text(16), row.Text(17), row.Text(18),
            row.Time(19), row.Time(20), row.Flag(21), row.Double(23))
        { Units = List(row, 24, RowJson.Default.IReadOnlyListHeldUnit) },
        OfflineSince = row.TimeOrNull(28),
        Offer = Json(row, 22, RowJson.Default.DeviceOffer),
        Health = new DeviceHealth(List(row, 25, RowJson.Default.IReadOnlyListString), row.Int(26), row.TimeOrNull(27)),
    };

    public const string AgentColumns = "id, boot_id, name, version, pool, last_seen, online, draining";

    public static Agent Agent(Statement row) => new()
    {
        Id = row.Text(0),
        BootId = row.Text(1),
        Name = row.Text(2),
        Version = row.Text(3),
        Pool = row.Text(4),
        LastSeen = row.Time(5),
        Online = row.Flag(6),
        Draining = row.Flag(7),
    };

    public const string EstimateColumns = "key, seconds, learned_at";

    public static EstimateRow Estimate(Statement row) => new(row.Text(0), row.Double(1), row.Time(2));

    public const string QuarantineColumns = "org_id, tests";

    public static Quarantine Quarantine(Statement row) => Json(row, 1, RowJson.Default.Quarantine);

    public const string TermColumns = "name, holder, until";

    public static HookRow HookRow(Statement row) => Json(row, 0, RowJson.Default.HookRow);

    public static Term Term(Statement row) => new(row.Text(0), row.Text(1), row.Time(2));

    public static Statement BindJson<T>(this Statement statement, T value, JsonTypeInfo<T> type) =>
        statement.Bind(JsonSerializer.SerializeToUtf8Bytes(value, type).AsSpan());

    public static Statement BindJsonOrNull<T>(this Statement statement, T? value, JsonTypeInfo<T> type) where T : class =>
        value is null ? statement.BindNull() : statement.BindJson(value, type);

    /// <summary>An empty list is null: most rows have none.</summary>
    public static Statement BindList<T>(this Statement statement, IReadOnlyList<T>? list, JsonTypeInfo<IReadOnlyList<T>> type) =>
        list is null or [] ? statement.BindNull() : statement.BindJson(list, type);

    private static IReadOnlyList<T> List<T>(Statement row, int column, JsonTypeInfo<IReadOnlyList<T>> type) =>
        row.IsNull(column) ? [] : Json(row, column, type);

    private static T Json<T>(Statement row, int column, JsonTypeInfo<T> type) =>
        JsonSerializer.Deserialize(row.Bytes(column), type)
        ?? throw new InvalidDataException($"A row of the store holds 'null' where a {typeof(T).Name} belongs.");
}
