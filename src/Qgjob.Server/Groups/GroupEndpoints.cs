using Microsoft.AspNetCore.Http.HttpResults;
using Qgjob.Client.Wire;
using Qgjob.Core.Groups;
using Qgjob.Core.Scheduling;
using Qgjob.Server.Dispatch;
using Qgjob.Server.Jobs;

namespace Qgjob.Server.Groups;

/// <summary>The queue, by group.</summary>
internal static class GroupEndpoints
{
    public static void MapGroups(this IEndpointRouteBuilder routes) =>
        routes.MapGet("/groups", ListAsync).WithTags("Groups").WithSummary("Groups that have jobs waiting or on devices");

    private static async Task<Ok<ListOf<GroupView>>> ListAsync(Dispatcher dispatcher, CancellationToken cancel) =>
        TypedResults.Ok(new ListOf<GroupView>(await dispatcher.LookAsync(
            pools => pools.Groups.OrderBy(g => g.Group.HeadTier).ThenBy(g => g.Group.Id, StringComparer.Ordinal).Select(g => View(g.Pool, g.Group)).ToList(), cancel)));

    public static GroupView View(PoolView pool, Group group) => new(
        group.Id, group.Key.OrgId, group.Key.AppVersionId, group.Key.Target, group.Key.Needs,
        group.Key.Barred.Length == 0 ? [] : group.Key.Barred.Split('\n'),
        group.Queued, group.QueuedSeconds, group.Active, pool.Serving(group), group.Installs, Waiting.ReasonOf(pool, group));
}
