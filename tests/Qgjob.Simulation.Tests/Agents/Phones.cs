using Qgjob.Core.Devices;
using Qgjob.Core.Jobs;
using Qgjob.Core.Storage;
using Qgjob.Simulation.Tests.World;

namespace Qgjob.Simulation.Tests.Agents;

/// <summary>The phones: to which agent each is plugged, what it is, and who drives it. A second driver breaks a promise.</summary>
internal sealed class Phones
{
    private readonly SimWorld world;
    private readonly Dictionary<string, Phone> phones = [];

    public Phones(SimWorld world)
    {
        this.world = world;
        for (var i = 0; i < 2 + world.Random.Next(4); i++)
        {
            var id = $"d{i}";
            // Only some ever move: an operator may release the others while an agent still drives them.
            phones[id] = new Phone { Id = id, Roams = world.Chance(0.5), IsInLab = world.Chance(0.7) };
        }
    }

    public IReadOnlyCollection<Phone> All => phones.Values;

    public IReadOnlyList<string> Of(string agent) => [.. phones.Values.Where(p => p.Agent == agent).Select(p => p.Id)];

    public IReadOnlyList<DeviceOffer> OffersOf(string agent) => [.. phones.Values.Where(p => p.Agent == agent).Select(p => new DeviceOffer(
        p.Id, Target.Device, Platform.Android, "13", "Pixel 7", p.IsInLab ? ["lab"] : [], p.Resident is { } build ? [build] : []))];

    public Phone Find(string id) => phones[id];

    public void BeginDrive(LeaseRef lease, string agent)
    {
        var phone = phones[lease.DeviceId];
        world.History.Note(agent, $"drives {lease.DeviceId} by token {lease.Token}");
        if (phone.Drivers.Count > 0)
            world.Break(Promise.OneDriverPerDevice, $"{agent} drives {phone.Id} by token {lease.Token} while {phone.Drivers[0]} does", phone.Id);
        phone.Drivers.Add((agent, lease.Token));
    }

    public void EndDrive(LeaseRef lease, string agent)
    {
        if (phones[lease.DeviceId].Drivers.Remove((agent, lease.Token))) world.History.Note(agent, $"lets go of {lease.DeviceId}, token {lease.Token}");
    }
}

/// <summary>A phone.</summary>
internal sealed class Phone
{
    public required string Id { get; init; }
    /// <summary>It is plugged in elsewhere now and then.</summary>
    public bool Roams { get; init; }
    public bool IsInLab { get; set; }
    public string? Agent { get; set; }
    public ResidentBuild? Resident { get; set; }
    public List<(string Agent, long Token)> Drivers { get; } = [];
}
