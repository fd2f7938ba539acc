using System.Text.Json.Serialization.Metadata;
using Qgjob.Core.Storage;
using Qgjob.Core.Storage.Journal;
using StackExchange.Redis;

namespace Qgjob.Stores.Redis;

/// <summary>Loading everything unfinished.</summary>
internal sealed partial class RedisJournal
{
    private const int RowsPerRead = 1000;
    private const int MostLoads = 10;

    /// <remarks>
    /// Read in parts, so that others do not wait; meanwhile they commit, so the parts are of several moments. The feed from
    /// the first moment on says which rows those commits changed and to what: with them all is of its last moment.
    /// </remarks>
    public async ValueTask<RowChanges> LoadAsync(CancellationToken cancel)
    {
        for (var i = 0; i < MostLoads; i++)
        {
            var head = await HeadAsync(cancel);
            var before = Volatile.Read(ref seen);
            if (head.Commit == 0)
            {
                // What an interrupted import left is nobody's yet.
                Look(before, head);
                return new RowChanges { Head = head };
            }
            var rows = await RowsAsync(head, cancel);
            Volatile.Write(ref seen, head);
            var whole = await BringUpAsync(rows, head.Commit, cancel);
            if (whole && rows.TryGetUnfinished() is { } all)
            {
                Look(before, all.Head);
                return all;
            }
        }
        throw new StoreUnavailableException($"{Name} changes faster than it can be read.", new TimeoutException());
    }

    private void Look(Head before, Head loaded)
    {
        if (loaded.Commit < before.Commit)
            Warn($"{Name} has lost what was written to it: it stood at commit {before.Commit} and now stands at {loaded.Commit}. Was it emptied, started without its append-only file, or has a replica taken over?");
        Volatile.Write(ref seen, loaded);
    }

    private async ValueTask<Head> HeadAsync(CancellationToken cancel)
    {
        var head = await redis.AskAsync(db => db.HashGetAsync(keys.Head, ["commit", "id", "revision", "event"]), cancel);
        return head[0].IsNull ? Head.Empty : new Head((long)head[0], (string?)head[1] ?? "", (long)head[2], (long)head[3]);
    }

    private async ValueTask<bool> BringUpAsync(LoadedRows rows, long commit, CancellationToken cancel)
    {
        while (await ReadSinceAsync(commit, cancel) is { } missed)
        {
            if (missed.Count == 0) return true;
            foreach (var changes in missed) rows.Take(changes);
            commit = missed[^1].Head.Commit;
        }
        return false;
    }

    private async ValueTask<LoadedRows> RowsAsync(Head head, CancellationToken cancel)
    {
        var rows = new LoadedRows();
        rows.Take(await SmallTablesAsync(head, cancel));
        var live = (await redis.AskAsync(db => db.SortedSetRangeByRankAsync(keys.LiveJobs), cancel)).Select(id => (string)id!)
            .Concat(rows.HeldJobs).Distinct().ToList();
        var runs = (await redis.AskAsync(db => db.SetMembersAsync(keys.LiveRuns), cancel)).Select(id => (string)id!).ToHashSet();
        foreach (var part in live.Chunk(RowsPerRead))
        {
            var jobs = await JobsAsync(part, cancel);
            var attempts = await AttemptsAsync(jobs, cancel);
            runs.UnionWith(jobs.Select(j => j.Job.RunId));
            rows.Take(new RowChanges { Head = head, Jobs = [.. jobs.Select(j => new JobRow(j.Job, j.Spec))], Attempts = attempts });
        }
        foreach (var part in runs.Chunk(RowsPerRead))
            rows.Take(new RowChanges { Head = head, Runs = await RowsAsync(keys.Runs, part, RowJson.Default.Run, cancel) });
        return rows;
    }

    /// <summary>Every kind of row that does not grow with history.</summary>
    private async ValueTask<RowChanges> SmallTablesAsync(Head head, CancellationToken cancel) => new()
    {
        Head = head,
        Groups = await AllAsync(keys.Groups, RowJson.Default.Group, cancel),
        AppVersions = await AllAsync(keys.AppVersions, RowJson.Default.AppVersion, cancel),
        Orgs = await AllAsync(keys.Orgs, RowJson.Default.OrgShare, cancel),
        Resources = await AllAsync(keys.Resources, RowJson.Default.Resource, cancel),
        Devices = await AllAsync(keys.Devices, RowJson.Default.Device, cancel),
        LeaseEnds = await AllAsync(keys.LeaseEnds, RowJson.Default.LeaseEnd, cancel),
        Agents = await AllAsync(keys.Agents, RowJson.Default.Agent, cancel),
        Estimates = await AllAsync(keys.Estimates, RowJson.Default.EstimateRow, cancel),
        Quarantines = await AllAsync(keys.Quarantines, RowJson.Default.Quarantine, cancel),
        Terms = await AllAsync(keys.Terms, RowJson.Default.Term, cancel),
        HookRows = await AllAsync(keys.HookRows, RowJson.Default.HookRow, cancel),
    };

    private async ValueTask<IReadOnlyList<T>> AllAsync<T>(string hash, JsonTypeInfo<T> type, CancellationToken cancel)
        where T : class
    {
        var values = await redis.AskAsync(db => db.HashGetAllAsync(hash), cancel);
        return Array.ConvertAll(values, v => Read(v.Value, type)!);
    }

    /// <summary>Rows of these fields, as far as there are any.</summary>
    private async ValueTask<IReadOnlyList<T>> RowsAsync<T>(string hash, IReadOnlyCollection<string> fields, JsonTypeInfo<T> type, CancellationToken cancel)
        where T : class
    {
        if (fields.Count == 0) return [];
        var values = await redis.AskAsync(db => db.HashGetAsync(hash, [.. fields.Select(f => (RedisValue)f)]), cancel);
        return [.. values.Select(v => Read(v, type)).OfType<T>()];
    }

    private async ValueTask<IReadOnlyList<JobAndSpec>> JobsAsync(IReadOnlyCollection<string> jobIds, CancellationToken cancel)
    {
        if (jobIds.Count == 0) return [];
        RedisValue[] fields = [.. jobIds.Select(id => (RedisValue)id)];
        var reading = redis.AskAsync(db => Task.WhenAll(db.HashGetAsync(keys.Jobs, fields), db.HashGetAsync(keys.Specs, fields)), cancel);
        var read = await reading;
        var found = new List<JobAndSpec>(fields.Length);
        for (var i = 0; i < fields.Length; i++)
            if (Read(read[0][i], RowJson.Default.Job) is { } job && Read(read[1][i], RowJson.Default.JobSpec) is { } spec)
                found.Add(new JobAndSpec(job, spec));
        return found;
    }

    /// <summary>All attempts of the jobs: they are numbered from 1.</summary>
    private ValueTask<IReadOnlyList<Core.Jobs.Attempt>> AttemptsAsync(IReadOnlyList<JobAndSpec> jobs, CancellationToken cancel) =>
        RowsAsync(
            keys.Attempts,
            [.. jobs.SelectMany(j => Enumerable.Range(1, j.Job.Attempt).Select(n => RedisKeys.Attempt(j.Job.Id, n)))],
            RowJson.Default.Attempt,
            cancel);
}
