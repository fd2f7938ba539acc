using Microsoft.AspNetCore.Http.HttpResults;
using Qgjob.Client.Wire;
using Qgjob.Core.Storage;
using Qgjob.Server.Auth;
using Qgjob.Server.Dispatch;
using Qgjob.Server.Hosting;

namespace Qgjob.Server.Pages;

/// <summary>For load balancers and scripts.</summary>
internal static class HealthEndpoints
{
    public static void MapHealth(this IEndpointRouteBuilder routes)
    {
        routes.MapGet("/healthz", () => TypedResults.Ok(new Health("ok", ServerHost.Version))).Permit(Role.Nobody, OrgFrom.Nothing).WithTags("Health").WithSummary("The process is there");
        routes.MapGet("/readyz", ReadyAsync).Permit(Role.Nobody, OrgFrom.Nothing).WithTags("Health").WithSummary("The store answers, and the dispatcher works").ProducesProblem(503);
    }

    private static async Task<Ok<Health>> ReadyAsync(IJobStore store, Dispatcher dispatcher, CancellationToken cancel)
    {
        await store.FindRunAsync("r-none", cancel);
        await dispatcher.LookAsync(_ => true, cancel);
        return TypedResults.Ok(new Health("ok", ServerHost.Version));
    }
}
