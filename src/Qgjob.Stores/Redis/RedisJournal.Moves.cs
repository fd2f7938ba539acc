using System.Runtime.CompilerServices;
using Qgjob.Core.Runs;
using Qgjob.Core.Storage;
using Qgjob.Core.Storage.Journal;
using StackExchange.Redis;

namespace Qgjob.Stores.Redis;

/// <summary>Removing old runs; moving everything out and in.</summary>
internal sealed partial class RedisJournal
{
    private const int JobsPerPart = 500;

    /// <remarks>In parts; one that is interrupted leaves a shorter run, which still is listed as finished and is purged next time.</remarks>
    public async ValueTask PurgeRunsAsync(IReadOnlyList<string> runIds, CancellationToken cancel)
    {
        foreach (var id in runIds)
        {
            if (await FindRunAsync(id, cancel) is not { IsFinished: true } run) continue;
            while (true)
            {
                var jobs = await JobsAsync(await OfRunAsync(id, -1, JobsPerPart, cancel), cancel);
                var writes = new Writes();
                foreach (var job in jobs) Remove(job, await AttemptsAsync([job], cancel), writes);
                if (jobs.Count < JobsPerPart) Remove(run, writes);
                List<object> arguments = [id];
                writes.AppendTo(arguments);
                var done = (string?)await redis.FunctionAsync(FunctionLibrary.Purge, [keys.Head, keys.Runs, keys.LiveRuns, keys.Held], arguments, cancel);
                await UnlistPathsAsync(jobs, cancel);
                if (done != "written" || jobs.Count < JobsPerPart) break;
            }
        }
    }

    private void Remove(JobAndSpec job, IReadOnlyList<Core.Jobs.Attempt> attempts, Writes writes)
    {
        writes.Delete(keys.Jobs, job.Job.Id);
        writes.Delete(keys.Specs, job.Job.Id);
        writes.Unlist(keys.JobList(null), job.Job.Id);
        writes.Unlist(keys.JobList(job.Job.OrgId), job.Job.Id);
        writes.Unlist(keys.JobsOf(job.Job.RunId), job.Job.Id);
        foreach (var attempt in attempts)
        {
            var field = RedisKeys.Attempt(attempt.JobId, attempt.Number);
            writes.Delete(keys.Attempts, field);
            writes.Delete(keys.Tests, field);
            if (attempt.EndedAt is { } end) writes.Unlist(keys.PastTests(job.Job.OrgId, job.Spec.TestPath), RedisKeys.Past(end, field));
            writes.Delete(keys.Leases, RedisKeys.Lease(new LeaseRef(attempt.DeviceId, attempt.Token)));
        }
    }

    /// <remarks>A result that comes between look and removal hides its file until the next one: the list is for people.</remarks>
    private async ValueTask UnlistPathsAsync(IReadOnlyList<JobAndSpec> purged, CancellationToken cancel)
    {
        foreach (var (org, path) in purged.Select(j => (j.Job.OrgId, j.Spec.TestPath)).Distinct())
            if (await redis.AskAsync(db => db.SortedSetLengthAsync(keys.PastTests(org, path)), cancel) == 0)
                await redis.AskAsync(db => db.SortedSetRemoveAsync(keys.TestPaths(org), path), cancel);
    }

    private void Remove(Run run, Writes writes)
    {
        writes.Unlink(keys.EventsOf(run.Id));
        writes.Delete(keys.Runs, run.Id);
        writes.Unlist(keys.RunList(null), run.Id);
        writes.Unlist(keys.RunList(run.OrgId), run.Id);
        writes.Unlist(keys.FinishedRuns(null), RedisKeys.Finished(run.FinishedAt!.Value, run.Id));
        writes.Unlist(keys.FinishedRuns(run.OrgId), RedisKeys.Finished(run.FinishedAt.Value, run.Id));
        if (run.IdempotencyKey is { } key) writes.Delete(keys.RunKeys, RedisKeys.Pair(run.OrgId, key));
    }

    /// <remarks>Redis keeps no moment for a reader: a write meanwhile ends the export. Stop the servers first.</remarks>
    public async IAsyncEnumerable<RowChanges> ExportAsync([EnumeratorCancellation] CancellationToken cancel)
    {
        var head = await HeadAsync(cancel);
        var moment = await MomentAsync(cancel);
        if (head.Commit == 0)
        {
            yield return new RowChanges { Head = head };
            yield break;
        }
        var tables = new LoadedRows();
        tables.Take(await SmallTablesAsync(head, cancel));
        await SameMomentAsync(moment, cancel);
        yield return tables.Tables();
        string? before = null;
        while (await BackwardsAsync(keys.RunList(null), before, JobsPerPart, cancel) is { Count: > 0 } ids)
        {
            before = ids[^1];
            var runs = await RowsAsync(keys.Runs, ids, RowJson.Default.Run, cancel);
            await SameMomentAsync(moment, cancel);
            yield return new RowChanges { Head = head, Runs = runs };
            foreach (var run in runs)
                await foreach (var part in ExportAsync(head, run, cancel))
                {
                    await SameMomentAsync(moment, cancel);
                    yield return part;
                }
        }
    }

    private async IAsyncEnumerable<RowChanges> ExportAsync(Head head, Run run, [EnumeratorCancellation] CancellationToken cancel)
    {
        var after = -1;
        while (await JobsAsync(await OfRunAsync(run.Id, after, JobsPerPart, cancel), cancel) is { Count: > 0 } jobs)
        {
            after = jobs[^1].Job.Ordinal;
            var attempts = await AttemptsAsync(jobs, cancel);
            yield return new RowChanges
            {
                Head = head,
                Jobs = [.. jobs.Select(j => new JobRow(j.Job, j.Spec))],
                Attempts = attempts,
                Tests = await RowsAsync(keys.Tests, [.. attempts.Select(a => RedisKeys.Attempt(a.JobId, a.Number))], RowJson.Default.TestsRow, cancel),
            };
        }
        long sequence = 0;
        while (await EventsAsync(run.Id, null, sequence, RowsPerRead, cancel) is { Count: > 0 } events)
        {
            sequence = events[^1].Sequence;
            yield return new RowChanges { Head = head, Events = events };
        }
    }

    /// <summary>Changes with every write.</summary>
    private async ValueTask<string> MomentAsync(CancellationToken cancel) =>
        string.Join(' ', await redis.AskAsync(db => db.HashGetAsync(keys.Head, ["commit", "id", "purges"]), cancel));

    private async ValueTask SameMomentAsync(string moment, CancellationToken cancel)
    {
        if (await MomentAsync(cancel) != moment)
            throw new InvalidOperationException($"{Name} was written to while it was exported, so the copy would be of no one moment: stop all servers on it and export again.");
    }

    public async ValueTask ImportAsync(IAsyncEnumerable<RowChanges> parts, CancellationToken cancel)
    {
        var token = await BeginImportAsync(cancel);
        await ClearAsync(cancel);
        var head = Head.Empty;
        await foreach (var part in parts.WithCancellation(cancel))
        {
            head = part.Head;
            // Small enough for a server that others use too.
            foreach (var piece in Pieces(part))
            {
                List<object> arguments = [token];
                rowWrites.Of(piece, new RowTexts(piece), complete: true).AppendTo(arguments);
                await ImportCallAsync(FunctionLibrary.ImportPart, arguments, cancel);
            }
        }
        await ImportCallAsync(FunctionLibrary.ImportEnd, [token, Text(head.Commit), head.CommitId, Text(head.Revision), Text(head.Event)], cancel);
    }

    /// <summary>An import that never ended left rows in a store that counts as empty.</summary>
    private async ValueTask RemoveLeftoversAsync(CancellationToken cancel)
    {
        try
        {
            var token = await BeginImportAsync(cancel);
            await ClearAsync(cancel);
            await ImportCallAsync(FunctionLibrary.ImportEnd, [token, "0", "", "0", "0"], cancel);
        }
        catch (StoreNotEmptyException)
        {
            // Somebody else did it and has written already; the commit will show that.
        }
    }

    private async ValueTask<string> BeginImportAsync(CancellationToken cancel)
    {
        var token = ids.NewId("i");
        await ImportCallAsync(FunctionLibrary.ImportBegin, [token], cancel);
        return token;
    }

    private async ValueTask ImportCallAsync(string function, List<object> arguments, CancellationToken cancel)
    {
        switch ((string?)await redis.FunctionAsync(function, [keys.Head, keys.Importing], arguments, cancel))
        {
            case "not_empty": throw new StoreNotEmptyException($"{Name} is not empty: only an empty store can be imported into.");
            case "taken": throw new StoreNotEmptyException($"{Name} is being filled by another import.");
        }
    }

    /// <summary>Removes all keys of the store but its head and the mark of the import.</summary>
    private async ValueTask ClearAsync(CancellationToken cancel)
    {
        var pattern = keys.Prefix.Replace("[", "\\[", StringComparison.Ordinal) + "*";
        foreach (var server in redis.Masters)
        {
            var cursor = "0";
            do
            {
                var page = (RedisResult[])(await redis.AskAsync(_ => server.ExecuteAsync(redis.Number, "SCAN", [cursor, "MATCH", pattern, "COUNT", RowsPerRead]), cancel))!;
                cursor = (string)page[0]!;
                RedisKey[] found = [.. ((string[])page[1]!).Where(k => k != keys.Head && k != keys.Importing).Select(k => (RedisKey)k)];
                if (found.Length > 0) await redis.AskAsync(db => db.KeyDeleteAsync(found), cancel);
            }
            while (cursor != "0");
        }
    }

    private static IEnumerable<RowChanges> Pieces(RowChanges rows)
    {
        var rest = rows with { Runs = [], Jobs = [], Attempts = [], Tests = [], Events = [] };
        if (!rest.IsEmpty) yield return rest;
        var none = new RowChanges { Head = rows.Head };
        foreach (var part in rows.Runs.Chunk(RowsPerRead)) yield return none with { Runs = part };
        foreach (var part in rows.Jobs.Chunk(RowsPerRead)) yield return none with { Jobs = part };
        foreach (var part in rows.Attempts.Chunk(RowsPerRead)) yield return none with { Attempts = part };
        foreach (var part in rows.Tests.Chunk(RowsPerRead)) yield return none with { Tests = part };
        foreach (var part in rows.Events.Chunk(RowsPerRead)) yield return none with { Events = part };
    }
}
