using System.Runtime.CompilerServices;
using System.Text.Json;
using Qgjob.Core.Jobs;
using Qgjob.Core.Results;
using Qgjob.Core.Storage;
using Qgjob.Core.Storage.Journal;
using Qgjob.Stores.Tests.Postgres;
using Qgjob.Stores.Tests.Redis;
using Qgjob.Stores.Tests.Servers;
using Qgjob.Stores.Tests.Traces;

namespace Qgjob.Stores.Tests.Journal;

/// <summary>A team starts on SQLite, outgrows it and moves on: nothing is lost, and work goes on where it was.</summary>
public abstract class MoveContract : IAsyncLifetime
{
    private readonly SqliteHome from = new();
    private readonly StoreHome to;

    private protected MoveContract(StoreHome to) => this.to = to;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        await from.DisposeAsync();
        await to.DisposeAsync();
    }

    /// <summary>As a backup holds the rows.</summary>
    private static async IAsyncEnumerable<RowChanges> AsTextAsync(IAsyncEnumerable<RowChanges> parts, [EnumeratorCancellation] CancellationToken cancel)
    {
        await foreach (var part in parts.WithCancellation(cancel))
            yield return JsonSerializer.Deserialize(JsonSerializer.Serialize(part, RowJson.Default.RowChanges), RowJson.Default.RowChanges)!;
    }

    private async Task MoveAsync(IJobStore source)
    {
        await using var target = await to.OpenAsync(Cancel);
        await ((JournaledStore)target).Journal.ImportAsync(AsTextAsync(((JournaledStore)source).Journal.ExportAsync(Cancel), Cancel), Cancel);
    }

    [Fact]
    public async Task Everything_that_a_long_trace_left_is_there_after_the_move()
    {
        await using var source = await from.OpenAsync(Cancel);
        var trace = new Trace(source, Cancel);
        var random = new Random(11);
        for (var i = 0; i < 400; i++)
        {
            var command = await trace.NextAsync(new Step(random.Next(25), random.Next(64), random.Next(64), random.Next(64)));
            trace.Note(command, (await source.CommitAsync([command], Cancel))[0]);
        }
        await MoveAsync(source);
        await using var moved = await to.OpenAsync(Cancel);
        Assert.Equal(await State.OfAsync(source, Cancel), await State.OfAsync(moved, Cancel));
        await Ledger.CheckAsync(moved, Cancel);
        await Assert.ThrowsAsync<StoreNotEmptyException>(() => MoveAsync(source));
    }

    [Fact]
    public async Task Queued_jobs_go_on_and_running_leases_survive_the_move()
    {
        LeaseRef lease;
        string[] jobs;
        DateTimeOffset now;
        await using (var source = await from.OpenAsync(Cancel))
        {
            var lab = new Lab(source, Cancel);
            await lab.RegisterAsync("a1", "b1", Lab.Phone("d1"), Lab.Phone("d2"));
            jobs = await lab.SubmitAsync(r => r with { IdempotencyKey = "key", BodyHash = "body" }, Lab.Spec(), Lab.Spec(), Lab.Spec());
            await lab.FinishAsync(await lab.ClaimAsync("d2", jobs[0]), AttemptOutcome.Passed, Lab.Test("x", TestStatus.Passed));
            lease = await lab.ClaimAsync("d1", jobs[0]);
            await MoveAsync(source);
            now = lab.Now;
        }
        await using var moved = await to.OpenAsync(Cancel);
        var after = new Lab(moved, Cancel) { Now = now.AddSeconds(10) };
        Assert.Equal(LeaseState.Ok, await after.RenewAsync("a1", lease));
        await after.FinishAsync(lease, AttemptOutcome.Passed);
        var next = await after.ClaimAsync("d1", jobs[0]);
        Assert.True(next.Token > lease.Token);
        await after.FinishAsync(next, AttemptOutcome.Passed);
        var run = await after.RunOfAsync(jobs[0]);
        Assert.Equal((3, true), (run.Count(JobVerdict.Passed), run.IsFinished));
        Assert.Equal("key", run.IdempotencyKey);
        Assert.Equal(run.Id, Assert.IsType<EnqueueAnswer.Repeated>(await after.DoAsync(after.NewRun([Lab.Spec()], "key", "body"))).Run.Id);
        var events = await moved.EventsAsync(run.Id, null, 0, 1000, Cancel);
        Assert.Equal(events.Count, events.Select(e => e.Sequence).Distinct().Count());
        Assert.Equal(1, events.Count(e => e.Kind == "run_finished"));
    }
}

public sealed class MoveToSqliteTests() : MoveContract(new SqliteHome());

public sealed class MoveToModelTests() : MoveContract(new ModelHome());

public sealed class MoveToPostgresTests() : MoveContract(new PostgresHome());

public sealed class MoveToRedisTests(RedisServer server) : MoveContract(new RedisHome(server));
