using System.Globalization;
using Qgjob.Core.Storage;
using Qgjob.Core.Storage.Journal;

namespace Qgjob.Stores.Redis;

/// <summary>What a commit's rows mean for the keys of a store: the rows themselves and all that finds them.</summary>
internal sealed class RowWrites(RedisKeys keys)
{
    private const int MostEventsInEntry = 500;

    /// <summary>The writes; <paramref name="complete"/> when a row need not come with what it first came with: in an import.</summary>
    public Writes Of(RowChanges rows, RowTexts texts, bool complete)
    {
        var writes = new Writes();
        // A run comes first with its jobs; what finds it then never changes.
        var fresh = rows.Jobs.Where(j => j.Spec is not null).Select(j => j.Job.RunId).ToHashSet();
        foreach (var run in rows.Runs)
        {
            writes.Set(keys.Runs, run.Id, texts[run]);
            if (complete || run.Total == 0 || fresh.Contains(run.Id))
            {
                writes.List(keys.RunList(null), run.Id);
                writes.List(keys.RunList(run.OrgId), run.Id);
                if (run.IdempotencyKey is { } key) writes.Set(keys.RunKeys, RedisKeys.Pair(run.OrgId, key), run.Id);
            }
            if (run.FinishedAt is { } end)
            {
                writes.Exclude(keys.LiveRuns, run.Id);
                writes.List(keys.FinishedRuns(null), RedisKeys.Finished(end, run.Id));
                writes.List(keys.FinishedRuns(run.OrgId), RedisKeys.Finished(end, run.Id));
            }
            else
            {
                writes.Include(keys.LiveRuns, run.Id);
            }
        }
        foreach (var (job, spec) in rows.Jobs)
        {
            writes.Set(keys.Jobs, job.Id, texts[job]);
            if (spec is not null)
            {
                writes.Set(keys.Specs, job.Id, texts[spec]);
                writes.List(keys.JobList(null), job.Id);
                writes.List(keys.JobList(job.OrgId), job.Id);
                writes.ListAt(keys.JobsOf(job.RunId), job.Ordinal, job.Id);
            }
            if (job.IsFinal) writes.Unlist(keys.LiveJobs, job.Id);
            else writes.List(keys.LiveJobs, job.Id);
        }
        foreach (var attempt in rows.Attempts)
        {
            var field = RedisKeys.Attempt(attempt.JobId, attempt.Number);
            writes.Set(keys.Attempts, field, texts[attempt]);
            writes.Set(keys.Leases, RedisKeys.Lease(new LeaseRef(attempt.DeviceId, attempt.Token)), field);
        }
        foreach (var tests in rows.Tests)
        {
            var field = RedisKeys.Attempt(tests.JobId, tests.Attempt);
            writes.Set(keys.Tests, field, texts[tests]);
            if (tests.Origin is not { } origin) continue;
            writes.List(keys.TestPaths(origin.OrgId), origin.TestPath);
            writes.List(keys.PastTests(origin.OrgId, origin.TestPath), RedisKeys.Past(origin.EndedAt, field));
        }
        Events(rows, texts, writes);
        Rest(rows, texts, writes);
        return writes;
    }

    private void Events(RowChanges rows, RowTexts texts, Writes writes)
    {
        foreach (var ofRun in rows.Events.GroupBy(e => e.RunId))
            foreach (var part in ofRun.Chunk(MostEventsInEntry))
                writes.Append(
                    keys.EventsOf(ofRun.Key),
                    string.Create(CultureInfo.InvariantCulture, $"{part[^1].Sequence}-0"),
                    part.Select(e => texts[e]));
    }

    private void Rest(RowChanges rows, RowTexts texts, Writes writes)
    {
        foreach (var group in rows.Groups) writes.Set(keys.Groups, group.Id, texts[group]);
        foreach (var version in rows.AppVersions) writes.Set(keys.AppVersions, RedisKeys.Pair(version.OrgId, version.Id), texts[version]);
        foreach (var org in rows.Orgs) writes.Set(keys.Orgs, RedisKeys.Pair(org.Pool, org.OrgId), texts[org]);
        foreach (var resource in rows.Resources) writes.Set(keys.Resources, RedisKeys.Pair(resource.OrgId, resource.Name), texts[resource]);
        foreach (var device in rows.Devices)
        {
            writes.Set(keys.Devices, device.Id, texts[device]);
            writes.Delete(keys.LeaseEnds, device.Id);
            if (device.Lease is { } lease) writes.Set(keys.Held, device.Id, lease.RunId);
            else writes.Delete(keys.Held, device.Id);
        }
        foreach (var end in rows.LeaseEnds) writes.Set(keys.LeaseEnds, end.DeviceId, texts[end]);
        foreach (var agent in rows.Agents) writes.Set(keys.Agents, agent.Id, texts[agent]);
        foreach (var estimate in rows.Estimates) writes.Set(keys.Estimates, estimate.Key, texts[estimate]);
        foreach (var quarantine in rows.Quarantines) writes.Set(keys.Quarantines, quarantine.OrgId, texts[quarantine]);
        foreach (var term in rows.Terms) writes.Set(keys.Terms, term.Name, texts[term]);
        foreach (var row in rows.HookRows) writes.Set(keys.HookRows, row.Key, texts[row]);
        foreach (var gone in rows.Gone)
            switch (gone.Kind)
            {
                case RowKind.Group: writes.Delete(keys.Groups, gone.Key); break;
                case RowKind.AppVersion: writes.Delete(keys.AppVersions, RedisKeys.Pair(gone.OrgId!, gone.Key)); break;
                case RowKind.Agent: writes.Delete(keys.Agents, gone.Key); break;
                case RowKind.Estimate: writes.Delete(keys.Estimates, gone.Key); break;
                case RowKind.HookRow: writes.Delete(keys.HookRows, gone.Key); break;
                case RowKind.Device:
                    writes.Delete(keys.Devices, gone.Key);
                    writes.Delete(keys.LeaseEnds, gone.Key);
                    writes.Delete(keys.Held, gone.Key);
                    break;
            }
    }
}
