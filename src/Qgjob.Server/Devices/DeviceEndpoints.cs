using System.Globalization;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Qgjob.Client.Wire;
using Qgjob.Core;
using Qgjob.Core.Devices;
using Qgjob.Core.Scheduling;
using Qgjob.Core.Storage;
using Qgjob.Server.Auth;
using Qgjob.Server.Dispatch;
using Qgjob.Server.Http;

namespace Qgjob.Server.Devices;

/// <summary>Devices: look at them, pause, resume and release them.</summary>
internal static class DeviceEndpoints
{
    public static void MapDevices(this IEndpointRouteBuilder routes)
    {
        var devices = routes.MapGroup("/devices").WithTags("Devices");
        devices.MapGet("/", ListAsync).Permit(Role.Viewer, OrgFrom.Nothing).WithSummary("All devices");
        devices.MapGet("/{device_id}", FindAsync).Permit(Role.Viewer, OrgFrom.Nothing).WithSummary("A device (a slash in its id is written %2F)").ProducesProblem(404);
        devices.MapPost("/{device_id}/pause", PauseAsync).WithSummary("No new work for the device").Accepts<DeviceOrder>(true, "application/json").ProducesProblem(404);
        devices.MapPost("/{device_id}/resume", ResumeAsync).WithSummary("Work again").Accepts<DeviceOrder>(true, "application/json").ProducesProblem(404);
        devices.MapPost("/{device_id}/release", ReleaseAsync).WithSummary("Ends the device's lease; its job waits again").Accepts<DeviceOrder>(true, "application/json").ProducesProblem(404);
    }

    private static async Task<Ok<ListOf<DeviceView>>> ListAsync(Caller caller, Dispatcher dispatcher, TimeProvider time, CancellationToken cancel) =>
        TypedResults.Ok(new ListOf<DeviceView>(await dispatcher.LookAsync(
            pools => pools.All.SelectMany(p => p.Devices.Where(d => pools.FindDevice(d.Id)?.Pool == p).Select(d => For(caller, d, View(p, d, time.GetUtcNow()))))
                .OrderBy(d => d.DeviceId, StringComparer.Ordinal).ToList(), cancel)));

    private static async Task<Ok<DeviceView>> FindAsync([FromRoute(Name = "device_id")] string deviceId, Caller caller, Dispatcher dispatcher, TimeProvider time, CancellationToken cancel) =>
        TypedResults.Ok(await ViewAsync(Check.FromPath(deviceId), caller, dispatcher, time, cancel));

    private static Task<Ok<DeviceView>> PauseAsync([FromRoute(Name = "device_id")] string deviceId, HttpRequest request, Dispatcher dispatcher, TimeProvider time, CancellationToken cancel) =>
        OrderAsync(deviceId, FleetOrder.Pause, request, dispatcher, time, cancel);

    private static Task<Ok<DeviceView>> ResumeAsync([FromRoute(Name = "device_id")] string deviceId, HttpRequest request, Dispatcher dispatcher, TimeProvider time, CancellationToken cancel) =>
        OrderAsync(deviceId, FleetOrder.Resume, request, dispatcher, time, cancel);

    private static Task<Ok<DeviceView>> ReleaseAsync([FromRoute(Name = "device_id")] string deviceId, HttpRequest request, Dispatcher dispatcher, TimeProvider time, CancellationToken cancel) =>
        OrderAsync(deviceId, FleetOrder.Release, request, dispatcher, time, cancel);

    private static async Task<Ok<DeviceView>> OrderAsync(
        string inPath, FleetOrder order, HttpRequest request, Dispatcher dispatcher, TimeProvider time, CancellationToken cancel)
    {
        var deviceId = Check.FromPath(inPath);
        var note = Check.OptionalText("note", (await JsonBody.ReadOptionalAsync(request, WireOptions.Strict.DeviceOrder, cancel))?.Note, 1024);
        // The view knows every device that the store knows; an id that nobody could have is not taken to the store.
        await ViewAsync(deviceId, Caller.Owner, dispatcher, time, cancel);
        await dispatcher.SendAsync(new OrderDevice(deviceId, order, note, time.GetUtcNow()), cancel);
        return TypedResults.Ok(await ViewAsync(deviceId, Caller.Owner, dispatcher, time, cancel));
    }

    private static async Task<DeviceView> ViewAsync(string deviceId, Caller caller, Dispatcher dispatcher, TimeProvider time, CancellationToken cancel) =>
        await dispatcher.LookAsync(pools => pools.FindDevice(deviceId) is var (pool, device) ? For(caller, device, View(pool, device, time.GetUtcNow())) : null, cancel)
        ?? throw RefusedException.NotFound("device", deviceId);

    /// <summary>Devices are everybody's, but not what other orgs do with them.</summary>
    private static DeviceView For(Caller caller, Device device, DeviceView view) => caller.OrgId is null ? view : view with
    {
        JobId = device.Lease is { } lease && caller.Sees(lease.OrgId) ? view.JobId : null,
        Residents = [.. view.Residents.Where(r => caller.Sees(r.OrgId))],
    };

    public static DeviceView View(PoolView pool, Device device, DateTimeOffset now) => new()
    {
        DeviceId = device.Id,
        AgentId = device.AgentId,
        Target = device.Offer.Target,
        Platform = device.Offer.Platform,
        OsVersion = device.Offer.OsVersion,
        Model = device.Offer.Model,
        Virtual = device.Offer.Virtual,
        Tags = device.Offer.Tags,
        State = Words.Of(DeviceStates.Of(pool, device, now)),
        Note = device.PauseNote ?? (device.IsCooling(now) ? RestNote(device) : StartNote(device)),
        JobId = device.Lease?.JobId,
        Residents = device.Offer.Residents,
        Installs = device.Installs,
        Attempts = device.Attempts,
    };

    private static string? StartNote(Device device) => device is { Online: true, Lease: null, Offer.StartSeconds: { } seconds }
        ? string.Create(CultureInfo.InvariantCulture, $"does not run; starts when there is work, in about {seconds:0} s")
        : null;

    private static string RestNote(Device device) =>
        $"rests until {device.Health.CoolingUntil!.Value.UtcDateTime.ToString("HH:mm:ss", CultureInfo.InvariantCulture)} UTC, after failures in a row";
}
