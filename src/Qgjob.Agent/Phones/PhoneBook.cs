using Qgjob.Agent.Devices;
using Qgjob.Core.Devices;
using Qgjob.Core.Jobs;

namespace Qgjob.Agent.Phones;

/// <summary>The phones that are there now, from all adb servers that the agent follows.</summary>
/// <param name="target">Only phones of this kind; Any for all.</param>
internal sealed class PhoneBook(
    string agentName, IReadOnlyList<string> tags, Target target, Residents residents, IAgentConsole console, TimeProvider time)
{
    private static readonly TimeSpan AskAgain = TimeSpan.FromSeconds(3);
    private readonly Lock gate = new();
    private readonly Dictionary<string, Phone> phones = [];
    private readonly HashSet<AdbDevice> complained = [];
    // Second connections of phones that are there already: one takes over when the first one leaves.
    private readonly List<Phone> spare = [];

    /// <summary>Called when a phone came or left.</summary>
    public Action Changed { get; set; } = () => { };

    /// <summary>Called when a phone's connection left; its attempt is being stopped.</summary>
    public Action<AdbDevice> Left { get; set; } = _ => { };

    public IReadOnlyList<Phone> All
    {
        get { lock (gate) return [.. phones.Values.OrderBy(p => p.Id, StringComparer.Ordinal)]; }
    }

    public IReadOnlyList<DeviceOffer> Offers => [.. All.Select(p => p.Offer with { Residents = residents.Noted(p.Id) })];

    public Phone? Find(string id)
    {
        lock (gate) return phones.GetValueOrDefault(id);
    }

    /// <summary>The phone behind a connection is there, whether it is offered by it or not.</summary>
    public bool Has(AdbDevice device)
    {
        lock (gate) return phones.Values.Any(p => p.Adb == device) || spare.Exists(p => p.Adb == device);
    }

    /// <summary>
    /// Asks a phone what it still has, before an attempt: it may have been wiped or changed by hand. What is not there any
    /// more is taken back from the server, too.
    /// </summary>
    public async Task CheckResidentsAsync(Phone phone, CancellationToken cancel)
    {
        try
        {
            await residents.VerifyAsync(phone.Adb, phone.Id, cancel).ConfigureAwait(false);
        }
        catch (AdbException)
        {
            // The attempt itself will find out and say so.
        }
    }

    /// <summary>Follows one adb server's phones until cancelled.</summary>
    /// <param name="name">How a phone is called; null for one that is not ours to drive.</param>
    public async Task FollowAsync(AdbClient adb, Func<AdbListing, PhoneNaming?> name, CancellationToken cancel)
    {
        var asking = new Dictionary<string, CancellationTokenSource>();
        try
        {
            await foreach (var listings in new AdbTracker(adb, time).FollowAsync(cancel).ConfigureAwait(false))
            {
                var online = listings.Where(l => l.IsOnline && name(l) is not null).ToList();
                // A phone in software is offline only for the moment in which it connects.
                foreach (var listing in listings.Where(l => !l.IsOnline && name(l) is { Virtual: false })) Complain(adb, listing);
                foreach (var serial in asking.Keys.Except(online.Select(l => l.Serial)).ToList())
                {
                    await asking[serial].CancelAsync().ConfigureAwait(false);
                    asking.Remove(serial);
                    Remove(adb, serial);
                }

                foreach (var listing in online.Where(l => !asking.ContainsKey(l.Serial)))
                {
                    var stop = CancellationTokenSource.CreateLinkedTokenSource(cancel);
                    asking[listing.Serial] = stop;
                    _ = AddAsync(adb, listing.Serial, name(listing)!, stop.Token);
                }
            }
        }
        finally
        {
            foreach (var (serial, stop) in asking)
            {
                await stop.CancelAsync().ConfigureAwait(false);
                Remove(adb, serial);
            }
        }
    }

    /// <summary>Asks a phone what it is until it answers; a phone that just came up may need a moment.</summary>
    private async Task AddAsync(AdbClient adb, string serial, PhoneNaming naming, CancellationToken cancel)
    {
        var device = new AdbDevice(adb.Port, serial);
        try
        {
            for (var first = true; ; first = false)
            {
                try
                {
                    await OfferAsync(adb, device, naming, cancel).ConfigureAwait(false);
                    return;
                }
                catch (AdbException e)
                {
                    if (first) console.Warn($"{serial} does not answer yet: {e.Message}");
                    await Task.Delay(AskAgain, time, cancel).ConfigureAwait(false);
                }
            }
        }
        catch (OperationCanceledException)
        {
            // It left again.
        }
    }

    private async Task OfferAsync(AdbClient adb, AdbDevice device, PhoneNaming naming, CancellationToken cancel)
    {
        var info = await adb.InfoAsync(device.Serial, cancel).ConfigureAwait(false);
        var kind = info.IsEmulator ? Target.Emulator : Target.Device;
        if (target != Target.Any && kind != target) return;
        var id = naming.Id ?? (info.IsEmulator || info.SerialNumber.Length == 0 ? $"{agentName}/{device.Serial}" : info.SerialNumber);
        await residents.VerifyAsync(device, id, cancel).ConfigureAwait(false);
        var model = naming.Model ?? $"{info.Manufacturer} {info.Model}".Trim();
        var offer = new DeviceOffer(id, kind, Platform.Android, info.Release, model, tags, [], naming.Virtual)
        {
            Manufacturer = info.Manufacturer.Length > 0 ? info.Manufacturer : null,
            ApiLevel = info.Sdk > 0 ? info.Sdk : null,
        };
        Put(new Phone(id, device, info.IsEmulator, offer, cancel));
    }

    /// <summary>A phone is there from now on.</summary>
    internal void Put(Phone phone)
    {
        lock (gate)
        {
            if (phone.Gone.IsCancellationRequested) return;
            if (phones.TryGetValue(phone.Id, out var other))
            {
                // The same phone over a cable and over the network.
                spare.Add(phone);
                console.Warn($"{phone.Adb.Serial} is {phone.Id}, which is there already as {other.Adb.Serial}; it is offered once.");
                return;
            }

            phones[phone.Id] = phone;
            complained.Remove(phone.Adb);
        }

        Changed();
    }

    /// <summary>Its token was cancelled before.</summary>
    private void Remove(AdbClient adb, string serial)
    {
        var device = new AdbDevice(adb.Port, serial);
        adb.Forget(serial);
        Phone? phone;
        lock (gate)
        {
            phone = phones.Values.FirstOrDefault(p => p.Adb == device);
            spare.RemoveAll(p => p.Adb == device);
            if (phone is not null)
            {
                phones.Remove(phone.Id);
                if (spare.Find(p => p.Id == phone.Id && !p.Gone.IsCancellationRequested) is { } other)
                {
                    spare.Remove(other);
                    phones[other.Id] = other;
                }
            }
        }

        Left(device);
        if (phone is not null) Changed();
    }

    private void Complain(AdbClient adb, AdbListing listing)
    {
        var device = new AdbDevice(adb.Port, listing.Serial);
        lock (gate)
        {
            if (!complained.Add(device)) return;
        }

        console.Warn($"{listing.Serial} {listing.Trouble}; it is not offered. {listing.Mend}");
    }
}
