using System.Globalization;
using Microsoft.Data.Sqlite;
using Qgjob.Core.Devices;
using Qgjob.Core.Jobs;
using Qgjob.Core.Results;
using Qgjob.Core.Scheduling;
using Qgjob.Core.Storage;
using Qgjob.Stores.Sqlite;

namespace Qgjob.Stores.Tests.Sqlite;

/// <summary>A file that the version before wrote, with work in it, goes on under this one.</summary>
public sealed class MigrationTests : IDisposable
{
    // As version 2 wrote them: none of these has a member that came later.
    private const string Data = """
        INSERT INTO runs VALUES ('r1', 'acme', 'default', 639032544000000000, NULL, NULL, NULL, 4, 2, 1, '[0,0,0,0,0,0,0,1,0,0]', 0, 0, 0, 0, 0, 0, '{}');
        INSERT INTO runs VALUES ('r2', 'other', 'night', 639032544000000000, NULL, NULL, NULL, 1, 1, 0, '[0,0,0,0,0,0,0,0,0,0]', 0, 0, 0, 0, 0, 0, '{}');
        INSERT INTO jobs (id, run_id, org_id, app_version_id, ordinal, created_at, group_id, status, verdict, tier, estimate, ready_at, queue_deadline,
            attempt, test_failures, infra_failures, device_id, flaky, tests_done, tests_failed, installs) VALUES
            ('j1', 'r1', 'acme', 'v1', 0, 639032544000000000, '{0}', 0, 0, 2945500, 60, 639032545000000000, 639132544000000000, 0, 0, 0, NULL, 0, 0, 0, 0),
            ('j2', 'r1', 'acme', 'v1', 1, 639032544000000000, '{0}', 0, 0, 2945500, 60, 639032544000000000, 639132544000000000, 0, 0, 0, NULL, 0, 0, 0, 0),
            ('j3', 'r1', 'acme', 'v1', 2, 639032544000000000, '{0}', 3, 0, 2945500, 60, 639032544000000000, 639132544000000000, 1, 0, 0, 'd1', 0, 0, 0, 0),
            ('j4', 'r1', 'acme', 'v1', 3, 639032544000000000, '{0}', 8, 7, 2945500, 60, 639032544000000000, 639132544000000000, 1, 0, 0, 'd2', 0, 0, 0, 0),
            ('j5', 'r2', 'other', 'v1', 0, 639032544000000000, 'g-night', 0, 0, 2945500, 60, 639032544000000000, 639132544000000000, 0, 0, 0, NULL, 0, 0, 0, 0);
        INSERT INTO job_specs SELECT id, '{"org_id":"' || org_id || '","app_version_id":"v1","test_path":"a.spec.ts","target":"Any","priority":0,' ||
            '"limits":{"queue_seconds":3600,"install_seconds":600,"run_seconds":1800,"silence_seconds":300},"max_attempts":1,"infra_attempts":3,"reset":"Clear","env":{}}' FROM jobs;
        INSERT INTO attempts VALUES ('j3', 1, 'd1', 'a1', 1, 639032544000000000, NULL, NULL, 0, NULL, 0, 0, 0, NULL);
        INSERT INTO attempts VALUES ('j4', 1, 'd2', 'a1', 1, 639032544000000000, NULL, NULL, 0, NULL, 0, 0, 0, NULL);
        INSERT INTO groups VALUES ('{0}', 'acme', 'v1', 0, '', '', 'default', 2, 120, 2, 2945500, 639032545000000000, 0, 5);
        INSERT INTO groups VALUES ('g-night', 'other', 'v1', 0, '', '', 'night', 1, 60, 0, 2945500, 639032545000000000, 0, 6);
        INSERT INTO app_versions VALUES ('acme', 'v0', 1, '[{"platform":"android","package_id":"com.example","sha256":"0","size_bytes":1,"file_name":"a","version_name":"1","created_at":"2026-01-05T09:00:00+00:00"}]', 0, 0, 1);
        INSERT INTO app_versions VALUES ('acme', 'v1', 2, '[{"platform":"android","package_id":"com.example","sha256":"1","size_bytes":1,"file_name":"a","version_name":"1","created_at":"2026-01-05T09:00:00+00:00"}]', 2, 2, 2);
        INSERT INTO app_versions VALUES ('other', 'v1', 2, '[]', 0, 0, 3);
        INSERT INTO estimates VALUES ('install' || char(10) || 'acme' || char(10) || 'v0', 20), ('install' || char(10) || 'acme' || char(10) || 'v1', 45);
        INSERT INTO estimates VALUES ('org' || char(10) || 'acme', 33);
        INSERT INTO devices SELECT 'd' || n, 'default', 'a1', 1, 0, NULL, 4, 1, 0, 0, 6 + n, 1, 'j' || (2 + n), 'r1', 1, '{0}', 'acme', 'v1', 'c' || n,
            639032544000000000, 639032544600000000, n - 1, '{"id":"d' || n || '","target":"Device","platform":"Android","os_version":"13","model":"Pixel 7","tags":[],"residents":[],"virtual":false}'
            FROM (SELECT 1 AS n UNION SELECT 2);
        INSERT INTO agents VALUES ('a1', 'b1', 'host', '0.1.0', 'default', 639032544000000000, 1, 0);
        UPDATE counters SET revision = 8;
        """;

    private readonly TempFolder folder = new();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose() => folder.Dispose();

    [Fact]
    public async Task A_file_of_version_2_counts_its_orgs_and_goes_on()
    {
        var group = Core.Groups.GroupKey.Of(Lab.Spec(), []).ToId();
        var file = folder.File("jobs.db");
        await WriteVersionTwoAsync(file, Data.Replace("{0}", group, StringComparison.Ordinal));
        await using var store = await SqliteHome.OpenFileAsync(file, Cancel);
        var lab = new Lab(store, Cancel) { Now = new DateTimeOffset(639032544100000000, TimeSpan.Zero) };

        await Ledger.CheckAsync(store, Cancel);
        // j4 is canceled, and its phone still at it.
        Assert.Equal((2, 2, 0.0, 1.0), (await lab.OrgAsync() is var acme ? acme.Queued : 0, acme.Active, acme.VirtualTime, acme.Weight));
        Assert.Equal((1, 0), (await lab.OrgAsync("other", "night") is var other ? other.Queued : 0, other.Active));
        Assert.Equal(2, (await store.OrgsAsync("default", Cancel)).Count + (await store.OrgsAsync("night", Cancel)).Count);

        // Installs were learned by app version; now the package knows what its newest one took.
        Assert.Equal(20, (await store.FindAppVersionAsync("acme", "v0", Cancel))!.InstallSeconds);
        Assert.Equal(45, (await store.FindAppVersionAsync("acme", "v1", Cancel))!.InstallSeconds);
        Assert.Equal(45, await store.EstimateAsync(Estimates.InstallKey("acme", "com.example"), Cancel));
        Assert.Equal(33, await store.EstimateAsync(Estimates.OrgKey("acme"), Cancel));

        // Leases from before end as any other, and are charged whole.
        Assert.Equal(JobStatus.Queued, (await lab.FinishAsync(new LeaseRef("d1", 1), AttemptOutcome.Infra)).Status);
        await lab.FinishAsync(new LeaseRef("d2", 1), AttemptOutcome.Canceled);
        Assert.Equal(20, (await lab.OrgAsync()).VirtualTime, 1e-9);
        Assert.Equal(["d1"], (await lab.JobAsync("j3")).Barred);
        await Ledger.CheckAsync(store, Cancel);

        // Jobs from before are in the group that new ones of their kind join.
        var job = await lab.SubmitAsync(Lab.Spec());
        Assert.Equal(3, (await lab.GroupOfAsync(job[0])).Queued);
        var decision = Assert.IsType<Decision.Claim>(Dispatch.Decide(await lab.PoolAsync(), await lab.DeviceAsync("d1"), lab.Now));
        Assert.Equal((group, true), (decision.GroupId, decision.NeedsInstall));
        await lab.FinishAsync(await lab.ClaimAsync("d1", "j1", installs: true), AttemptOutcome.Passed);
        await Ledger.CheckAsync(store, Cancel);
    }

    [Fact]
    public async Task A_specification_from_before_has_what_came_later_at_its_default()
    {
        var file = folder.File("jobs.db");
        await WriteVersionTwoAsync(file, Data.Replace("{0}", "g1", StringComparison.Ordinal));
        await using var store = await SqliteHome.OpenFileAsync(file, Cancel);
        Assert.Equal(State.Text(Lab.Spec(test: "a.spec.ts")), State.Text((await store.FindJobAsync("j1", Cancel))!.Spec));
    }

    [Fact]
    public async Task A_file_of_version_3_keeps_everything_and_goes_on()
    {
        var file = folder.File("jobs.db");
        await WriteAsync(file, 3, await ReadAsync("version3.sql"));
        await using var store = await SqliteHome.OpenFileAsync(file, Cancel);
        var lab = new Lab(store, Cancel) { Now = new DateTimeOffset(639032004200000000, TimeSpan.Zero) };
        await Ledger.CheckAsync(store, Cancel);

        // History.
        var done = (await store.FindRunAsync("r-000002", Cancel))!;
        Assert.Equal((true, 1, "key-1", "main"), (done.IsFinished, done.Count(JobVerdict.TestsFailed), done.IdempotencyKey, done.Meta["branch"]));
        Assert.Equal(["queued", "leased", "installing", "installed", "running", "finished", "run_finished"],
            (await store.EventsAsync("r-000002", null, 0, 100, Cancel)).Select(e => e.Kind));
        Assert.Equal("go", Assert.Single(await store.EventsAsync("r-000002", "j-000001", 4, 1, Cancel)).Message);
        Assert.Equal(TestStatus.Failed, (await store.TestResultsAsync("j-000001", 1, Cancel))[1].Status);
        var attempt = Assert.Single(await store.AttemptsAsync("j-000001", Cancel));
        Assert.Equal((AttemptOutcome.Failed, 12.5, 20, 1, "f-000004"), (attempt.Outcome, attempt.RunSeconds, attempt.InstallSeconds, attempt.Installs, attempt.FinishId));
        Assert.Equal(attempt, await store.FindAttemptAsync(new LeaseRef("d1", 1), Cancel));
        Assert.IsType<EnqueueAnswer.Repeated>(await lab.DoAsync(lab.NewRun([Lab.Spec()], "key-1", "body-1")));

        // The fleet and what it has learned.
        var phones = (await lab.PoolAsync()).Devices.OrderBy(d => d.Id, StringComparer.Ordinal).ToList();
        Assert.Equal(["j-000005", null, "j-000013", null], phones.Select(d => d.Lease?.JobId));
        Assert.Equal([new HeldUnit("account", "u1")], phones[0].Lease!.Units);
        Assert.Equal((true, "screen broken", "Pixel 8", 1), (phones[3].Paused, phones[3].PauseNote, phones[1].Offer.Model, phones[1].Health.Failures.Count));
        Assert.Equal([("a1", false), ("a2", true)], (await store.AgentsAsync(Cancel)).Select(a => (a.Id, a.Draining)));
        Assert.Equal((2.0, 3, 10, 3, 1), (await lab.OrgAsync() is var acme ? acme.Weight : 0, acme.MaxDevices, acme.MaxPriority, acme.Queued, acme.Active));
        Assert.Equal(new LeaseRef("d1", 2), (await lab.ResourceAsync("account")).Units[0].Holder);
        Assert.Equal(20, (await store.FindAppVersionAsync("acme", "v1", Cancel))!.InstallSeconds);
        Assert.Equal("sha-other-v2", (await store.FindAppVersionAsync("other", "v2", Cancel))!.Builds[0].Sha256);
        Assert.Equal(12.5, await store.EstimateAsync("test\nacme\nAny\ntests/done.spec.ts", Cancel));

        // Work goes on: what runs ends, what waits is leased, a phone that a canceled job still had comes free.
        Assert.Equal(["d2"], (await lab.JobAsync("j-000007")).Barred);
        Assert.Equal(JobStatus.Passed, (await lab.FinishAsync(new LeaseRef("d1", 2), AttemptOutcome.Passed)).Status);
        Assert.Null((await lab.ResourceAsync("account")).Units[0].Holder);
        await lab.FinishAsync(new LeaseRef("d3", 1), AttemptOutcome.Canceled);
        await lab.FinishAsync(await lab.ClaimAsync("d3", "j-000006", installs: true), AttemptOutcome.Failed);
        var run = (await store.FindRunAsync("r-000009", Cancel))!;
        Assert.Equal((true, "branch", 1, 2), (run.IsFinished, run.SupersedeKey, run.Count(JobVerdict.Passed), run.Count(JobVerdict.Canceled)));
        Assert.True((await store.EventsAsync("r-000009", null, 0, 100, Cancel))[^1].Sequence > 19);
        await Ledger.CheckAsync(store, Cancel);
    }

    private static Task WriteVersionTwoAsync(string file, string data) => WriteAsync(file, 2, data);

    private static async Task WriteAsync(string file, int version, string data)
    {
        using var session = new SqliteSession(file, SqliteOpenMode.ReadWriteCreate, 1000);
        foreach (var script in new[] { "0001_jobs.sql", "0002_news.sql", "0003_scheduling.sql" }.Take(version))
        {
            using var reader = new StreamReader(typeof(SqliteJournal).Assembly.GetManifestResourceStream(script)!);
            session.Script(await reader.ReadToEndAsync(Cancel));
        }
        session.Script("PRAGMA application_id = 0x71676a62;");
        session.Script(string.Create(CultureInfo.InvariantCulture, $"PRAGMA user_version = {version}"));
        session.Script(data);
    }

    private static async Task<string> ReadAsync(string fixture)
    {
        using var reader = new StreamReader(typeof(MigrationTests).Assembly.GetManifestResourceStream(fixture)!);
        return await reader.ReadToEndAsync(Cancel);
    }
}
