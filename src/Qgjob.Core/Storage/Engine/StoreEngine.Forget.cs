using Qgjob.Core.Devices;
using Qgjob.Core.Storage.Journal;

namespace Qgjob.Core.Storage.Engine;

/// <summary>What nobody uses any more goes, so that no store grows for ever.</summary>
public sealed partial class StoreEngine
{
    private ForgetAnswer Apply(Forget command)
    {
        var left = command.Max;
        var groups = ForgetGroups(ref left);
        var versions = ForgetAppVersions(command, ref left);
        var devices = ForgetDevices(command, ref left);
        var agents = ForgetAgents(command, ref left);
        ForgetQuarantines(command.Now);
        var estimates = ForgetEstimates(command, ref left);
        return new ForgetAnswer(groups, versions, devices, agents, estimates) { HookRows = ForgetHookRows(command, ref left) };
    }

    /// <summary>A group is made anew by the next job; only its count of installs is lost.</summary>
    private int ForgetGroups(ref int left)
    {
        var empty = First(rows.AllGroups().Where(g => g.Queued + g.Active == 0), g => g.Id, left);
        foreach (var group in empty) rows.Remove(new GoneRow(RowKind.Group, group.Id, null, rows.NextRevision()));
        return Count(empty.Count, ref left);
    }

    private int ForgetAppVersions(Forget command, ref int left)
    {
        if (left == 0) return 0;
        var busy = rows.AllGroups().Where(g => g.Queued + g.Active > 0).Select(g => (g.Key.OrgId, g.Key.AppVersionId)).ToHashSet();
        var unused = First(
            rows.AllAppVersions().Where(v => v.UsedAt < (command.ByOrg?.TryGetValue(v.OrgId, out var own) is true ? own : command.UnusedSince) && v.Serving == 0 && !busy.Contains((v.OrgId, v.Id))),
            v => v.OrgId + "\0" + v.Id, left);
        var removed = 0;
        foreach (var version in unused)
            // From a version that did not note it yet: it counts as used now.
            if (version.UsedAt == default) rows.Save(version with { UsedAt = command.Now, Revision = rows.NextRevision() });
            else
            {
                rows.Remove(new GoneRow(RowKind.AppVersion, version.Id, version.OrgId, rows.NextRevision()));
                removed++;
            }
        return Count(removed, ref left);
    }

    private int ForgetDevices(Forget command, ref int left)
    {
        if (left == 0) return 0;
        var gone = First(
            rows.AllDevices().Where(d => d is { Online: false, Lease: null } && LastThere(d) < command.UnusedSince), d => d.Id, left);
        foreach (var device in gone) rows.Remove(new GoneRow(RowKind.Device, device.Id, null, rows.NextRevision()));
        return Count(gone.Count, ref left);
    }

    private DateTimeOffset LastThere(Device device) => device.OfflineSince ?? rows.FindAgent(device.AgentId)?.LastSeen ?? default;

    private int ForgetAgents(Forget command, ref int left)
    {
        if (left == 0) return 0;
        var withDevices = rows.AllDevices().Select(d => d.AgentId).ToHashSet();
        var gone = First(
            rows.AllAgents().Where(a => !a.Online && a.LastSeen < command.UnusedSince && !withDevices.Contains(a.Id)), a => a.Id, left);
        foreach (var agent in gone) rows.Remove(new GoneRow(RowKind.Agent, agent.Id));
        return Count(gone.Count, ref left);
    }

    private int ForgetEstimates(Forget command, ref int left)
    {
        if (left == 0) return 0;
        var removed = 0;
        foreach (var estimate in First(rows.AllEstimates().Where(e => e.LearnedAt < command.UnusedSince), e => e.Key, left))
            // Set by somebody, or from a version that did not note the time yet: it counts as learned now.
            if (estimate.LearnedAt == default) rows.SaveEstimate(estimate.Key, estimate.Seconds, command.Now);
            else
            {
                rows.Remove(new GoneRow(RowKind.Estimate, estimate.Key));
                removed++;
            }
        return Count(removed, ref left);
    }

    /// <summary>The same ones on every store, whatever the order in which its rows come.</summary>
    private static List<T> First<T>(IEnumerable<T> unused, Func<T, string> keyOf, int max) =>
        [.. unused.OrderBy(keyOf, StringComparer.Ordinal).Take(max)];

    private static int Count(int removed, ref int left)
    {
        left -= removed;
        return removed;
    }
}
