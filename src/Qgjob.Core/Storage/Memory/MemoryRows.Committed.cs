using Qgjob.Core.Devices;
using Qgjob.Core.Groups;
using Qgjob.Core.Jobs;
using Qgjob.Core.Notifications;
using Qgjob.Core.Orgs;
using Qgjob.Core.Runs;
using Qgjob.Core.Scheduling;
using Qgjob.Core.Storage.Journal;

namespace Qgjob.Core.Storage.Memory;

/// <summary>Rows as readers may see them: as of the last commit, whatever a batch that is being committed has changed.</summary>
internal sealed partial class MemoryRows
{
    /// <summary>What changed in the pool after a revision; asked between batches.</summary>
    public PoolDelta Delta(string pool, long since)
    {
        // Of a revision that this store never had, or before which it does not know what was removed, nothing can be told.
        var whole = since < changes.CompleteSince || since > Revision;
        if (whole) since = 0;
        var groupsOfPool = new List<Group>();
        var gone = new List<GoneRow>();
        var devicesOfPool = new List<Device>();
        var versions = new List<AppVersion>();
        var orgsOfPool = new List<OrgShare>();
        var changedResources = new List<Resource>();
        foreach (var row in changes.Since(since))
            switch (row)
            {
                // A reader that knows nothing yet need not hear of groups that are done.
                case Group group when group.Pool == pool && (since > 0 || group.Queued + group.Active > 0): groupsOfPool.Add(group); break;
                case Device device when device.Pool == pool: devicesOfPool.Add(device); break;
                // It may have been in this pool before.
                case Device device when since > 0: gone.Add(new GoneRow(RowKind.Device, device.Id)); break;
                case AppVersion version: versions.Add(version); break;
                case OrgShare org when org.Pool == pool: orgsOfPool.Add(org); break;
                case Resource resource: changedResources.Add(resource); break;
                case GoneRow removed when since > 0: gone.Add(removed); break;
            }
        return new PoolDelta(
            Revision, groupsOfPool, devicesOfPool, versions, orgsOfPool, changedResources,
            Agents.Values.Where(a => a.Draining).Select(a => a.Id).ToHashSet())
        { Gone = gone, IsWhole = whole };
    }

    public Attempt? CommittedAttempt(LeaseRef lease) =>
        attemptsByLease.TryGetValue(lease, out var key) ? Committed(attempts, changed?.Attempts, key) : null;

    public AppVersion? CommittedAppVersion(string orgId, string id) => Committed(appVersions, changed?.AppVersions, (orgId, id));

    public IEnumerable<AppVersion> CommittedAppVersions() => Committed(appVersions, changed?.AppVersions);

    public IReadOnlyList<Agent> CommittedAgents() => [.. Committed(Agents, changed?.Agents).OrderBy(a => a.Id, StringComparer.Ordinal)];

    /// <summary>A run that is forgotten since it is over is still known for a while.</summary>
    public Run? LastKnownRun(string runId) => Committed(Runs, changed?.Runs, runId) ?? forgotten.Find(runId);

    public OrgShare? CommittedOrg(string pool, string orgId) => Committed(orgs, changed?.Orgs, (pool, orgId));

    public IReadOnlyList<OrgShare> CommittedOrgs(string pool) =>
        [.. Committed(orgs, changed?.Orgs).Where(o => o.Pool == pool).OrderBy(o => o.OrgId, StringComparer.Ordinal)];

    public IReadOnlyList<Resource> CommittedResources(string? orgId) =>
        [.. Committed(resources, changed?.Resources)
            .Where(r => r.Units.Count > 0 && (orgId is null || r.OrgId == orgId))
            .OrderBy(r => r.OrgId, StringComparer.Ordinal).ThenBy(r => r.Name, StringComparer.Ordinal)];

    public IReadOnlyList<HookRow> CommittedHookRows(string prefix)
    {
        if (changed is not { HookRows: { Count: > 0 } before }) return [.. hookRows.BeginningWith(prefix)];
        return
        [
            .. hookRows.BeginningWith(prefix).Where(r => !before.ContainsKey(r.Key))
                .Concat(before.Values.OfType<HookRow>().Where(r => r.Key.StartsWith(prefix, StringComparison.Ordinal)))
                .OrderBy(r => r.Key, StringComparer.Ordinal),
        ];
    }

    public Quarantine? CommittedQuarantine(string orgId) => Committed(quarantines, changed?.Quarantines, orgId);

    public double? CommittedEstimate(string key) =>
        changed is not null && changed.Estimates.TryGetValue(key, out var before) ? before?.Seconds : FindEstimate(key);

    private static TRow? Committed<TKey, TRow>(Dictionary<TKey, TRow> now, Dictionary<TKey, TRow?>? before, TKey key)
        where TKey : notnull where TRow : class =>
        before is not null && before.TryGetValue(key, out var row) ? row : now.GetValueOrDefault(key);

    private static IEnumerable<TRow> Committed<TKey, TRow>(Dictionary<TKey, TRow> now, Dictionary<TKey, TRow?>? before)
        where TKey : notnull where TRow : class =>
        before is not { Count: > 0 }
            ? now.Values
            : now.Where(r => !before.ContainsKey(r.Key)).Select(r => r.Value).Concat(before.Values.OfType<TRow>());
}
