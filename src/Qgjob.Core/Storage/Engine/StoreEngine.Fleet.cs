using Qgjob.Core.Devices;

namespace Qgjob.Core.Storage.Engine;

/// <summary>Agents and their devices.</summary>
public sealed partial class StoreEngine
{
    private RegisterAnswer Apply(Register command)
    {
        if (TakenBy(command) is { } taken) return new RegisterAnswer(0, taken);
        var known = rows.FindAgent(command.AgentId);
        var lost = 0;
        if (known is not null && known.BootId != command.BootId)
            // A device that came from another agent may still be driven by that one: its lease is not ours to end.
            foreach (var device in rows.DevicesOf(command.AgentId).Where(d =>
                d.Lease is { } lease && rows.FindAttempt(lease.JobId, lease.Attempt)!.AgentId == command.AgentId))
            {
                EndAttempt(device, Lost($"Agent {known.Name} was started anew while it ran this."), null, command.Now);
                lost++;
            }
        rows.Save(new Agent
        {
            Id = command.AgentId,
            BootId = command.BootId,
            Name = command.Name,
            Version = command.Version,
            Pool = command.Pool,
            LastSeen = command.Now,
            Online = true,
            Draining = known?.Draining ?? false,
        });
        foreach (var offer in command.Devices) PutOnline(command, offer);
        var offered = command.Devices.Select(d => d.Id).ToHashSet();
        foreach (var device in rows.DevicesOf(command.AgentId).Where(d => !offered.Contains(d.Id))) TakeOffline(device, command.Now);
        return new RegisterAnswer(lost);
    }

    private TakenName? TakenBy(Register command)
    {
        foreach (var offer in command.Devices)
            if (offer.Id.Contains('/', StringComparison.Ordinal)
                && rows.FindDevice(offer.Id) is { Online: true } device && device.AgentId != command.AgentId
                && rows.FindAgent(device.AgentId) is { Online: true } other)
                return new TakenName(device.Id, other.Id, other.Name);
        return null;
    }

    private void PutOnline(Register command, DeviceOffer offer)
    {
        var known = rows.FindDevice(offer.Id);
        var device = (known ?? new Device { Offer = offer, Pool = command.Pool, AgentId = command.AgentId }) with
        {
            Offer = offer,
            Pool = command.Pool,
            AgentId = command.AgentId,
            Online = true,
            OfflineSince = null,
        };
        if (known is null || !SameForClaims(known, device))
            rows.Save(device with { Version = device.Version + 1, Revision = rows.NextRevision() });
    }

    private static bool SameForClaims(Device a, Device b) =>
        a.Online == b.Online && a.Pool == b.Pool && a.AgentId == b.AgentId
        && a.Offer with { Tags = [], Residents = [], Models = null } == b.Offer with { Tags = [], Residents = [], Models = null }
        && a.Offer.Tags.SequenceEqual(b.Offer.Tags) && a.Offer.Residents.SequenceEqual(b.Offer.Residents)
        && (a.Offer.Models ?? []).SequenceEqual(b.Offer.Models ?? []);

    private void TakeOffline(Device device, DateTimeOffset now)
    {
        if (device.Online)
            rows.Save(device with { Online = false, OfflineSince = now, Version = device.Version + 1, Revision = rows.NextRevision() });
    }

    private TouchAnswer Apply(Touch command)
    {
        if (rows.FindAgent(command.AgentId) is not { Online: true } agent || agent.BootId != command.BootId) return new TouchAnswer(false);
        rows.Save(agent with { LastSeen = command.Now });
        return new TouchAnswer(true);
    }

    private OrderAnswer Apply(OrderDevice command)
    {
        if (rows.FindDevice(command.DeviceId) is not { } device) return new OrderAnswer(false);
        if (command.Order is FleetOrder.Release)
        {
            if (device.Lease is not null) EndAttempt(device, Lost(command.Note ?? "An operator released the device."), null, command.Now);
            return new OrderAnswer(true);
        }
        var pause = command.Order is FleetOrder.Pause;
        rows.Save(device with
        {
            Paused = pause,
            PauseNote = pause ? command.Note : null,
            // Whoever resumes a device says that it is well again.
            Health = pause ? device.Health : DeviceHealth.Good,
            Version = device.Version + 1,
            Revision = rows.NextRevision(),
        });
        return new OrderAnswer(true);
    }

    private OrderAnswer Apply(DrainAgent command)
    {
        if (rows.FindAgent(command.AgentId) is not { } agent) return new OrderAnswer(false);
        rows.Save(agent with { Draining = command.Drain });
        return new OrderAnswer(true);
    }

    private TakeTermAnswer Apply(TakeTerm command)
    {
        var term = rows.FindTerm(command.Name);
        if (term is not null && term.Holder != command.Holder && term.Until > command.Now) return new TakeTermAnswer(term);
        term = new Term(command.Name, command.Holder, command.Now + command.Length);
        rows.Save(term);
        return new TakeTermAnswer(term);
    }
}
