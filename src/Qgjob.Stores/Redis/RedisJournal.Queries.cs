using Qgjob.Core.Events;
using Qgjob.Core.Jobs;
using Qgjob.Core.Results;
using Qgjob.Core.Runs;
using Qgjob.Core.Storage;
using Qgjob.Core.Storage.Journal;
using StackExchange.Redis;

namespace Qgjob.Stores.Redis;

/// <summary>Questions about runs and jobs, finished ones too.</summary>
internal sealed partial class RedisJournal
{
    private const int FirstLook = 200;

    public async ValueTask<Run?> FindRunAsync(string runId, CancellationToken cancel) =>
        Read(await redis.AskAsync(db => db.HashGetAsync(keys.Runs, runId), cancel), RowJson.Default.Run);

    public async ValueTask<IReadOnlyList<Run>> FindRunsByKeyAsync(IReadOnlyList<RunKey> runKeys, CancellationToken cancel)
    {
        var found = await FieldsAsync(keys.RunKeys, runKeys.Select(k => RedisKeys.Pair(k.OrgId, k.Key)), cancel);
        return await RowsAsync(keys.Runs, found, RowJson.Default.Run, cancel);
    }

    public async ValueTask<IReadOnlyList<AttemptAndJob>> FindAttemptsAsync(IReadOnlyList<LeaseRef> leases, CancellationToken cancel)
    {
        var fields = await FieldsAsync(keys.Leases, leases.Select(RedisKeys.Lease), cancel);
        var attempts = await RowsAsync(keys.Attempts, fields, RowJson.Default.Attempt, cancel);
        var jobs = (await JobsAsync([.. attempts.Select(a => a.JobId).Distinct()], cancel)).ToDictionary(j => j.Job.Id);
        return [.. attempts.Where(a => jobs.ContainsKey(a.JobId)).Select(a => new AttemptAndJob(a, jobs[a.JobId]))];
    }

    public async ValueTask<Page<Run>> ListRunsAsync(string? orgId, PageRequest page, CancellationToken cancel)
    {
        var ids = await BackwardsAsync(keys.RunList(orgId), page.Cursor, page.Limit + 1, cancel);
        return Cursor.PageOf([.. await RowsAsync(keys.Runs, ids, RowJson.Default.Run, cancel)], r => r.Id, page.Limit);
    }

    public async ValueTask<JobAndSpec?> FindJobAsync(string jobId, CancellationToken cancel) =>
        await JobsAsync([jobId], cancel) is [var job] ? job : null;

    public async ValueTask<Page<JobAndSpec>> ListJobsAsync(JobFilter filter, PageRequest page, CancellationToken cancel)
    {
        var matching = new List<JobAndSpec>();
        // Of a rare kind many are looked at: in ever larger steps.
        var step = Math.Max(page.Limit + 1, FirstLook);
        var place = page.Cursor;
        while (matching.Count <= page.Limit)
        {
            var ids = filter.RunId is { } run
                ? await OfRunAsync(run, place is null ? -1 : Cursor.OrdinalOf(place), step, cancel)
                : await BackwardsAsync(ListFor(filter), place, step, cancel);
            var jobs = await JobsAsync(ids, cancel);
            matching.AddRange(jobs.Where(j =>
                (filter.OrgId is null || j.Job.OrgId == filter.OrgId)
                && (filter.Status is null || j.Job.Status == filter.Status)
                && (filter.AppVersionId is null || j.Spec.AppVersionId == filter.AppVersionId)));
            if (ids.Count < step) break;
            place = filter.RunId is null ? ids[^1] : jobs.Count > 0 ? Cursor.Of(jobs[^1].Job.Ordinal) : Cursor.Of(int.MaxValue);
            step = Math.Min(step * 2, RowsPerRead * 4);
        }
        return Cursor.PageOf(
            [.. matching.Take(page.Limit + 1)], j => filter.RunId is null ? j.Job.Id : Cursor.Of(j.Job.Ordinal), page.Limit);
    }

    public async ValueTask<IReadOnlyList<Attempt>> AttemptsAsync(string jobId, CancellationToken cancel) =>
        await AttemptsAsync(await JobsAsync([jobId], cancel), cancel);

    public async ValueTask<IReadOnlyList<TestResult>> TestResultsAsync(string jobId, int attempt, CancellationToken cancel) =>
        Read(await redis.AskAsync(db => db.HashGetAsync(keys.Tests, RedisKeys.Attempt(jobId, attempt)), cancel), RowJson.Default.TestsRow)?.Tests ?? [];

    public async ValueTask<IReadOnlyList<TestsRow>> PastTestsAsync(string orgId, string testPath, int max, CancellationToken cancel) => await RowsAsync(
        keys.Tests, [.. (await BackwardsAsync(keys.PastTests(orgId, testPath), null, max, cancel)).Select(RedisKeys.RunOf)], RowJson.Default.TestsRow, cancel);

    public async ValueTask<IReadOnlyList<string>> TestPathsAsync(string orgId, string? after, int max, CancellationToken cancel) =>
        Array.ConvertAll(
            await redis.AskAsync(db => db.SortedSetRangeByValueAsync(keys.TestPaths(orgId), after ?? default(RedisValue), default, Exclude.Start, take: max), cancel),
            path => (string)path!);

    public async ValueTask<IReadOnlyList<JobEvent>> EventsAsync(string runId, string? jobId, long after, int max, CancellationToken cancel)
    {
        var found = new List<JobEvent>();
        var step = Math.Clamp(max, 1, RowsPerRead);
        var from = after;
        while (found.Count < max)
        {
            // An entry has the number of its last event: it may begin with events before the place.
            var entries = await redis.AskAsync(db => db.StreamRangeAsync(keys.EventsOf(runId), $"{Text(from + 1)}-0", "+", step), cancel);
            foreach (var entry in entries)
                foreach (var value in entry.Values)
                    if (Read(value.Value, RowJson.Default.JobEvent) is { } happened && happened.Sequence > after && (jobId is null || happened.JobId == jobId))
                        found.Add(happened);
            if (entries.Length < step) break;
            from = long.Parse(((string)entries[^1].Id!).Split('-')[0], System.Globalization.CultureInfo.InvariantCulture);
        }
        return found.Count > max ? found[..max] : found;
    }

    public async ValueTask<IReadOnlyList<Run>> FinishedRunsAsync(string? orgId, DateTimeOffset finishedBefore, int max, CancellationToken cancel)
    {
        var places = await redis.AskAsync(
            db => db.SortedSetRangeByValueAsync(keys.FinishedRuns(orgId), default, RedisKeys.Finished(finishedBefore, ""), Exclude.Stop, take: max), cancel);
        return await RowsAsync(keys.Runs, [.. places.Select(p => RedisKeys.RunOf(p!))], RowJson.Default.Run, cancel);
    }

    // What is not final yet is little beside history.
    private string ListFor(JobFilter filter) =>
        filter.Status is { } status && status < JobStatus.Passed ? keys.LiveJobs : keys.JobList(filter.OrgId);

    /// <summary>Ids before a place, the latest first.</summary>
    private async ValueTask<IReadOnlyList<string>> BackwardsAsync(string list, string? before, int count, CancellationToken cancel) =>
        Array.ConvertAll(
            await redis.AskAsync(db => db.SortedSetRangeByValueAsync(list, default, before ?? default(RedisValue), Exclude.Stop, Order.Descending, take: count), cancel),
            id => (string)id!);

    private async ValueTask<IReadOnlyList<string>> OfRunAsync(string run, int after, int count, CancellationToken cancel) =>
        Array.ConvertAll(
            await redis.AskAsync(db => db.SortedSetRangeByScoreAsync(keys.JobsOf(run), after, exclude: Exclude.Start, take: count), cancel),
            id => (string)id!);

    private async ValueTask<IReadOnlyCollection<string>> FieldsAsync(string hash, IEnumerable<string> fields, CancellationToken cancel) =>
        (await redis.AskAsync(db => db.HashGetAsync(hash, [.. fields.Select(f => (RedisValue)f)]), cancel)).Where(v => !v.IsNull).Select(v => (string)v!).Distinct().ToList();
}
