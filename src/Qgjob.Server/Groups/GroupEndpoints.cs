using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Qgjob.Client.Wire;
using Qgjob.Core.Groups;
using Qgjob.Core.Scheduling;
using Qgjob.Server.Auth;
using Qgjob.Server.Dispatch;
using Qgjob.Server.Http;
using Qgjob.Server.Jobs;

namespace Qgjob.Server.Groups;

/// <summary>The queue, by group.</summary>
internal static class GroupEndpoints
{
    public static void MapGroups(this IEndpointRouteBuilder routes) =>
        routes.MapGet("/groups", ListAsync).Permit(Role.Viewer, OrgFrom.Query).WithTags("Groups").WithSummary("Groups that have jobs waiting or on devices");

    private static async Task<Ok<ListOf<GroupView>>> ListAsync(
        [FromQuery(Name = "org_id")] string? orgId, Dispatcher dispatcher, Forecasts forecasts, TimeProvider time, CancellationToken cancel)
    {
        var org = Check.OptionalId("org_id", orgId);
        var groups = await ViewsAsync(dispatcher, forecasts, time.GetUtcNow(), cancel);
        return TypedResults.Ok(new ListOf<GroupView>(org is null ? groups : [.. groups.Where(g => g.OrgId == org)]));
    }

    /// <summary>All groups, those that go first first. Looked at in a copy: with many groups and devices that takes longer than the dispatcher may wait.</summary>
    public static async Task<IReadOnlyList<GroupView>> ViewsAsync(Dispatcher dispatcher, Forecasts forecasts, DateTimeOffset now, CancellationToken cancel)
    {
        var snapshots = await dispatcher.LookAsync(pools => pools.All.Select(p => p.Snapshot()).ToList(), cancel);
        var views = new List<(Group Group, GroupView View)>();
        foreach (var snapshot in snapshots.Where(s => s.Groups.Count > 0))
        {
            var forecast = await forecasts.OfAsync(snapshot.Groups[0].Pool, cancel);
            var pool = new PoolView();
            pool.Apply(snapshot);
            var why = new WhyWaiting(pool, now);
            views.AddRange(snapshot.Groups.Select(g => (g, View(pool, g, why, forecast))));
        }
        return [.. views.OrderBy(v => v.Group.HeadTier).ThenBy(v => v.Group.Id, StringComparer.Ordinal).Select(v => v.View)];
    }

    private static GroupView View(PoolView pool, Group group, WhyWaiting why, Forecast? forecast)
    {
        var reason = why.Of(group);
        return new GroupView(
            group.Id, group.Key.OrgId, group.Key.AppVersionId, group.Key.Target, group.Key.Needs,
            group.Key.BarredDevices(),
            group.Queued, group.QueuedSeconds, group.Active, pool.Serving(group), group.Installs, reason?.Text)
        {
            Waiting = Waiting.View(reason),
            ExpectedEnd = group.Queued == 0 ? null : forecast?.OfGroup(group.Id)?.End,
        };
    }
}
