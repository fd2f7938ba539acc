using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Time.Testing;
using Qgjob.Core.Storage;
using Qgjob.Core.Storage.Journal;
using Qgjob.Core.Storage.Memory;
using Qgjob.Stores.Sqlite;

namespace Qgjob.Stores.Tests.Sqlite;

public sealed class SqliteFileTests : IDisposable
{
    private readonly TempFolder folder = new();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private string Database => folder.File("jobs.db");

    public void Dispose() => folder.Dispose();

    [Fact]
    public async Task What_was_committed_is_there_after_opening_again()
    {
        var run = await CommitOneRunAsync();
        await using var again = await SqliteHome.OpenFileAsync(Database, Cancel);
        Assert.NotNull(await again.FindRunAsync(run, Cancel));
        await Ledger.CheckAsync(again, Cancel);
    }

    [Fact]
    public async Task Missing_folders_are_made()
    {
        await using var store = await SqliteHome.OpenFileAsync(folder.File("a/b/jobs.db"), Cancel);
        Assert.Empty(await store.AgentsAsync(Cancel));
    }

    [Fact]
    public async Task Every_commit_reaches_the_disk_and_readers_do_not_wait()
    {
        await using var store = await SqliteHome.OpenFileAsync(Database, Cancel);
        using var session = await SqliteFile.OpenAsync(Database, Cancel);
        Assert.Equal("wal", session.Sql("PRAGMA journal_mode").One(r => r.Text(0)));
        Assert.Equal(2, session.Sql("PRAGMA synchronous").One(r => r.Long(0)));
        // With the write lock held elsewhere, queries answer.
        session.Script("BEGIN IMMEDIATE");
        Assert.Empty((await store.ListRunsAsync(null, new PageRequest(5), Cancel)).Items);
        session.Script("ROLLBACK");
    }

    [Fact]
    public async Task A_file_of_a_newer_version_is_refused_and_left_alone()
    {
        await CommitOneRunAsync();
        Run("PRAGMA user_version = 99");
        var error = await Assert.ThrowsAsync<StoreOpenException>(OpenAsync);
        Assert.Contains("newer qgjob", error.Message, StringComparison.Ordinal);
        Assert.Contains("99", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_file_of_the_first_version_is_brought_up_to_this_one_and_keeps_what_it_has()
    {
        using (var script = new StreamReader(typeof(SqliteJournal).Assembly.GetManifestResourceStream("0001_jobs.sql")!))
            Run(await script.ReadToEndAsync(Cancel));
        Run("""
            PRAGMA user_version = 1;
            PRAGMA application_id = 0x71676a62;
            INSERT INTO runs VALUES ('r1', 'acme', 'default', 1, NULL, NULL, NULL, 1, 1, 0, '[0,0,0,0,0,0,0,0,0,0]', 0, 0, 0, 0, 0, 0, '{}');
            INSERT INTO jobs VALUES ('j1', 'r1', 'acme', 'v1', 0, 1, 'g1', 0, 0, 0, 1, 1, 9, NULL, NULL, 0, 0, 0, NULL, NULL, NULL, 0, NULL, 0, 0, 0);
            INSERT INTO job_specs VALUES ('j1', '{"org_id":"acme","app_version_id":"v1","test_path":"a.spec.ts"}');
            """);
        await using var store = await SqliteHome.OpenFileAsync(Database, Cancel);
        Assert.Equal(("j1", 0), ((await store.FindJobAsync("j1", Cancel))!.Job.Id, (await store.FindJobAsync("j1", Cancel))!.Job.LastNews));
    }

    [Fact]
    public async Task Another_programs_database_is_refused_and_left_alone()
    {
        Run("CREATE TABLE songs (title TEXT)");
        var error = await Assert.ThrowsAsync<StoreOpenException>(OpenAsync);
        Assert.Contains("another program", error.Message, StringComparison.Ordinal);
        Run("INSERT INTO songs VALUES ('x')");
    }

    [Fact]
    public async Task A_file_that_is_no_database_is_refused()
    {
        await File.WriteAllTextAsync(Database, new string('x', 5000), Cancel);
        var error = await Assert.ThrowsAsync<StoreOpenException>(OpenAsync);
        Assert.Contains("not a SQLite database", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_folder_in_the_place_of_the_file_is_refused()
    {
        Directory.CreateDirectory(Database);
        var error = await Assert.ThrowsAsync<StoreOpenException>(OpenAsync);
        Assert.Contains("is a folder", error.Message, StringComparison.Ordinal);
        await File.WriteAllTextAsync(folder.File("file"), "x", Cancel);
        error = await Assert.ThrowsAsync<StoreOpenException>(async () => await SqliteHome.OpenFileAsync(folder.File("file/jobs.db"), Cancel));
        Assert.Contains("cannot be made", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_file_that_cannot_be_written_stops_the_batch_and_nothing_is_half_done()
    {
        await using var store = await SqliteHome.OpenFileAsync(Database, Cancel, new FakeTimeProvider { AutoAdvanceAmount = TimeSpan.FromSeconds(10) });
        var lab = new Lab(store, Cancel);
        Run("CREATE TRIGGER no_more BEFORE INSERT ON attempts BEGIN SELECT RAISE(ABORT, 'no more'); END");
        await lab.RegisterAsync("a1", "b1", Lab.Phone("d1"));
        var jobs = await lab.SubmitAsync(Lab.Spec());
        var before = await State.OfAsync(store, Cancel);
        var device = await lab.DeviceAsync("d1");
        var claim = new Claim("d1", device.Version, (await lab.JobAsync(jobs[0])).GroupId, null, "c1", Lab.Ttl, lab.Now);
        var error = await Assert.ThrowsAsync<StoreUnavailableException>(async () => await store.CommitAsync([lab.NewRun([Lab.Spec()]), claim], Cancel));
        Assert.Contains("could not be written", error.Message, StringComparison.Ordinal);
        Assert.Equal(before, await State.OfAsync(store, Cancel));

        Run("DROP TRIGGER no_more");
        Assert.IsType<ClaimAnswer.Claimed>(await lab.DoAsync(claim));
        await Ledger.CheckAsync(store, Cancel);
    }

    [Fact]
    public async Task Nothing_of_a_failed_batch_is_remembered()
    {
        await using var store = await SqliteHome.OpenFileAsync(Database, Cancel);
        var lab = new Lab(store, Cancel);
        await lab.RegisterAsync("a1", "b1", Lab.Phone("d1"));
        var first = lab.NewRun([Lab.Spec()]);
        await lab.DoAsync(first);
        var claim = new Claim("d1", (await lab.DeviceAsync("d1")).Version, (await lab.JobAsync(first.Jobs[0].Id)).GroupId, null, "c1", Lab.Ttl, lab.Now);
        // The job's id is taken: the second command fails after the first was applied.
        var clash = lab.NewRun([Lab.Spec()]) with { Jobs = first.Jobs };
        await Assert.ThrowsAsync<ArgumentException>(async () => await store.CommitAsync([claim, clash], Cancel));
        Assert.IsType<ClaimAnswer.Claimed>(await lab.DoAsync(claim));
        Assert.Equal(claim.ClaimId, (await lab.DeviceAsync("d1")).Lease?.ClaimId);
        await Ledger.CheckAsync(store, Cancel);
    }

    [Fact]
    public async Task Two_servers_on_one_file_see_each_others_writes_and_never_lease_twice()
    {
        await using var one = await SqliteHome.OpenFileAsync(Database, Cancel);
        await using var two = await SqliteHome.OpenFileAsync(Database, Cancel);
        var lab = new Lab(one, Cancel);
        const int Devices = 40;
        await lab.RegisterAsync("a1", "b1", [.. Enumerable.Range(0, Devices).Select(i => Lab.Phone($"d{i}"))]);
        var jobs = await lab.SubmitAsync([.. Enumerable.Repeat(Lab.Spec(), Devices)]);
        var group = (await lab.JobAsync(jobs[0])).GroupId;
        var view = await lab.PoolAsync();
        var claims = view.Devices.Select(d => (Claim: new Claim(d.Id, d.Version, group, null, "", Lab.Ttl, lab.Now), d.Id)).ToList();
        var answers = await Task.WhenAll(claims.SelectMany(c => new[] { one, two }.Select((store, n) =>
            Task.Run(() => new Lab(store, Cancel).DoAsync(c.Claim with { ClaimId = $"{c.Id}-{n}" }), Cancel))));

        var claimed = answers.OfType<ClaimAnswer.Claimed>().ToList();
        Assert.Equal(Devices, claimed.Count);
        Assert.Equal(Devices, claimed.Select(c => c.Job.Id).Distinct().Count());
        Assert.Equal(Devices, answers.OfType<ClaimAnswer.Conflict>().Count());
        await Ledger.CheckAsync(one, Cancel);
        Assert.Equal(await State.OfAsync(one, Cancel), await State.OfAsync(two, Cancel));

        // What one remembers is dropped when the other has written.
        var finish = new Finish(new LeaseRef(claimed[0].Device.Id, claimed[0].Device.Lease!.Token), "f1", new AttemptEnd(Core.Jobs.AttemptOutcome.Passed, null, 1, []), lab.Now);
        Assert.IsType<FinishAnswer.Accepted>(await new Lab(two, Cancel).DoAsync(finish));
        Assert.IsType<FinishAnswer.Accepted>(await lab.DoAsync(finish));
        Assert.IsType<FinishAnswer.Stale>(await lab.DoAsync(finish with { FinishId = "f2" }));
        await Ledger.CheckAsync(one, Cancel);
    }

    [Fact]
    public async Task Servers_that_start_at_once_on_a_new_file_all_open_it()
    {
        var stores = await Task.WhenAll(Enumerable.Range(0, 6).Select(_ => Task.Run(async () => await SqliteHome.OpenFileAsync(Database, Cancel), Cancel)));
        var submitted = await Task.WhenAll(stores.Select((s, i) => Task.Run(async () =>
        {
            var lab = new Lab(s, Cancel);
            return await lab.DoAsync(lab.NewRun([Lab.Spec()], "same", "body"));
        }, Cancel)));
        Assert.Single(submitted.OfType<EnqueueAnswer.Accepted>());
        foreach (var store in stores) await store.DisposeAsync();
    }

    [Fact]
    public async Task Statements_are_kept_by_their_constant_text()
    {
        // Were the texts made anew for every call, the table of statements would grow for ever.
        using var session = await SqliteFile.OpenAsync(Database, Cancel);
        var rows = new RowWriter(session);
        for (var i = 0; i < 3; i++) rows.Write(new Head(i, $"w{i}", i, i));
        Assert.Equal(1, session.KeptStatements(s => s.Contains("UPDATE head", StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData("mysql://host/db", "Unknown store")]
    [InlineData("sqlite:", "no path")]
    [InlineData("jobs.db", "Unknown store")]
    [InlineData("", "Unknown store")]
    public async Task A_store_that_there_is_not_is_named(string url, string says)
    {
        var error = await Assert.ThrowsAsync<StoreOpenException>(async () => await OpenAsync(url));
        Assert.Contains(says, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_setting_opens_the_store_that_it_names()
    {
        await using (var memory = await OpenAsync("memory")) Assert.IsType<MemoryStore>(memory);
        await using (var sqlite = await OpenAsync($"sqlite:{Database}")) Assert.IsType<JournaledStore>(sqlite);
        Assert.Equal(new StoreUrl.Sqlite("/var/jobs.db"), StoreUrl.Parse("sqlite:///var/jobs.db"));
        Assert.True(File.Exists(Database));
    }

    private static ValueTask<IJobStore> OpenAsync(string url) =>
        StoreFactory.OpenAsync(url, TimeProvider.System, new Qgjob.Core.TimeOrderedIds(TimeProvider.System), Cancel);

    private async Task OpenAsync() => await (await SqliteHome.OpenFileAsync(Database, Cancel)).DisposeAsync();

    private async Task<string> CommitOneRunAsync()
    {
        await using var store = await SqliteHome.OpenFileAsync(Database, Cancel);
        var lab = new Lab(store, Cancel);
        return (await lab.RunOfAsync((await lab.SubmitAsync(Lab.Spec()))[0])).Id;
    }

    private void Run(string sql)
    {
        using var session = new SqliteSession(Database, SqliteOpenMode.ReadWriteCreate, 1000);
        session.Script(sql);
    }
}
