using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Qgjob.Client.Wire;
using Qgjob.Core.Orgs;
using Qgjob.Core.Storage;
using Qgjob.Server.Dispatch;
using Qgjob.Server.Http;

namespace Qgjob.Server.Resources;

/// <summary>Named resources of an org: define, look at, remove. Their values may be secrets, so they are shown to who asks for them only.</summary>
internal static class ResourceEndpoints
{
    private const int MostUnits = 10_000;
    // What an environment variable of a submission may hold.
    private const int LongestUnit = 8192;

    public static void MapResources(this IEndpointRouteBuilder routes)
    {
        var resources = routes.MapGroup("/orgs/{org}/resources").WithTags("Resources");
        resources.MapGet("/", ListAsync).WithSummary("An org's named resources: how many units, and who holds them").ProducesProblem(400);
        resources.MapPut("/{name}", SetAsync).WithSummary("Defines a named resource by its units; what is held stays held until its holder lets go")
            .Accepts<ResourceUnits>("application/json").ProducesProblem(400).ProducesProblem(415);
        resources.MapDelete("/{name}", RemoveAsync).WithSummary("Removes a named resource; what is held goes when its holder lets go").ProducesProblem(404);
    }

    private static async Task<Ok<ListOf<ResourceView>>> ListAsync(
        [FromRoute(Name = "org")] string org, [FromQuery(Name = "values")] string? values, IJobStore store, CancellationToken cancel)
    {
        var show = Check.Flag("values", values);
        var views = new List<ResourceView>();
        foreach (var resource in await store.ResourcesAsync(OrgOf(org), cancel))
            if (resource.Units.Count > 0) views.Add(await ViewAsync(resource, show, store, cancel));
        return TypedResults.Ok(new ListOf<ResourceView>(views));
    }

    private static async Task<Ok<ResourceView>> SetAsync(
        [FromRoute(Name = "org")] string org, [FromRoute(Name = "name")] string name,
        HttpRequest request, Dispatcher dispatcher, IJobStore store, CancellationToken cancel)
    {
        var body = await JsonBody.ReadAsync(request, WireOptions.Strict.ResourceUnits, JsonBody.LargeLimit, cancel);
        var command = new SetResource(OrgOf(org), Check.Id("name", Check.FromPath(name)), UnitsOf(body.Units));
        var answer = await dispatcher.SendAsync(command, cancel);
        return TypedResults.Ok(await ViewAsync(answer.Resource!, values: false, store, cancel));
    }

    private static async Task<NoContent> RemoveAsync(
        [FromRoute(Name = "org")] string org, [FromRoute(Name = "name")] string name, Dispatcher dispatcher, IJobStore store, CancellationToken cancel)
    {
        var (orgId, id) = (OrgOf(org), Check.Id("name", Check.FromPath(name)));
        if (!(await store.ResourcesAsync(orgId, cancel)).Any(r => r.Name == id && r.Units.Any(u => !u.Leaving))) throw RefusedException.NotFound("resource", id);
        await dispatcher.SendAsync(new SetResource(orgId, id, []), cancel);
        return TypedResults.NoContent();
    }

    private static string OrgOf(string org) => Check.Id("org", Check.FromPath(org));

    private static IReadOnlyList<string> UnitsOf(IReadOnlyList<string>? units)
    {
        if (units is not { Count: > 0 and <= MostUnits })
            throw RefusedException.Invalid("units", $"must list 1 to {MostUnits} units; DELETE removes a resource");
        var seen = new HashSet<string>(StringComparer.Ordinal);
        for (var i = 0; i < units.Count; i++)
        {
            // A refusal names the place and never the value, which may be a secret.
            if (string.IsNullOrWhiteSpace(units[i])) throw RefusedException.Invalid($"units[{i}]", "is empty");
            if (units[i].Length > LongestUnit) throw RefusedException.Invalid($"units[{i}]", $"is longer than {LongestUnit} characters");
            Check.RefuseControls($"units[{i}]", units[i], allowLines: true);
            if (!seen.Add(units[i])) throw RefusedException.Invalid($"units[{i}]", "is listed twice");
        }
        return units;
    }

    private static async Task<ResourceView> ViewAsync(Resource resource, bool values, IJobStore store, CancellationToken cancel)
    {
        var holders = new List<ResourceHolder>();
        foreach (var unit in resource.Units)
            if (unit.Holder is { } lease)
                holders.Add(new ResourceHolder(lease.DeviceId, (await store.FindAttemptAsync(lease, cancel))?.JobId, unit.Leaving, values ? unit.Value : null));
        var defined = resource.Units.Where(u => !u.Leaving).ToList();
        return new ResourceView
        {
            Name = resource.Name,
            Variable = ResourceEnvironment.VariableOf(resource.Name),
            Units = defined.Count,
            Free = defined.Count(u => u.Holder is null),
            Holders = holders,
            Values = values ? [.. defined.Select(u => u.Value)] : null,
        };
    }
}
