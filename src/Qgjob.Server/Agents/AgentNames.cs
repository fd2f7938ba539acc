using Qgjob.Core.Storage;
using Qgjob.Server.Dispatch;
using Qgjob.Server.Http;

namespace Qgjob.Server.Agents;

/// <summary>
/// Agents name virtual phones and emulators after themselves ("lab/phone-1"). Two agents of one name would take each
/// other's devices in turn; a phone with a serial number of its own may be plugged in elsewhere.
/// </summary>
internal static class AgentNames
{
    /// <exception cref="RefusedException">A device named after its agent is online with another agent.</exception>
    public static async Task RefuseTakenAsync(Register command, Dispatcher dispatcher, IJobStore store, CancellationToken cancel)
    {
        var named = command.Devices.Select(d => d.Id).Where(id => id.Contains('/', StringComparison.Ordinal)).ToList();
        if (named.Count == 0) return;
        var others = (await store.AgentsAsync(cancel)).Where(a => a.Online && a.Id != command.AgentId).ToDictionary(a => a.Id);
        if (others.Count == 0) return;
        var taken = await dispatcher.LookAsync(
            pools => named.Select(id => pools.FindDevice(id)?.Device).FirstOrDefault(d => d is { Online: true } && others.ContainsKey(d.AgentId)), cancel);
        if (taken is null) return;
        throw RefusedException.Conflict(
            $"Device {taken.Id} belongs to another agent named '{others[taken.AgentId].Name}' ({taken.AgentId}), which is online. Give this agent another name (qgjob agent --name), or stop the other one.");
    }
}
