using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Qgjob.Client.Wire;
using Qgjob.Core.Notifications;
using Qgjob.Core.Storage;
using Qgjob.Server.Auth;
using Qgjob.Server.Dispatch;
using Qgjob.Server.Http;
using Qgjob.Server.Runs;

namespace Qgjob.Server.Notifications;

/// <summary>Hooks of an org: where it is told of what happened, and the log of what it was told.</summary>
internal static class HookEndpoints
{
    private const int MostHooks = 20;

    public static void MapHooks(this IEndpointRouteBuilder routes)
    {
        var hooks = routes.MapGroup("/orgs/{org}/hooks").WithTags("Hooks");
        hooks.MapGet("/", ListAsync).WithSummary("An org's hooks, with their latest delivery").ProducesProblem(400);
        hooks.MapPut("/{name}", SetAsync).WithSummary("Makes a hook, or sets it anew, whole but for its secret; a new secret is in the answer, once. A disabled hook works again")
            .Accepts<HookSettings>("application/json").ProducesProblem(400).ProducesProblem(409).ProducesProblem(415);
        hooks.MapDelete("/{name}", RemoveAsync).WithSummary("Removes a hook with its deliveries").ProducesProblem(404);
        hooks.MapPost("/{name}/test", TestAsync).WithSummary("Sends a ping now, once, and answers how that went").ProducesProblem(404);
        hooks.MapGet("/{name}/deliveries", DeliveriesAsync).WithSummary("A hook's latest deliveries, newest first; with bodies=true what was sent, too").ProducesProblem(400).ProducesProblem(404);
        hooks.MapPost("/{name}/deliveries/{delivery_id}/redeliver", RedeliverAsync).WithSummary("Sends a delivery again that is over: same id, same body").ProducesProblem(404).ProducesProblem(409);
        routes.MapGet("/runs/{run_id}/deliveries", OfRunAsync).Permit(Role.Viewer, OrgFrom.Run).WithTags("Runs").WithSummary("What the run's own hook (notify) was told").ProducesProblem(404);
    }

    private static async Task<Ok<ListOf<HookView>>> ListAsync([FromRoute(Name = "org")] string org, IJobStore store, CancellationToken cancel)
    {
        var views = new List<HookView>();
        foreach (var row in await store.HookRowsAsync(HookKeys.HooksOf(OrgOf(org)), cancel)) views.Add(await ViewAsync(row.Hook!, store, cancel));
        return TypedResults.Ok(new ListOf<HookView>(views));
    }

    private static async Task<Ok<HookView>> SetAsync(
        [FromRoute(Name = "org")] string org, [FromRoute(Name = "name")] string name,
        HttpRequest request, HookChecks checks, Dispatcher dispatcher, IJobStore store, CancellationToken cancel)
    {
        var body = await JsonBody.ReadAsync(request, WireOptions.Strict.HookSettings, JsonBody.SmallLimit, cancel);
        var hook = checks.OfOrg(OrgOf(org), NameOf(name), body);
        var there = await store.HookRowsAsync(HookKeys.HooksOf(hook.OrgId), cancel);
        if (there.Count >= MostHooks && there.All(r => r.Hook!.Name != hook.Name)) throw RefusedException.Conflict($"{hook.OrgId} has {MostHooks} hooks; remove one first.");
        // Slack checks no signature.
        var answer = await dispatcher.SendAsync(new SetHook(hook, hook.Format is HookFormat.Slack ? null : WebhookSignature.NewSecret()), cancel);
        return TypedResults.Ok(await ViewAsync(answer.Hook, store, cancel) with { Secret = answer.NewSecret ? answer.Hook.Secret : null });
    }

    private static async Task<NoContent> RemoveAsync(
        [FromRoute(Name = "org")] string org, [FromRoute(Name = "name")] string name, Dispatcher dispatcher, CancellationToken cancel)
    {
        var answer = await dispatcher.SendAsync(new RemoveHook(OrgOf(org), NameOf(name)), cancel);
        return answer.Removed ? TypedResults.NoContent() : throw RefusedException.NotFound("hook", NameOf(name));
    }

    private static async Task<Ok<DeliveryView>> TestAsync(
        [FromRoute(Name = "org")] string org, [FromRoute(Name = "name")] string name,
        HookMessages messages, HookSender sender, Dispatcher dispatcher, IJobStore store, CancellationToken cancel)
    {
        var hook = await FindAsync(OrgOf(org), NameOf(name), store, cancel);
        var ping = messages.Ping(hook);
        var tried = await sender.SendAsync(hook, ping, cancel);
        ping = ping with
        {
            State = tried.Taken ? DeliveryState.Delivered : DeliveryState.Failed,
            Tries = 1,
            Log = [tried.Try],
            Note = tried.Taken ? null : "Tests are sent once.",
        };
        await dispatcher.SendAsync(new NoteDelivery(ping, IsNew: true), cancel);
        return TypedResults.Ok(View(ping, bodies: false));
    }

    private static async Task<Ok<ListOf<DeliveryView>>> DeliveriesAsync(
        [FromRoute(Name = "org")] string org, [FromRoute(Name = "name")] string name, [FromQuery(Name = "bodies")] string? bodies, IJobStore store, CancellationToken cancel)
    {
        var hook = await FindAsync(OrgOf(org), NameOf(name), store, cancel);
        return TypedResults.Ok(await LogAsync(hook.OrgId, hook.Name, Check.Flag("bodies", bodies), store, cancel));
    }

    private static async Task<Ok<ListOf<DeliveryView>>> OfRunAsync([FromRoute(Name = "run_id")] string runId, RunReader runs, IJobStore store, CancellationToken cancel)
    {
        var run = await runs.FindAsync(runId, cancel);
        return TypedResults.Ok(await LogAsync(run.OrgId, run.Id, bodies: false, store, cancel));
    }

    private static async Task<Ok<DeliveryView>> RedeliverAsync(
        [FromRoute(Name = "org")] string org, [FromRoute(Name = "name")] string name, [FromRoute(Name = "delivery_id")] string deliveryId,
        Dispatcher dispatcher, IJobStore store, TimeProvider time, CancellationToken cancel)
    {
        var hook = await FindAsync(OrgOf(org), NameOf(name), store, cancel);
        if (hook.Disabled is { } reason) throw RefusedException.Conflict($"Hook '{hook.Name}' is disabled. {reason}");
        var answer = await dispatcher.SendAsync(new Redeliver(hook.OrgId, hook.Name, Check.Id("delivery_id", deliveryId), time.GetUtcNow()), cancel);
        return TypedResults.Ok(View(answer.Delivery ?? throw RefusedException.NotFound("delivery", deliveryId), bodies: false));
    }

    private static string OrgOf(string org) => Check.Id("org", Check.FromPath(org));

    private static string NameOf(string name) => Check.Id("name", Check.FromPath(name));

    private static async Task<Hook> FindAsync(string orgId, string name, IJobStore store, CancellationToken cancel) =>
        (await store.HookRowsAsync(HookKeys.HooksOf(orgId), cancel)).FirstOrDefault(r => r.Hook!.Name == name)?.Hook ?? throw RefusedException.NotFound("hook", name);

    private static async Task<ListOf<DeliveryView>> LogAsync(string orgId, string hook, bool bodies, IJobStore store, CancellationToken cancel) =>
        new([.. (await store.HookRowsAsync(HookKeys.DeliveriesOf(orgId, hook), cancel)).Reverse().Select(r => View(r.Delivery!, bodies))]);

    private static async Task<HookView> ViewAsync(Hook hook, IJobStore store, CancellationToken cancel)
    {
        var deliveries = (await store.HookRowsAsync(HookKeys.DeliveriesOf(hook.OrgId, hook.Name), cancel)).Select(r => r.Delivery!).ToList();
        return new HookView
        {
            Name = hook.Name,
            Url = HookChecks.Shown(hook.Url),
            Format = hook.Format,
            Events = hook.Events,
            Owners = Some(hook.Filter.Owners),
            Tests = Some(hook.Filter.Tests),
            Branches = Some(hook.Filter.Branches),
            Meta = hook.Filter.Meta.Count == 0 ? null : hook.Filter.Meta,
            CreatedAt = hook.CreatedAt,
            Disabled = hook.Disabled,
            Waiting = deliveries.Count(d => d.State is DeliveryState.Pending),
            Last = deliveries.LastOrDefault(d => d.State is not DeliveryState.Pending) is { } last ? View(last, bodies: false) : null,
        };
    }

    private static IReadOnlyList<string>? Some(IReadOnlyList<string> list) => list.Count == 0 ? null : list;

    private static DeliveryView View(Delivery delivery, bool bodies) => new()
    {
        Id = delivery.Id,
        Event = delivery.Event,
        RunId = delivery.RunId,
        State = delivery.State,
        CreatedAt = delivery.CreatedAt,
        NextAt = delivery.State is DeliveryState.Pending ? delivery.NextAt : null,
        Tries = delivery.Tries,
        Note = delivery.Note,
        Log = delivery.Log,
        Body = bodies ? delivery.Body : null,
    };
}
