using System.Diagnostics;
using Microsoft.Extensions.Primitives;
using Qgjob.Core.Storage;
using Qgjob.Server.Http;

namespace Qgjob.Server.Auth;

/// <summary>The one place where callers with a role and an org are kept to them, by each endpoint's <see cref="Permit"/>.</summary>
internal sealed class PermitMiddleware(RequestDelegate next, IJobStore store)
{
    public Task InvokeAsync(HttpContext context)
    {
        var caller = Caller.Of(context);
        // No route: nothing is there, or not for this method, and the answer says only that.
        return caller.Role is Role.Owner || context.GetEndpoint() is not RouteEndpoint endpoint ? next(context) : InvokeAsync(context, caller, endpoint);
    }

    private async Task InvokeAsync(HttpContext context, Caller caller, RouteEndpoint endpoint)
    {
        var permit = endpoint.Metadata.GetMetadata<Permit>() ?? new Permit(Role.Owner, OrgFrom.Nothing);
        if (caller.Role < permit.Least)
            throw caller.Forbidden(permit.Least is Role.Owner ? "It takes the server's own token." : $"It takes a {permit.Least.ToString().ToLowerInvariant()}.");
        await KeepToOrgAsync(context, caller, permit.Org);
        await next(context);
    }

    private async Task KeepToOrgAsync(HttpContext context, Caller caller, OrgFrom from)
    {
        string Id(string name) => context.Request.RouteValues[name]?.ToString() ?? "";
        switch (from)
        {
            case OrgFrom.Nothing or OrgFrom.Body:
                break;
            case OrgFrom.Path:
                caller.RequireOrg(Id("org"));
                break;
            case OrgFrom.Query:
                LimitQuery(context.Request, caller);
                break;
            // What another org has is not there: the answer is the same as for an id that nobody ever had.
            case OrgFrom.Job:
                var job = Id("job_id");
                if (job.Length > Check.MaxIdLength || await store.FindJobAsync(job, context.RequestAborted) is not { } found || !caller.Sees(found.Job.OrgId))
                    throw RefusedException.NotFound("job", job);
                break;
            case OrgFrom.Run:
                var run = Id("run_id");
                if (run.Length > Check.MaxIdLength || await store.FindRunAsync(run, context.RequestAborted) is not { } of || !caller.Sees(of.OrgId))
                    throw RefusedException.NotFound("run", run);
                break;
            default:
                throw new UnreachableException();
        }
    }

    private static void LimitQuery(HttpRequest request, Caller caller)
    {
        var query = new Dictionary<string, StringValues>(request.Query, StringComparer.OrdinalIgnoreCase);
        if (query.GetValueOrDefault("org_id").ToString() is { Length: > 0 } asked) caller.RequireOrg(asked);
        query["org_id"] = caller.OrgId;
        request.Query = new QueryCollection(query);
    }
}
