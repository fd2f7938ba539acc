using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Qgjob.Client.Wire;
using Qgjob.Core.Orgs;
using Qgjob.Core.Runs;
using Qgjob.Core.Storage;
using Qgjob.Server.Dispatch;
using Qgjob.Server.Http;

namespace Qgjob.Server.Orgs;

/// <summary>Orgs: how large their share of the devices is, and what they may at most.</summary>
internal static class OrgEndpoints
{
    private const double LeastWeight = 0.01;
    private const double MostWeight = 1000;

    public static void MapOrgs(this IEndpointRouteBuilder routes)
    {
        var orgs = routes.MapGroup("/orgs").WithTags("Orgs");
        orgs.MapGet("/", ListAsync).WithSummary("Orgs with their share, limits and present use");
        orgs.MapPut("/{org}", SetAsync).WithSummary("Sets an org's share and limits; weight, max_devices and max_priority go back to their defaults when they are left out, the others stay, and null takes them back")
            .Accepts<OrgSettings>("application/json").ProducesProblem(400).ProducesProblem(415);
    }

    private static async Task<Ok<ListOf<OrgView>>> ListAsync(IJobStore store, TimeProvider time, CancellationToken cancel)
    {
        var orgs = await store.OrgsAsync(Run.DefaultPool, cancel);
        return TypedResults.Ok(new ListOf<OrgView>([.. orgs.Select(o => View(o, time.GetUtcNow(), orgs))]));
    }

    private static async Task<Ok<OrgView>> SetAsync(
        [FromRoute(Name = "org")] string org, HttpRequest request, Dispatcher dispatcher, IJobStore store, TimeProvider time, CancellationToken cancel)
    {
        var body = await JsonBody.ReadAsync(request, WireOptions.Strict.OrgSettings, JsonBody.SmallLimit, cancel);
        var id = Check.Id("org", Check.FromPath(org));
        var weight = body.Weight ?? 1;
        if (weight is not (>= LeastWeight and <= MostWeight)) throw RefusedException.Invalid("weight", $"must be from {LeastWeight} to {MostWeight}");
        int? devices = body.MaxDevices is null ? null : Check.Range("max_devices", body.MaxDevices, 0, 1_000_000, 0);
        int? priority = body.MaxPriority is null ? null : Check.Range("max_priority", body.MaxPriority, -10, 10, 0);
        int? days = body.KeepDays is null ? null : Check.Range("keep_days", body.KeepDays, 1, 36_500, 0);
        int? gigabytes = body.MaxDiskGb is null ? null : Check.Range("max_disk_gb", body.MaxDiskGb, 0, 1_000_000, 0);
        int? cloud = body.MaxCloudMinutes is null ? null : Check.Range("max_cloud_minutes", body.MaxCloudMinutes, 0, 1_000_000, 0);
        if (!(body.SetsKeepDays && body.SetsMaxDiskGb && body.SetsMaxCloudMinutes) && await store.FindOrgAsync(Run.DefaultPool, id, cancel) is { } now)
        {
            // An older command line does not know them and must not take them back.
            if (!body.SetsKeepDays) days = now.KeepDays;
            if (!body.SetsMaxDiskGb) gigabytes = now.MaxDiskGb;
            if (!body.SetsMaxCloudMinutes) cloud = now.MaxCloudMinutes;
        }
        var answer = await dispatcher.SendAsync(new SetOrg(Run.DefaultPool, id, weight, devices, priority, days, gigabytes, cloud), cancel);
        return TypedResults.Ok(View(answer.Org, time.GetUtcNow(), await store.OrgsAsync(Run.DefaultPool, cancel)));
    }

    private static OrgView View(OrgShare org, DateTimeOffset now, IReadOnlyList<OrgShare> all) => new()
    {
        OrgId = org.OrgId,
        Weight = org.Weight,
        MaxDevices = org.MaxDevices,
        MaxPriority = org.MaxPriority,
        KeepDays = org.KeepDays,
        MaxDiskGb = org.MaxDiskGb,
        MaxCloudMinutes = org.MaxCloudMinutes,
        CloudSeconds = org.CloudSecondsIn(now) is > 0 and var used ? used : null,
        DevicesInUse = org.Active,
        JobsWaiting = org.Queued,
        // Who may use no device takes nothing from the others, whatever waits.
        Share = org.MaxDevices == 0 ? 0
            : Math.Round(org.Weight / (org.Weight + all.Where(o => o.IsPresent && o.MaxDevices != 0 && o.OrgId != org.OrgId).Sum(o => o.Weight)), 4),
    };
}
