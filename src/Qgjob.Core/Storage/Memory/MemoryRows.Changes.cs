using Qgjob.Core.Notifications;
using Qgjob.Core.Storage.Journal;

namespace Qgjob.Core.Storage.Memory;

/// <summary>Rows as the working copy of a journal: filled from it, and able to say what changed and to take it back.</summary>
internal sealed partial class MemoryRows
{
    /// <summary>How much had ended at the last commit and is not forgotten yet.</summary>
    private int endedBefore;
    private int endedRunsBefore;

    public long LastEvent => lastEvent;

    /// <summary>Rows of the past that the next commands may ask for.</summary>
    public void Fetched(PastRows rows) => past = rows;

    /// <summary>Takes over a whole store; readers of an earlier copy of it must read all anew, since nothing tells what was removed meanwhile.</summary>
    public void FillWhole(RowChanges rows)
    {
        Fill(rows);
        changes.BeginsAt(rows.Head.Revision);
    }

    /// <summary>Takes over rows that are written already: everything at a start, later what other servers committed.</summary>
    public void Fill(RowChanges rows)
    {
        foreach (var run in rows.Runs) Save(run);
        foreach (var (job, spec) in rows.Jobs)
            if (spec is not null && !jobs.ContainsKey(job.Id)) Add(job, spec);
            else if (jobs.ContainsKey(job.Id)) Save(job);
        foreach (var attempt in rows.Attempts.Where(a => jobs.ContainsKey(a.JobId))) Save(attempt);
        // By revision, so that each goes to the end of the list of changes.
        var read = new List<(long Revision, Action Save)>();
        read.AddRange(rows.Groups.Select(g => (g.Revision, new Action(() => Save(g)))));
        read.AddRange(rows.AppVersions.Select(v => (v.Revision, new Action(() => Save(v)))));
        read.AddRange(rows.Orgs.Select(o => (o.Revision, new Action(() => Save(o)))));
        read.AddRange(rows.Resources.Select(r => (r.Revision, new Action(() => Save(r)))));
        read.AddRange(rows.Devices.Select(d => (d.Revision, new Action(() => Save(d)))));
        foreach (var (_, save) in read.OrderBy(r => r.Revision)) save();
        foreach (var (id, until) in rows.LeaseEnds)
            if (FindDevice(id) is { Lease: { } lease } device) SaveLeaseEnd(device with { Lease = lease with { Until = until } });
        foreach (var agent in rows.Agents) Save(agent);
        foreach (var estimate in rows.Estimates) Save(estimate);
        foreach (var quarantine in rows.Quarantines) Save(quarantine);
        foreach (var term in rows.Terms) Save(term);
        foreach (var row in rows.HookRows) Save(row);
        foreach (var gone in rows.Gone) Remove(gone);
        Revision = rows.Head.Revision;
        lastEvent = rows.Head.Event;
        Accept();
    }

    /// <summary>All that changed since the last commit, under the head that the next one will have.</summary>
    public RowChanges Changed(long commit, string commitId)
    {
        var before = changed!;
        return new RowChanges
        {
            Head = new Head(commit, commitId, Revision, lastEvent),
            Runs = [.. before.Runs.Keys.Select(id => Runs[id])],
            Jobs = [.. before.Jobs.Select(j => new JobRow(jobs[j.Key].Job, j.Value is null ? jobs[j.Key].Spec : null))],
            Attempts = [.. before.Attempts.Keys.Select(key => attempts[key])],
            Tests = [.. before.Tests],
            Events = [.. before.Events],
            Groups = [.. before.Groups.Keys.Where(groups.ContainsKey).Select(id => groups[id])],
            AppVersions = [.. before.AppVersions.Keys.Where(appVersions.ContainsKey).Select(key => appVersions[key])],
            Orgs = [.. before.Orgs.Keys.Select(key => orgs[key])],
            Resources = [.. before.Resources.Keys.Select(key => resources[key])],
            Devices = [.. before.WholeDevices.Where(devices.ContainsKey).Select(id => devices[id])],
            LeaseEnds = [.. before.Devices.Keys.Where(id => !before.WholeDevices.Contains(id)).Select(id => new LeaseEnd(id, devices[id].Lease!.Until))],
            Agents = [.. before.Agents.Keys.Where(Agents.ContainsKey).Select(id => Agents[id])],
            Estimates = [.. before.Estimates.Keys.Where(estimates.ContainsKey).Select(key => estimates[key])],
            Quarantines = [.. before.Quarantines.Keys.Select(org => quarantines[org])],
            Terms = [.. before.Terms.Keys.Select(name => terms[name])],
            HookRows = [.. before.HookRows.Keys.Select(FindHookRow).OfType<HookRow>()],
            // What came back within the batch is written as changed.
            Gone = [.. before.Gone.Where(g => !IsThere(g))],
        };
    }

    /// <summary>What changed is written: it holds from now on.</summary>
    public void Accept()
    {
        changed?.Clear();
        past = PastRows.None;
        ForgetEnded();
        (endedBefore, endedRunsBefore) = (ended.Count, endedRuns.Count);
    }

    /// <summary>What changed was not written: back to how it was.</summary>
    public void TakeBack(long revision, long lastEventBefore)
    {
        var before = changed!;
        // Attempts first: jobs that were not there take theirs with them.
        foreach (var (key, old) in before.Attempts)
            if (old is null) Remove(attempts[key]);
            else Save(old);
        foreach (var (id, old) in before.Jobs)
            if (old is null) TakeOut(jobs[id].Job);
            else Save(old);
        foreach (var (id, old) in before.Runs)
            if (old is null) Remove(Runs[id]);
            else Save(old);
        foreach (var gone in before.Gone) changes.Forget(gone.Revision);
        foreach (var (id, old) in before.Groups) Restore(groups, id, old, g => g.Revision, Save);
        foreach (var (key, old) in before.AppVersions) Restore(appVersions, key, old, v => v.Revision, Save);
        foreach (var (key, old) in before.Orgs) Restore(orgs, key, old, o => o.Revision, Save);
        foreach (var (key, old) in before.Resources) Restore(resources, key, old, r => r.Revision, Save);
        foreach (var (id, old) in before.Devices) Restore(devices, id, old, d => d.Revision, Save);
        foreach (var (id, old) in before.Agents)
            if (old is null) Agents.Remove(id);
            else Agents[id] = old;
        foreach (var (org, old) in before.Quarantines)
            if (old is null) quarantines.Remove(org);
            else quarantines[org] = old;
        foreach (var (name, old) in before.Terms)
            if (old is null) terms.Remove(name);
            else terms[name] = old;
        foreach (var (key, old) in before.HookRows) hookRows.Set(key, old);
        foreach (var (key, old) in before.Estimates)
            if (old is null) estimates.Remove(key);
            else estimates[key] = old;
        ended.RemoveRange(endedBefore, ended.Count - endedBefore);
        endedRuns.RemoveRange(endedRunsBefore, endedRuns.Count - endedRunsBefore);
        Revision = revision;
        lastEvent = lastEventBefore;
        Accept();
    }

    private void Restore<TKey, TRow>(IDictionary<TKey, TRow> table, TKey key, TRow? old, Func<TRow, long> revisionOf, Action<TRow> save)
        where TKey : notnull where TRow : class
    {
        if (old is not null)
        {
            save(old);
            return;
        }
        // It may have come and gone within the batch.
        if (!table.TryGetValue(key, out var row)) return;
        changes.Forget(revisionOf(row));
        table.Remove(key);
    }
}
