using System.Diagnostics;
using System.Globalization;
using Qgjob.Client;
using Qgjob.Client.Http;
using Qgjob.Client.Wire;
using Qgjob.Core.Jobs;
using Qgjob.Faults.Tests.Agents;
using Qgjob.Faults.Tests.Processes;

namespace Qgjob.Faults.Tests.Load;

/// <summary>Submits runs, one after the other: each is repeated under its key until it is acknowledged, then followed to its end.</summary>
internal sealed class Submitter(Load load, QgjobClient client, Random random, int number)
{
    private static readonly TimeSpan FollowLimit = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);
    private int made;

    /// <summary>Until told to stop; what was submitted by then is seen to its end.</summary>
    public async Task WorkAsync(CancellationToken enough, CancellationToken cancel)
    {
        while (!enough.IsCancellationRequested && await SubmitAsync(cancel) is { } record)
        {
            using var over = CancellationTokenSource.CreateLinkedTokenSource(cancel);
            var following = random.Next(3) == 0 ? FollowAsync(record, over.Token) : Task.CompletedTask;
            if (random.Next(8) == 0) await CancelAsync(record, cancel);
            await UntilOverAsync(record, enough, cancel);
            if (record.Vanished || record.NeverEnded) await over.CancelAsync();
            // The last event may still be on its way.
            else over.CancelAfter(FollowLimit);
            await following;
        }
    }

    private async Task<RunRecord> SubmitAsync(CancellationToken cancel)
    {
        var key = string.Create(CultureInfo.InvariantCulture, $"{load.Name}-{number}-{++made}");
        var run = new SubmitRun
        {
            OrgId = "org-" + (number % 3),
            AppVersionId = "v" + random.Next(2),
            InfraAttempts = 10,
            MaxAttempts = 2,
            Tests = [.. Enumerable.Range(1, random.Next(2, 6)).Select(i => FakePhone.TestPath(
                random.Next(40) switch { 0 => AttemptOutcome.Infra, < 4 => AttemptOutcome.Failed, _ => AttemptOutcome.Passed },
                TimeSpan.FromMilliseconds(random.Next(150, 700)), i))],
        };
        if (run.Tests.Any(t => t.Contains("Infra", StringComparison.Ordinal))) run = run with { InfraAttempts = 3 };
        var accepted = await UntilAnsweredAsync(() => client.SubmitAsync(run, key, cancel), cancel);
        var record = new RunRecord(key, accepted.RunId, accepted.JobIds, TimeProvider.System.GetUtcNow());
        load.Add(record);
        if (random.Next(6) != 0) return record;
        var again = await UntilAnsweredAsync(() => client.SubmitAsync(run, key, cancel), cancel);
        if (again.RunId != record.RunId || !again.JobIds.SequenceEqual(record.JobIds))
        {
            if (!load.MayForget) load.Violations.Add($"the key {key} made run {record.RunId} and then {again.RunId}");
            record.Vanished = true;
            record = new RunRecord(key, again.RunId, again.JobIds, TimeProvider.System.GetUtcNow());
            load.Add(record);
        }
        return record;
    }

    private async Task CancelAsync(RunRecord record, CancellationToken cancel)
    {
        await Waits.For(TimeSpan.FromMilliseconds(random.Next(0, 1200)), cancel);
        try
        {
            await UntilAnsweredAsync(() => client.CancelRunAsync(record.RunId, cancel), cancel);
            record.CancelAcknowledged = true;
        }
        catch (ApiException e) when (e.Status is System.Net.HttpStatusCode.NotFound)
        {
            record.Vanished = true;
        }
    }

    /// <summary>Looks at the run until it is over. How long that may take after the faults have ended is the load's to say.</summary>
    private async Task UntilOverAsync(RunRecord record, CancellationToken enough, CancellationToken cancel)
    {
        long? since = null;
        while (!record.Vanished)
        {
            if (await UntilAnsweredAsync(async () => new Found<RunView>(await client.FindRunAsync(record.RunId, cancel)), cancel) is not { Value: { } run })
            {
                record.Vanished = true;
                return;
            }
            if (run.FinishedAt is not null) break;
            if (enough.IsCancellationRequested) since ??= Stopwatch.GetTimestamp();
            if (since is { } stopped && Stopwatch.GetElapsedTime(stopped) > load.EndLimit)
            {
                record.NeverEnded = true;
                return;
            }
            await Waits.For(Pause * 2, cancel);
        }
        var jobs = await UntilAnsweredAsync(() => client.ListJobsAsync(null, record.RunId, null, null, 100, null, cancel), cancel);
        foreach (var job in jobs.Items.Where(j => j.FinishedAt is not null)) record.Final[job.JobId] = job.Status;
    }

    private async Task FollowAsync(RunRecord record, CancellationToken cancel)
    {
        record.Followed = [];
        var after = 0L;
        while (!cancel.IsCancellationRequested)
            try
            {
                await foreach (var happened in client.FollowRunAsync(record.RunId, after, cancel))
                {
                    if (happened.Sequence <= after) load.Violations.Add($"run {record.RunId}: event {happened.Sequence} came after {after}");
                    record.Followed.Add(happened);
                    after = happened.Sequence;
                    if (happened.Kind == "run_finished") return;
                }
                await Waits.For(Pause, cancel);
            }
            catch (ApiException e) when (e.Status is System.Net.HttpStatusCode.NotFound)
            {
                record.Vanished = true;
                return;
            }
            catch (Exception e) when (e is ApiException or ServerUnreachableException or IOException or HttpRequestException)
            {
                try
                {
                    await Waits.For(Pause, cancel);
                }
                catch (OperationCanceledException)
                {
                    return;
                }
            }
            catch (OperationCanceledException)
            {
                return;
            }
    }

    /// <summary>Repeats a call that may be repeated until a server answers it.</summary>
    private async Task<T> UntilAnsweredAsync<T>(Func<Task<T>> call, CancellationToken cancel)
    {
        while (true)
            try
            {
                return await call();
            }
            catch (Exception e) when (e is ServerUnreachableException or ApiException { IsFinal: false })
            {
                load.NoteRefusal(e);
                await Waits.For(Pause, cancel);
            }
    }

    private sealed record Found<T>(T? Value) where T : class;
}
