using Qgjob.Client.Wire;

namespace Qgjob.Client;

/// <summary>Hooks: where an org is told of what happened.</summary>
public sealed partial class QgjobClient
{
    /// <summary>The org's hooks.</summary>
    public async Task<ListOf<HookView>> ListHooksAsync(string orgId, CancellationToken cancel) =>
        (await transport.GetAsync($"{Api}/orgs/{Escape(orgId)}/hooks", Json.ListOfHookView, cancel).ConfigureAwait(false))!;

    /// <summary>Makes a hook, or sets it anew; a new secret is in the answer, and never again.</summary>
    public Task<HookView> SetHookAsync(string orgId, string name, HookSettings settings, CancellationToken cancel) =>
        transport.PutAsync($"{Api}/orgs/{Escape(orgId)}/hooks/{Escape(name)}", settings, Json.HookSettings, Json.HookView, cancel);

    /// <summary>Removes a hook; false when there is none of that name.</summary>
    public Task<bool> RemoveHookAsync(string orgId, string name, CancellationToken cancel) =>
        transport.DeleteAsync($"{Api}/orgs/{Escape(orgId)}/hooks/{Escape(name)}", cancel);

    /// <summary>Sends a ping to a hook, once, and tells how that went.</summary>
    public Task<DeliveryView> TestHookAsync(string orgId, string name, CancellationToken cancel) =>
        transport.PostAsync($"{Api}/orgs/{Escape(orgId)}/hooks/{Escape(name)}/test", new DeviceOrder(), Json.DeviceOrder, Json.DeliveryView, cancel);

    /// <summary>A hook's latest deliveries, newest first, or null.</summary>
    public Task<ListOf<DeliveryView>?> ListDeliveriesAsync(string orgId, string hook, bool bodies, CancellationToken cancel) =>
        transport.GetAsync($"{Api}/orgs/{Escape(orgId)}/hooks/{Escape(hook)}/deliveries{Query(("bodies", bodies ? "true" : null))}", Json.ListOfDeliveryView, cancel, missingIsNull: true);

    /// <summary>What a run's own hook was told, newest first, or null.</summary>
    public Task<ListOf<DeliveryView>?> ListRunDeliveriesAsync(string runId, CancellationToken cancel) =>
        transport.GetAsync($"{Api}/runs/{Escape(runId)}/deliveries", Json.ListOfDeliveryView, cancel, missingIsNull: true);

    /// <summary>Sends a delivery again that is over.</summary>
    public Task<DeliveryView> RedeliverAsync(string orgId, string hook, string deliveryId, CancellationToken cancel) =>
        transport.PostAsync($"{Api}/orgs/{Escape(orgId)}/hooks/{Escape(hook)}/deliveries/{Escape(deliveryId)}/redeliver", new DeviceOrder(), Json.DeviceOrder, Json.DeliveryView, cancel, repeatable: true);
}
